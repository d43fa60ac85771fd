"""Quiet hours, held against a clock that is watched minute by minute."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarion.calendar.hours import QuietHours, parse_hours, quiet_from, quiet_until
from tests.unit.calendar.watched import CHANGES, DAY_MS, MINUTE_MS, at, shown

NIGHT = QuietHours(22 * 60, 8 * 60)
PLACES = [*CHANGES, ("Asia/Kathmandu", "2026-03-29T01:00Z"), ("Pacific/Kiritimati", "2026-03-29T01:00Z")]


def is_quiet(hours, name, now_ms):
    """By the minute of the day that a clock shows."""
    clock = shown(now_ms, name)
    minute = clock.hour * 60 + clock.minute
    if hours.begin <= hours.end:
        return hours.begin <= minute < hours.end
    return minute >= hours.begin or minute < hours.end


def first_not_quiet(hours, name, now_ms):
    """The first instant from `now_ms` on that is not quiet, by looking at each minute."""
    while is_quiet(hours, name, now_ms):
        now_ms += MINUTE_MS - now_ms % MINUTE_MS
    return now_ms


def first_quiet(hours, name, at_ms):
    """The first instant from `at_ms` on that is quiet, by looking at each minute."""
    while not is_quiet(hours, name, at_ms):
        at_ms += MINUTE_MS - at_ms % MINUTE_MS
    return at_ms


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("22:00-08:00", (1320, 480)),
        ("00:00-23:59", (0, 1439)),
        ("12:30-13:45", (750, 825)),
        ("09:00-09:00", (540, 540)),
        ("none", (0, 0)),
    ],
)
def test_quiet_hours_are_two_times_of_the_day(text, hours):
    assert parse_hours(text) == QuietHours(*hours)


@pytest.mark.parametrize(
    "text",
    [
        None,
        0,
        [],
        b"22:00-08:00",
        "",
        "None",
        "22-8",
        "22:00",
        "22:00-24:00",
        "24:00-08:00",
        "22:60-08:00",
        "2:00-08:00",
        "22:00 - 08:00",
        "22:00-08:00\n",
        "22:00–08:00",
        "٢٢:00-08:00",
        "22:00-08:00,12:00-13:00",
        pytest.param("-" * 100_000, id="long"),
    ],
)
def test_anything_else_is_refused_with_what_was_expected(text):
    with pytest.raises(ValueError, match="22:00-08:00, or none"):
        parse_hours(text)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-01-10T21:59:59.999+01:00", None),
        ("2026-01-10T22:00+01:00", "2026-01-11T08:00+01:00"),
        ("2026-01-11T00:00+01:00", "2026-01-11T08:00+01:00"),
        ("2026-01-11T07:59:59.999+01:00", "2026-01-11T08:00+01:00"),
        ("2026-01-11T08:00+01:00", None),
        ("2026-03-28T23:00+01:00", "2026-03-29T08:00+02:00"),
        ("2026-10-24T23:00+02:00", "2026-10-25T08:00+01:00"),
    ],
)
def test_a_night_ends_in_the_morning_of_its_zone(now, until):
    assert quiet_until(NIGHT, "Europe/Berlin", at(now)) == (until and at(until))


def test_a_night_in_one_zone_is_a_day_in_another():
    now_ms = at("2026-01-10T23:00+01:00")
    assert quiet_until(NIGHT, "Pacific/Kiritimati", now_ms) is None
    assert quiet_until(NIGHT, "Asia/Kathmandu", now_ms) == at("2026-01-11T08:00+05:45")


@pytest.mark.parametrize("minute", [0, 540, 1439])
def test_hours_that_end_when_they_begin_are_never_quiet(minute):
    begin_ms = at("2026-03-28T00:00Z")
    hours = QuietHours(minute, minute)
    for now_ms in range(begin_ms, begin_ms + 3 * DAY_MS, 17 * MINUTE_MS):
        assert quiet_until(hours, "Europe/Berlin", now_ms) is None
        assert quiet_from(hours, "Europe/Berlin", now_ms) is None


@pytest.mark.parametrize(
    ("now", "begin"),
    [
        ("2026-01-10T21:59:59.999+01:00", "2026-01-10T22:00+01:00"),
        ("2026-01-10T22:00+01:00", "2026-01-10T22:00+01:00"),
        ("2026-01-11T07:59:59.999+01:00", "2026-01-11T07:59:59.999+01:00"),
        ("2026-01-11T08:00+01:00", "2026-01-11T22:00+01:00"),
        ("2026-03-28T22:00-10:00", "2026-03-29T22:00+02:00"),
    ],
)
def test_a_night_begins_in_the_evening_of_its_zone_or_has_begun(now, begin):
    assert quiet_from(NIGHT, "Europe/Berlin", at(now)) == at(begin)


def test_a_begin_that_clocks_skip_is_the_first_instant_after_the_gap():
    assert quiet_from(parse_hours("02:30-08:00"), "Europe/Berlin", at("2026-03-29T01:30+01:00")) == at(
        "2026-03-29T03:00+02:00"
    )


def test_quiet_hours_that_clocks_skip_begin_the_day_after():
    hours = parse_hours("02:00-02:30")
    assert quiet_from(hours, "Europe/Berlin", at("2026-03-29T01:30+01:00")) == at("2026-03-30T02:00+02:00")


def test_clocks_that_are_set_back_into_quiet_hours_begin_them_again():
    hours = parse_hours("01:00-02:30")
    assert quiet_from(hours, "Europe/Berlin", at("2026-10-25T02:40+02:00")) == at("2026-10-25T02:00+01:00")


@pytest.mark.parametrize("asked", [quiet_from, quiet_until])
def test_a_zone_that_is_none_is_refused(asked):
    with pytest.raises(ValueError, match="IANA"):
        asked(NIGHT, "Europe/Atlantis", 0)


def test_an_end_that_clocks_skip_is_the_first_instant_after_the_gap():
    assert quiet_until(parse_hours("22:00-02:30"), "Europe/Berlin", at("2026-03-29T01:30+01:00")) == at(
        "2026-03-29T03:00+02:00"
    )


def test_clocks_that_are_set_back_make_it_quiet_a_second_time():
    hours = parse_hours("22:00-02:30")
    assert quiet_until(hours, "Europe/Berlin", at("2026-10-25T02:10+02:00")) == at("2026-10-25T02:30+02:00")
    assert quiet_until(hours, "Europe/Berlin", at("2026-10-25T02:40+02:00")) is None
    assert quiet_until(hours, "Europe/Berlin", at("2026-10-25T02:10+01:00")) == at("2026-10-25T02:30+01:00")


def test_clocks_that_are_set_back_before_the_begin_end_it():
    assert quiet_until(parse_hours("02:30-08:00"), "Europe/Berlin", at("2026-10-25T02:45+02:00")) == at(
        "2026-10-25T02:00+01:00"
    )


def test_a_day_that_a_zone_skips_lasts_no_night_longer():
    assert quiet_until(NIGHT, "Pacific/Apia", at("2011-12-29T23:00-10:00")) == at("2011-12-31T08:00+14:00")


@settings(deadline=None)
@given(
    st.sampled_from(PLACES),
    st.integers(-2 * DAY_MS, 2 * DAY_MS),
    st.builds(QuietHours, st.integers(0, 1439), st.integers(0, 1439)),
)
def test_quiet_hours_end_at_the_first_instant_that_is_not_quiet(change, off_ms, hours):
    name, changed = change
    now_ms = at(changed) + off_ms
    free_ms = first_not_quiet(hours, name, now_ms)
    assert quiet_until(hours, name, now_ms) == (None if free_ms == now_ms else free_ms)


@settings(deadline=None)
@given(
    st.sampled_from(PLACES),
    st.integers(-2 * DAY_MS, 2 * DAY_MS),
    st.builds(QuietHours, st.integers(0, 1439), st.integers(0, 1439)).filter(lambda hours: hours.begin != hours.end),
)
def test_quiet_hours_begin_at_the_first_instant_that_is_quiet(change, off_ms, hours):
    name, changed = change
    at_ms = at(changed) + off_ms
    assert quiet_from(hours, name, at_ms) == first_quiet(hours, name, at_ms)


@pytest.mark.parametrize(("name", "changed"), PLACES)
@pytest.mark.parametrize("hours", [NIGHT, QuietHours(120, 150), QuietHours(150, 480), QuietHours(1, 0)])
def test_every_minute_around_a_change_has_its_end_and_its_begin(name, changed, hours):
    begin_ms = at(changed) - DAY_MS
    free_ms = first_not_quiet(hours, name, begin_ms + 2 * DAY_MS)
    quiet_ms = first_quiet(hours, name, begin_ms + 2 * DAY_MS)
    for now_ms in range(begin_ms + 2 * DAY_MS, begin_ms, -MINUTE_MS):
        quiet = is_quiet(hours, name, now_ms)
        free_ms, quiet_ms = (free_ms, now_ms) if quiet else (now_ms, quiet_ms)
        assert quiet_until(hours, name, now_ms) == (free_ms if quiet else None)
        assert quiet_from(hours, name, now_ms) == quiet_ms
