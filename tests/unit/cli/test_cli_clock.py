from __future__ import annotations

import time

import pytest

from cli import clock

#: 2026-07-01T12:00:00Z.
NOON_MS = 1_782_907_200_000


@pytest.fixture
def in_tokyo(monkeypatch):
    """The zone of whoever reads."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_an_instant_is_shown_in_a_zone_or_in_that_of_whoever_reads_it(in_tokyo):
    assert clock.instant(NOON_MS, "Europe/Berlin") == "2026-07-01 14:00:00+02:00"
    assert clock.instant(NOON_MS) == "2026-07-01 21:00:00+09:00"


def test_what_each_clock_shows_has_no_offset(in_tokyo):
    assert clock.wall(NOON_MS + 999) == "2026-07-01 12:00:00"


def test_the_day_of_the_week_goes_before_it():
    assert clock.weekday("2026-07-01 14:00:00+02:00") == "Wed 2026-07-01 14:00:00+02:00"


@pytest.mark.parametrize(
    ("seconds", "about", "exactly"),
    [
        (1, "1 s", "1 s"),
        (90, "90 s", "90 s"),
        (120, "2 min", "2 min"),
        (3_600, "60 min", "1 h"),
        (9_000, "2 h", "150 min"),
        (86_400, "24 h", "1 d"),
        (200_000, "2 d", "200000 s"),
    ],
)
def test_a_stretch_of_time_is_told_about_or_exactly(seconds, about, exactly):
    assert (clock.span(seconds * 1000 + 999), clock.length(seconds * 1000)) == (about, exactly)
