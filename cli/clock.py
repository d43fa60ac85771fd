"""Instants and stretches of time as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from clarion.calendar.zone import zone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS_S = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def instant(ms: int, name: str | None = None) -> str:
    """`2026-08-03 09:00:00+02:00`: the instant (epoch ms) in a zone, or in that of whoever reads it."""
    return _at(ms).astimezone(None if name is None else zone(name)).isoformat(" ", "seconds")


def wall(ms: int) -> str:
    """`2026-08-03 09:00:00`: what each device's own clock shows, from milliseconds as if it were UTC."""
    return _at(ms).replace(tzinfo=None).isoformat(" ", "seconds")


def weekday(text: str) -> str:
    """`Mon 2026-08-03 …` from either."""
    return f"{datetime.fromisoformat(text):%a} {text}"


def span(ms: int) -> str:
    """About so long: `119 s`, `2 min`, `47 h`, `2 d`."""
    seconds = ms // 1000
    unit, length = next((each for each in _UNITS_S if seconds >= 2 * each[1]), _UNITS_S[-1])
    return f"{seconds // length} {unit}"


def length(ms: int) -> str:
    """Exactly so long: `90 s`, `15 min`, `1 d`."""
    seconds = ms // 1000
    unit, unit_s = next(each for each in _UNITS_S if seconds % each[1] == 0)
    return f"{seconds // unit_s} {unit}"


def _at(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)
