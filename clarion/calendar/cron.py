"""Cron: when an expression of five fields is due by the clocks of a zone.

croniter finds the wall clock's times; what becomes of them when clocks are changed is decided here.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from croniter import croniter

from clarion.calendar.zone import instant_ms, instants, wall_ms

#: What a caller is told to write.
EXPECTED = "five fields of cron, or @hourly, @daily, @weekly, @monthly or @yearly"

_LONGEST = 100
_FIELDS = 5
_HOUR = 1
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock's
_MS = timedelta(milliseconds=1)
#: croniter's `H` and `R` stand for arbitrary values, other ones in every process.
_FIELD = re.compile(r"(?![HhRr])[0-9A-Za-z*,/#?-]+")
_ALIAS = re.compile(r"@[A-Za-z]+")


def check_cron(text: object) -> None:
    """Check that `text` is an expression that is due some time; ValueError, with a sentence, when it is not."""
    if not isinstance(text, str) or len(text) > _LONGEST or not _is_cron(text):
        raise ValueError(EXPECTED)
    try:
        found = next(_walls(croniter(text), 0), None)
    except Exception as error:  # croniter documents no full list of what it raises
        raise ValueError(EXPECTED) from error
    if found is None:
        raise ValueError("fields of cron that some date meets")


def next_ms(expression: str, zone: str, after_ms: int) -> int | None:
    """The first instant after `after_ms` at which `expression` is due; None when there is none any more.

    A time that the clocks skip is due at the first instant after the gap, but every hour's is left out, for the next
    hour comes at once. A time that they show twice is due the first time, but both times when the hour field starts
    with `*`.

    Args:
        expression: what `check_cron` accepts; ValueError else.
        zone: IANA name; ValueError when there is none.
        after_ms: epoch milliseconds.
    """
    # croniter keeps its place in itself: every search has its own.
    cron = copy.copy(_parsed(expression))
    wall = wall_ms(after_ms, zone)
    found = [_first_after(cron, wall, zone, after_ms)]
    shown = instants(wall, zone)
    if _repeats(cron) and len(shown) > 1 and shown[0] == after_ms:
        # Clocks are about to be set back to before this.
        found.append(_first_after(cron, wall - (shown[-1] - after_ms), zone, after_ms))
    return min((at_ms for at_ms in found if at_ms is not None), default=None)


def _is_cron(text: str) -> bool:
    if _ALIAS.fullmatch(text):
        return True
    fields = re.split(r"[ \t]+", text.strip(" \t"))
    return len(fields) == _FIELDS and all(_FIELD.fullmatch(field) for field in fields)


@lru_cache(maxsize=1024)
def _parsed(expression: str) -> croniter:
    """The expression, parsed; that takes several times as long as finding a date."""
    return croniter(expression)


def _repeats(cron: croniter) -> bool:
    """Whether it is due both times when clocks show a time twice."""
    return bool(cron.expressions[_HOUR].startswith("*"))


def _first_after(cron: croniter, wall: int, zone: str, after_ms: int) -> int | None:
    """The first instant after `after_ms` among those of the times after `wall`."""
    for due in _walls(cron, wall):
        for at_ms in _due(cron, due, zone):
            if at_ms > after_ms:
                return at_ms
    return None


def _due(cron: croniter, wall: int, zone: str) -> tuple[int, ...]:
    """The instants at which a matching wall clock's time is due."""
    shown = instants(wall, zone)
    if not shown:
        return () if cron.expanded[_HOUR] == ["*"] else (instant_ms(wall, zone),)
    return shown if _repeats(cron) else shown[:1]


def _walls(cron: croniter, wall: int) -> Iterator[int]:
    """The wall clock's times after `wall` that the expression matches."""
    try:
        cron.set_current(_EPOCH + timedelta(milliseconds=wall))
        while True:
            yield (cron.get_next(datetime) - _EPOCH) // _MS
    except (ValueError, OverflowError):
        return
