"""Instants as callers write them: datetimes, epoch milliseconds and ISO 8601."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TypeGuard

from clarion.calendar.zone import instant_ms

#: What a caller is told to write.
EXPECTED = "epoch milliseconds, or ISO 8601 with an offset or a timeZone"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
#: 9999-12-31T23:59:59.999Z.
_LAST_MS = 253_402_300_799_999
#: Enough for nanoseconds and an offset with seconds.
_LONGEST = 45
#: A date of the extended form, or one of the basic form when a time follows: digits alone might be milliseconds.
_DATE = re.compile(r"(\d{4}-\d\d-\d\d|\d{8}(?=T))([T ].+)?", re.ASCII)


def parse_instant(value: object, *, zone: str | None, local: bool) -> int | None:
    """The epoch milliseconds that `value` means, or with `local` the wall clock's time, written as if it were UTC.

    Args:
        value: a datetime, epoch milliseconds, or ISO 8601 (a date alone is its midnight); None and 0 are no instant.
        zone: IANA name of the zone of values without an offset.
        local: what `value` shows is meant, whatever its offset; numbers are read as if they were UTC.

    Raises:
        ValueError: it is none of these, or before 1970 or after 9999, or has no offset where one is needed.
    """
    if value is None or (_is_number(value) and value == 0):
        return None
    ms = _parse(value, zone, local)
    if not 0 <= ms <= _LAST_MS:
        raise ValueError(f"{EXPECTED}, from the year 1970 to 9999")
    return ms


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _parse(value: object, zone: str | None, local: bool) -> int:  # noqa: FBT001 - the caller's own
    if isinstance(value, datetime):
        return _of_datetime(value, zone, local)
    if isinstance(value, str):
        return _of_datetime(_of_text(value), zone, local)
    if _is_number(value) and 0 <= value <= _LAST_MS:
        return int(value)
    raise ValueError(EXPECTED)


def _of_text(text: str) -> datetime:
    if len(text) > _LONGEST or not _DATE.fullmatch(text.upper()):
        raise ValueError(EXPECTED)
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError(EXPECTED) from None


def _of_datetime(moment: datetime, zone: str | None, local: bool) -> int:  # noqa: FBT001 - the caller's own
    aware = moment.utcoffset() is not None
    if aware and not local:
        return (moment - _EPOCH) // _MS
    wall = (moment.replace(tzinfo=UTC) - _EPOCH) // _MS
    if local:
        return wall
    if zone is None:
        raise ValueError(EXPECTED)
    return instant_ms(wall, zone)
