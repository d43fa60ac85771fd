"""Quiet hours: a part of the day, by a device's own clock, in which nothing is sent."""

from __future__ import annotations

import re

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
    at_ms = now_ms
    while (left_ms := _left_ms(hours, wall_ms(at_ms, zone_name))) > 0:
        change = change_ms(at_ms, at_ms + left_ms, zone_name)
        at_ms = at_ms + left_ms if change is None else change
    return None if at_ms == now_ms else at_ms


def _left_ms(hours: QuietHours, wall_ms: int) -> int:
    """How long a clock that shows `wall_ms` runs until quiet hours end; 0 when they are not on."""
    begin_ms, end_ms = hours.begin * _MINUTE_MS, hours.end * _MINUTE_MS
    quiet_ms = (end_ms - begin_ms) % _DAY_MS
    return max(0, quiet_ms - (wall_ms - begin_ms) % _DAY_MS)
