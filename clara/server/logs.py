"""The log: one JSON object a line on standard error, of named fields, and no question or answer unless switched on."""

from __future__ import annotations

import json
import logging
import sys
import time
import warnings
from typing import Any, TextIO

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
    warnings.showwarning = _warned
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
        "calls": exchange.calls,
        "method": [answer.method for answer in answers],
        "language": [answer.language for answer in answers],
        "abstained": [answer.abstained for answer in answers],
    }
    if content:
        fields |= exchange.content | {"answers": [reply.text for reply in exchange.replies]}
    fields = {name: value for name, value in fields.items() if value not in (None, [])}
    broke_off = exchange.status == 200 and exchange.error is not None  # a stream that failed after it had begun
    level = logging.ERROR if exchange.status >= 500 or broke_off else logging.INFO
    if exchange.route in _WATCHED and exchange.status < 400:  # asked every few seconds, by those who run it
        level = logging.DEBUG
    logger.log(level, "request", extra={"fields": fields})


def _warned(
    message: Warning | str, category: type[Warning], filename: str, lineno: int,
    file: TextIO | None = None, line: str | None = None,
) -> None:  # fmt: skip
    """Log where a package warns, without its words: they may hold what was asked."""
    fields = {"cause": category.__name__, "place": f"{filename.rpartition('/')[2]}:{lineno}"}
    logger.warning("a package warns", extra={"fields": fields})


def _without_content(record: logging.LogRecord) -> list[str]:
    """Return where an exception came from, without its message or any value: they may hold what was asked."""
    kind, _, traceback = record.exc_info  # type: ignore[misc]
    lines = [kind.__name__ if kind else "exception"]
    while traceback is not None:
        code = traceback.tb_frame.f_code
        lines.append(f"{code.co_filename.rpartition('/')[2]}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return lines
