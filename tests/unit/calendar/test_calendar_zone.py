"""Instants and wall clocks, held against a clock that is watched minute by minute."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.calendar.zone import (
    FIRST_ZONE_MS,
    LAST_ZONE_MS,
    change_ms,
    instant_ms,
    instants,
    is_zone,
    offset_ms,
    wall_ms,
    zone,
)
from tests.unit.calendar.watched import CHANGES, DAY_MS, EPOCH, HOUR_MS, MINUTE_MS, at, shown

LAST_MS = 253_402_300_799_999
ODD = ["Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Chatham", "Africa/Casablanca", "Europe/Dublin"]
ZONES = sorted({name for name, _ in CHANGES} | set(ODD))


def watched(name, begin_ms, minutes):
    """Every minute, and what a clock of the zone shows then, as Python itself converts it."""
    for now_ms in range(begin_ms, begin_ms + minutes * MINUTE_MS, MINUTE_MS):
        yield now_ms, (shown(now_ms, name).replace(tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)


@pytest.mark.parametrize(
    "name", ["Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+12", "Asia/Calcutta"]
)
def test_an_iana_name_is_a_zone(name):
    assert is_zone(name)
    assert zone(name) is zone(name)
    assert zone(name).key == name


@pytest.mark.parametrize(
    "name",
    [
        None,
        0,
        b"UTC",
        [],
        {},
        object(),
        "",
        " ",
        "Europe",
        "Europe/",
        "europe/berlin",
        "Europe/Berlin ",
        "Europe/Berlin\0",
        "../Europe/Berlin",
        "Europe/../Europe/Berlin",
        "/usr/share/zoneinfo/UTC",
        "posix/Europe/Berlin",
        "right/Europe/Berlin",
        "posixrules",
        "localtime",
        "Factory",
        "tzdata.zi",
        "zone.tab",
        "+02:00",
        "Mars/Olympus",
        pytest.param("é" * 5000, id="long"),
        "\ud800",
    ],
)
def test_anything_else_is_not_a_zone(name):
    assert is_zone(name) is False


def test_an_unknown_zone_is_refused_wherever_it_is_used():
    for use in (zone, lambda name: instant_ms(0, name), lambda name: wall_ms(0, name)):
        with pytest.raises(ValueError, match="IANA name"):
            use("../../etc/passwd")


@given(st.one_of(st.text(), st.integers(), st.binary(), st.lists(st.text())))
def test_is_zone_never_raises(name):
    assert is_zone(name) in (True, False)


@pytest.mark.parametrize(
    ("name", "wall", "instant"),
    [
        ("UTC", "2026-03-29T02:30", "2026-03-29T02:30Z"),
        ("Europe/Berlin", "2026-03-29T01:59", "2026-03-29T00:59Z"),
        ("Europe/Berlin", "2026-03-29T02:00", "2026-03-29T01:00Z"),
        ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:00Z"),
        ("Europe/Berlin", "2026-03-29T03:00", "2026-03-29T01:00Z"),
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30Z"),
        ("Europe/Berlin", "2026-10-25T03:00", "2026-10-25T02:00Z"),
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T07:00Z"),
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30Z"),
        ("Asia/Kathmandu", "2026-01-01T00:00", "2025-12-31T18:15Z"),
        ("Pacific/Kiritimati", "2026-01-01T00:00", "2025-12-31T10:00Z"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30Z"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45Z"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00Z"),
        ("Pacific/Apia", "2011-12-31T00:00", "2011-12-30T10:00Z"),
    ],
)
def test_a_wall_clock_time_has_an_instant(name, wall, instant):
    assert instant_ms(at(wall), name) == at(instant)


def test_a_time_shown_twice_has_two_instants_and_a_skipped_one_none():
    assert instants(at("2026-10-25T02:30"), "Europe/Berlin") == (at("2026-10-25T00:30Z"), at("2026-10-25T01:30Z"))
    assert instants(at("2026-03-29T02:30"), "Europe/Berlin") == ()
    assert instants(at("2026-03-29T03:30"), "Europe/Berlin") == (at("2026-03-29T01:30Z"),)


@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_a_change_of_the_clocks_is_found_to_the_millisecond(name, change):
    changed_ms = at(change)
    assert change_ms(changed_ms - 7 * HOUR_MS - 1, changed_ms + 5 * HOUR_MS, name) == changed_ms
    assert change_ms(changed_ms - 1, changed_ms, name) == changed_ms
    assert change_ms(changed_ms, changed_ms + DAY_MS, name) is None
    assert change_ms(changed_ms - DAY_MS, changed_ms - 1, name) is None


@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_every_minute_around_a_change_is_the_first_at_which_clocks_have_come_so_far(name, change):
    begin_ms = at(change) - 2 * DAY_MS
    first = {}
    for now_ms, shown_ms in watched(name, begin_ms, 4 * 24 * 60):
        assert wall_ms(now_ms, name) == shown_ms
        assert now_ms in instants(shown_ms, name)
        first.setdefault(shown_ms, now_ms)
    after_ms = begin_ms + 4 * DAY_MS
    for wall in range(max(first), min(first) - 1, -MINUTE_MS):
        after_ms = first.get(wall, after_ms)
        assert instant_ms(wall, name) == after_ms


@given(st.integers(0, LAST_MS), st.sampled_from(ZONES))
def test_clocks_show_at_an_instant_what_they_were_asked_for_unless_they_skip_it(wall, name):
    now_ms = instant_ms(wall, name)
    shown_ms = wall_ms(now_ms, name)
    assert shown_ms >= wall
    assert shown_ms == wall or instants(wall, name) == ()


@given(st.sampled_from(CHANGES), st.integers(-2 * DAY_MS, 2 * DAY_MS), st.integers(0, 2 * DAY_MS))
def test_an_instant_never_falls_as_its_wall_clock_rises(change, begin_ms, more_ms):
    name, changed = change
    wall = at(changed) + offset_ms(at(changed), name) + begin_ms
    assert instant_ms(wall, name) <= instant_ms(wall + more_ms, name)


@given(st.one_of(st.integers(), st.sampled_from([0, LAST_MS])), st.sampled_from(ZONES))
def test_no_number_is_too_far_for_a_zone(wall, name):
    assert abs(instant_ms(wall, name) - wall) <= DAY_MS
    assert abs(wall_ms(wall, name) - wall) <= DAY_MS


def test_no_zone_of_the_future_is_before_the_first_or_after_the_last():
    now_ms = at("2026-07-01T00:00Z")
    offsets = [offset_ms(now_ms, name) for name in [*ZONES, "Etc/GMT+12", "Etc/GMT-14"]]
    assert max(offsets) == FIRST_ZONE_MS
    assert min(offsets) == -LAST_ZONE_MS
