"""The Retry-After header: RFC 9110 section 10.2.3."""

from __future__ import annotations

import email.utils
from datetime import UTC, datetime

RETRY_AFTER_MAX_S = 6 * 3600.0  # what libcurl caps it at


def read_retry_after(value: str, now: datetime) -> float | None:
    """Seconds to wait according to a Retry-After header, at most six hours; None when it says nothing usable.

    Args:
        value: seconds, or a date.
        now: an aware instant, which a date is compared with.
    """
    if value.isascii() and value.isdigit():
        seconds = float(value)
    else:
        try:
            then = email.utils.parsedate_to_datetime(value)
        except (ValueError, TypeError):
            return None
        seconds = ((then if then.tzinfo else then.replace(tzinfo=UTC)) - now).total_seconds()
    return min(seconds, RETRY_AFTER_MAX_S) if seconds > 0 else None
