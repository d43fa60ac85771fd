"""Quiet hours: a part of the day, by a device's own clock, in which nothing is sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import msgspec

from clarion.calendar.zone import change_ms, wall_ms

_MINUTE_MS = 60_000
_DAY_MS = 24 * 60 * _MINUTE_MS
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


class QuietHours(msgspec.Struct, frozen=True, array_like=True):
    """From one minute of the day to another, which may be the next day's; no time at all when both are the same.

    Attributes:
        begin: minutes since midnight, 0 to 1439; the first that is quiet.
        end: minutes since midnight; the first that is not quiet any more.
    """

    begin: int
    end: int


def parse_hours(text: object) -> QuietHours:
    """What `22:00-08:00` means, or `none`: no time at all; ValueError, saying what was expected, for anything else."""
    if text == "none":
        return QuietHours(0, 0)
    found = _HOURS.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError("two times of the day such as 22:00-08:00, or none")
    begin_hour, begin_minute, end_hour, end_minute = map(int, found.groups())
    return QuietHours(begin_hour * 60 + begin_minute, end_hour * 60 + end_minute)


def quiet_until(hours: QuietHours, zone_name: str, now_ms: int) -> int | None:
    """The first instant after `now_ms` that is not quiet by the clocks of a zone; None when `now_ms` itself is not.

    Clocks that are set forward or back may enter or leave the quiet hours at that instant. ValueError for no zone.
    """
    at_ms = _first(partial(_left_ms, hours), zone_name, now_ms)
    return None if at_ms == now_ms else at_ms


def quiet_from(hours: QuietHours, zone_name: str, at_ms: int) -> int | None:
    """The first instant from `at_ms` on that is quiet by the clocks of a zone: `at_ms` itself when it is.

    Args:
        hours: the quiet hours; None is returned when they are no time at all.
        zone_name: IANA name; ValueError when there is none.
        at_ms: epoch milliseconds.
    """
    return None if hours.begin == hours.end else _first(partial(_ahead_ms, hours), zone_name, at_ms)


def _first(wait_ms: Callable[[int], int], zone_name: str, at_ms: int) -> int:
    """The first instant from `at_ms` on at which a zone's clocks show what there is no wait for.

    A wait is under a day, for a clock that nobody sets; when somebody does, it is asked for again.
    """
    while (ahead_ms := wait_ms(wall_ms(at_ms, zone_name))) > 0:
        change = change_ms(at_ms, at_ms + ahead_ms, zone_name)
        at_ms = at_ms + ahead_ms if change is None else change
    return at_ms


def _left_ms(hours: QuietHours, wall_ms: int) -> int:
    """How long a clock that shows `wall_ms` runs until quiet hours end; 0 when they are not on."""
    begin_ms, end_ms = hours.begin * _MINUTE_MS, hours.end * _MINUTE_MS
    quiet_ms = (end_ms - begin_ms) % _DAY_MS
    return max(0, quiet_ms - (wall_ms - begin_ms) % _DAY_MS)


def _ahead_ms(hours: QuietHours, wall_ms: int) -> int:
    """How long a clock that shows `wall_ms` runs until quiet hours begin; 0 when they are on."""
    return 0 if _left_ms(hours, wall_ms) > 0 else (hours.begin * _MINUTE_MS - wall_ms) % _DAY_MS
