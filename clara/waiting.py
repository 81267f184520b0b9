"""How long a server asks to be left alone."""

from __future__ import annotations

import datetime as dt
import email.utils
import re
from collections.abc import Mapping

_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def retry_after_s(headers: Mapping[str, str], *, now: dt.datetime | None = None) -> float | None:
    """Return the seconds that Retry-After (RFC 9110: seconds or a date) or retry-after-ms asks to wait; None without
    a readable one."""
    milliseconds, value = headers.get("retry-after-ms"), (headers.get("retry-after") or "").strip()
    if milliseconds and (seconds := _number(milliseconds)) is not None:
        return seconds / 1000
    if (seconds := _number(value)) is not None:
        return seconds
    try:
        when = email.utils.parsedate_to_datetime(value)
        return max(0.0, (when - (now or dt.datetime.now(dt.UTC))).total_seconds())
    except (TypeError, ValueError):
        return None


def _number(text: str) -> float | None:
    return float(text) if _SECONDS.fullmatch(text.strip()) else None
