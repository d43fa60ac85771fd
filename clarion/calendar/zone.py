"""Zones: between instants and what the clocks of a zone show then.

A wall clock's time is written as if it were UTC: epoch milliseconds, `wall_ms`. Arithmetic is on these integers only,
because Python subtracts and compares datetimes of one zone by their wall clocks.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

#: Clocks of the first zone, UTC+14, show a time this long before those of UTC do.
FIRST_ZONE_MS = 14 * 3_600_000
#: Clocks of the last zone, UTC-12, show it this long after.
LAST_ZONE_MS = 12 * 3_600_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WALL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock's
_MS = timedelta(milliseconds=1)
#: Ends of what datetimes can hold, with two days for any offset.
_LOW_MS = (datetime(1, 1, 3, tzinfo=UTC) - _EPOCH) // _MS
_HIGH_MS = (datetime(9999, 12, 29, tzinfo=UTC) - _EPOCH) // _MS
#: Found among the names, but of this machine, or of none.
_NOT_ZONES = frozenset({"localtime", "posixrules", "Factory"})


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones()) - _NOT_ZONES


def is_zone(name: object) -> bool:
    """Whether `name` (anything) is the IANA name of a zone this machine knows, in its exact spelling; never raises."""
    return isinstance(name, str) and name in _names()


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of that IANA name; ValueError when there is none."""
    if not is_zone(name):
        raise ValueError("the IANA name of a time zone")
    return ZoneInfo(name)


def offset_ms(at_ms: int, name: str) -> int:
    """How far the zone's clocks are ahead of UTC at the instant `at_ms`, milliseconds; ValueError for no zone."""
    instant = _EPOCH + timedelta(milliseconds=_held(at_ms))
    return _milliseconds(instant.astimezone(zone(name)))


def wall_ms(at_ms: int, name: str) -> int:
    """What the zone's clocks show at the instant `at_ms`; ValueError for no zone."""
    return at_ms + offset_ms(at_ms, name)


def change_ms(begin_ms: int, end_ms: int, name: str) -> int | None:
    """The instant in (`begin_ms`, `end_ms`] at which the zone's offset ceases to be that of `begin_ms`.

    None when both ends have the same offset. They must be within days: no zone has ever changed its clocks twice in
    less than three.
    """
    before = offset_ms(begin_ms, name)
    if offset_ms(end_ms, name) == before:
        return None
    while end_ms - begin_ms > 1:
        middle_ms = (begin_ms + end_ms) // 2
        if offset_ms(middle_ms, name) == before:
            begin_ms = middle_ms
        else:
            end_ms = middle_ms
    return end_ms


def instants(wall_ms: int, name: str) -> tuple[int, ...]:
    """When the zone's clocks show `wall_ms`, in order: once, twice when they are set back, never when set forward."""
    readings = _readings(wall_ms, name)
    if readings[0] == readings[1]:
        return readings[:1]
    return tuple(at_ms for at_ms in sorted(readings) if at_ms + offset_ms(at_ms, name) == wall_ms)


def instant_ms(wall_ms: int, name: str) -> int:
    """The instant at which the zone's clocks show `wall_ms`.

    When they show it twice it is the first time; when they skip it, the first instant after the gap. It never falls
    as `wall_ms` rises. ValueError for no zone.
    """
    shown = instants(wall_ms, name)
    if shown:
        return shown[0]
    late_ms, early_ms = _readings(wall_ms, name)
    change = change_ms(early_ms, late_ms, name)
    return late_ms if change is None else change


def _readings(wall_ms: int, name: str) -> tuple[int, int]:
    """The instants of `wall_ms` by the offset before a change of the clocks, and by the one after it."""
    wall = (_WALL_EPOCH + timedelta(milliseconds=_held(wall_ms))).replace(tzinfo=zone(name))
    return wall_ms - _milliseconds(wall), wall_ms - _milliseconds(wall.replace(fold=1))


def _milliseconds(aware: datetime) -> int:
    """The offset of an aware datetime."""
    offset = aware.utcoffset()
    assert offset is not None
    return offset // _MS


def _held(ms: int) -> int:
    """`ms`, or the nearest that a datetime can hold."""
    return min(max(ms, _LOW_MS), _HIGH_MS)
