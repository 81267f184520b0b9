"""The log: one JSON object a line on standard error, of named fields, and no question or answer unless switched on."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any

from clara.server.exchange import Exchange

logger = logging.getLogger("clara.server")


_WATCHED = frozenset({"/healthz", "/readyz", "/metrics"})


class JsonLines(logging.Formatter):
    """Writes a record as JSON. Only what is in `fields` of a record of ours goes out beside its message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        line: dict[str, Any] = {"at": at, "level": record.levelname.lower(), "message": record.getMessage()}
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = _without_content(record)
        return json.dumps(line, ensure_ascii=False)


def set_up_logs() -> None:
    """Send every log of the process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for chatty in ("httpx2", "httpcore2", "httpx", "openai", "chromadb", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def log_exchange(exchange: Exchange, *, content: bool) -> None:
    """Log a request that has ended. content: with what was asked and answered."""
    answers = [reply.answer for reply in exchange.replies if reply.answer]
    fields: dict[str, Any] = {
        "request_id": exchange.request_id,
        "route": exchange.route,
        "http_method": exchange.method,
        "status": exchange.status,
        "seconds": round(exchange.seconds, 4),
        "key": exchange.key,
        "model": exchange.model,
        "streamed": exchange.streamed,
        "error": exchange.error,
        "cause": exchange.cause,
        "disconnected": exchange.disconnected or None,
        "prompt_tokens": exchange.prompt_tokens,
        "completion_tokens": exchange.completion_tokens,
        "cost": exchange.cost,
        "calls": sum(reply.usage.calls for reply in exchange.replies),
        "method": [answer.method for answer in answers],
        "language": [answer.language for answer in answers],
        "abstained": [answer.abstained for answer in answers],
    }
    if content:
        fields |= exchange.content | {"answers": [reply.text for reply in exchange.replies]}
    fields = {name: value for name, value in fields.items() if value not in (None, [])}
    level = logging.ERROR if exchange.status >= 500 else logging.INFO
    if exchange.route in _WATCHED and exchange.status < 400:  # asked every few seconds, by those who run it
        level = logging.DEBUG
    logger.log(level, "request", extra={"fields": fields})


def _without_content(record: logging.LogRecord) -> list[str]:
    """Return where an exception came from, without its message or any value: they may hold what was asked."""
    kind, _, traceback = record.exc_info  # type: ignore[misc]
    lines = [kind.__name__ if kind else "exception"]
    while traceback is not None:
        code = traceback.tb_frame.f_code
        lines.append(f"{code.co_filename.rpartition('/')[2]}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return lines
