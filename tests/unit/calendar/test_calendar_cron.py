"""Cron, held against a clock that is watched minute by minute, with its own reading of the fields."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clarion.calendar.cron import next_ms
from tests.unit.calendar.watched import CHANGES, DAY_MS, MINUTE_MS, at, shown

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
PLACES = [*CHANGES, ("Asia/Kathmandu", "2026-03-29T01:00Z"), ("Pacific/Kiritimati", "2026-12-31T10:00Z")]


def due(expression, name, now, runs):
    """The next times at which it is due, as clocks of the zone show them: `month-day hour:minute+offset`."""
    now_ms, found = at(now), []
    for _ in range(runs):
        now_ms = next_ms(expression, name, now_ms)
        moment = shown(now_ms, name)
        found.append(f"{moment:%m-%d %H:%M}{moment.utcoffset() / timedelta(hours=1):+g}")
    return found


@cache
def members(field, low, high):
    """The values of one field: `*`, `*/3`, `7`, `2-5`, and lists of these."""
    values = set()
    for part in field.split(","):
        span, _, stride = part.partition("/")
        first, _, last = span.partition("-")
        begin, end = (low, high) if span == "*" else (int(first), int(last or first))
        values |= set(range(begin, end + 1, int(stride or 1)))
    return frozenset(values)


def matches(expression, wall):
    """Whether a clock that shows `wall` is at a time of the expression."""
    minute, hour, day, month, weekday = expression.split()
    on_day = wall.day in members(day, 1, 31)
    on_weekday = wall.isoweekday() % 7 in members(weekday, 0, 6)
    any_weekday = members(weekday, 0, 6) == set(range(7))
    today = on_day or on_weekday if day != "*" and not any_weekday else on_day and on_weekday
    return (
        today
        and wall.minute in members(minute, 0, 59)
        and wall.hour in members(hour, 0, 23)
        and wall.month in members(month, 1, 12)
    )


def watched(expression, name, begin_ms, end_ms):
    """The instants in (begin_ms, end_ms] at which it is due, by watching a clock from two days before."""
    hour = expression.split()[1]
    every_hour, repeats = members(hour, 0, 23) == set(range(24)), hour.startswith("*")
    minute, seen, found = timedelta(minutes=1), set(), []
    now_ms = begin_ms - begin_ms % MINUTE_MS - 2 * DAY_MS
    before = shown(now_ms, name).replace(tzinfo=None)
    while (now_ms := now_ms + MINUTE_MS) <= end_ms:
        wall = shown(now_ms, name).replace(tzinfo=None)
        skipped = [] if every_hour else [before + n * minute for n in range(1, (wall - before) // minute)]
        again = wall in seen and not repeats
        if any(matches(expression, gone) for gone in skipped) or (matches(expression, wall) and not again):
            found.append(now_ms)
        seen.add(wall)
        before = wall
    return [now_ms for now_ms in found if now_ms > begin_ms]


@pytest.mark.parametrize(
    ("expression", "name", "now", "expected"),
    [
        # Daily, at a time that does not exist on one day.
        ("30 2 * * *", BERLIN, "2026-03-28T00:00Z", ["03-28 02:30+1", "03-29 03:00+2", "03-30 02:30+2"]),
        ("30 2 * * *", NEW_YORK, "2026-03-07T05:00Z", ["03-07 02:30-5", "03-08 03:00-4", "03-09 02:30-4"]),
        # Daily, at a time that exists twice on one day.
        ("30 2 * * *", BERLIN, "2026-10-24T00:00Z", ["10-24 02:30+2", "10-25 02:30+2", "10-26 02:30+1"]),
        ("30 1 * * *", NEW_YORK, "2026-10-31T04:00Z", ["10-31 01:30-4", "11-01 01:30-4", "11-02 01:30-5"]),
        ("30 2 * * *", BERLIN, "2026-10-25T01:10Z", ["10-26 02:30+1", "10-27 02:30+1"]),
        # Daily, in the morning.
        ("0 9 * * *", BERLIN, "2026-03-28T07:59Z", ["03-28 09:00+1", "03-29 09:00+2", "03-30 09:00+2"]),
        ("@daily", NEW_YORK, "2026-10-31T12:00Z", ["11-01 00:00-4", "11-02 00:00-5"]),
        # Hourly.
        ("0 * * * *", BERLIN, "2026-03-29T00:00Z", ["03-29 03:00+2", "03-29 04:00+2"]),
        ("30 * * * *", BERLIN, "2026-03-29T00:29Z", ["03-29 01:30+1", "03-29 03:30+2"]),
        ("0 * * * *", BERLIN, "2026-10-24T23:30Z", ["10-25 02:00+2", "10-25 02:00+1", "10-25 03:00+1"]),
        ("@hourly", NEW_YORK, "2026-11-01T04:30Z", ["11-01 01:00-4", "11-01 01:00-5", "11-01 02:00-5"]),
        # Every half hour.
        ("*/30 * * * *", BERLIN, "2026-03-29T00:00Z", ["03-29 01:30+1", "03-29 03:00+2", "03-29 03:30+2"]),
        (
            "*/30 * * * *",
            BERLIN,
            "2026-10-25T00:00Z",
            ["10-25 02:30+2", "10-25 02:00+1", "10-25 02:30+1", "10-25 03:00+1"],
        ),
        (
            "*/30 * * * *",
            NEW_YORK,
            "2026-11-01T05:00Z",
            ["11-01 01:30-4", "11-01 01:00-5", "11-01 01:30-5", "11-01 02:00-5"],
        ),
        ("*/30 * * * *", NEW_YORK, "2026-03-08T06:00Z", ["03-08 01:30-5", "03-08 03:00-4", "03-08 03:30-4"]),
        # Some hours: once, and not lost; every so many hours: by the clock, both times.
        ("0,30 2 * * *", BERLIN, "2026-03-29T00:00Z", ["03-29 03:00+2", "03-30 02:00+2", "03-30 02:30+2"]),
        (
            "0 1-4 * * *",
            BERLIN,
            "2026-03-28T23:30Z",
            ["03-29 01:00+1", "03-29 03:00+2", "03-29 04:00+2", "03-30 01:00+2"],
        ),
        ("0 1-4 * * *", BERLIN, "2026-10-24T23:30Z", ["10-25 02:00+2", "10-25 03:00+1", "10-25 04:00+1"]),
        ("0 */2 * * *", BERLIN, "2026-10-24T23:30Z", ["10-25 02:00+2", "10-25 02:00+1", "10-25 04:00+1"]),
        # Weekly.
        ("30 2 * * 0", BERLIN, "2026-03-16T00:00Z", ["03-22 02:30+1", "03-29 03:00+2", "04-05 02:30+2"]),
        ("0 9 * * mon", BERLIN, "2026-10-20T00:00Z", ["10-26 09:00+1", "11-02 09:00+1"]),
        ("30 1 * * sun", NEW_YORK, "2026-10-26T00:00Z", ["11-01 01:30-4", "11-08 01:30-5"]),
        # Month ends.
        ("0 9 31 * *", BERLIN, "2026-01-31T08:00Z", ["03-31 09:00+2", "05-31 09:00+2", "07-31 09:00+2"]),
        ("0 9 l * *", BERLIN, "2028-01-31T08:00Z", ["02-29 09:00+1", "03-31 09:00+2", "04-30 09:00+2"]),
        ("59 23 l * *", NEW_YORK, "2026-02-01T05:00Z", ["02-28 23:59-5", "03-31 23:59-4", "04-30 23:59-4"]),
        ("0 0 29 2 *", BERLIN, "2026-01-01T00:00Z", ["02-29 00:00+1", "02-29 00:00+1"]),
        ("0 0 1 * *", NEW_YORK, "2026-10-15T00:00Z", ["11-01 00:00-4", "12-01 00:00-5"]),
        # Odd zones: a quarter of an hour, half an hour of summer time, a day that was skipped.
        ("0 0 * * *", "Asia/Kathmandu", "2026-01-01T00:00Z", ["01-02 00:00+5.75", "01-03 00:00+5.75"]),
        ("0 0 1 1 *", "Pacific/Kiritimati", "2025-12-31T09:59Z", ["01-01 00:00+14", "01-01 00:00+14"]),
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-02T20:00Z", ["10-04 02:30+11", "10-05 02:15+11"]),
        (
            "20,40 * * * *",
            "Australia/Lord_Howe",
            "2026-04-04T14:00Z",
            ["04-05 01:20+11", "04-05 01:40+11", "04-05 01:40+10.5", "04-05 02:20+10.5"],
        ),
        ("0 12 * * *", "Pacific/Apia", "2011-12-29T00:00Z", ["12-29 12:00-10", "12-31 00:00+14", "12-31 12:00+14"]),
    ],
)
def test_when_it_is_due_by_the_clocks_of_a_zone(expression, name, now, expected):
    assert due(expression, name, now, len(expected)) == expected


def test_the_next_time_is_later_than_the_instant_itself():
    noon_ms = at("2026-07-01T12:00Z")
    assert next_ms("0 12 * * *", "UTC", noon_ms - 1) == noon_ms
    assert next_ms("0 12 * * *", "UTC", noon_ms) == noon_ms + DAY_MS
    assert next_ms("* * * * *", "UTC", noon_ms + 1) == noon_ms + MINUTE_MS


@pytest.mark.parametrize("after_ms", [253_402_300_799_999, 10**18])
def test_at_the_end_of_time_nothing_is_due_any_more(after_ms):
    assert next_ms("0 0 1 1 *", BERLIN, after_ms) is None
    assert next_ms("*/5 * * * *", "UTC", after_ms) is None


def test_a_zone_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="IANA name"):
        next_ms("* * * * *", "Mars/Olympus", 0)


def fields(low, high):
    number = st.integers(low, high)
    span = st.tuples(number, number).map(sorted)
    return st.one_of(
        st.just("*"),
        number.map(str),
        st.lists(number, min_size=2, max_size=4, unique=True).map(lambda some: ",".join(map(str, some))),
        span.filter(lambda ends: ends[0] < ends[1]).map(lambda ends: f"{ends[0]}-{ends[1]}"),
        st.integers(2, max(2, (high - low) // 2)).map(lambda stride: f"*/{stride}"),
    )


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(PLACES),
    fields(0, 59),
    st.one_of(fields(0, 23), fields(0, 4)),
    st.one_of(st.just("*"), fields(1, 28)),
    st.one_of(st.just("*"), fields(0, 6)),
    st.integers(-DAY_MS // 4, DAY_MS // 4),
)
@example(("Australia/Lord_Howe", "2026-04-04T15:00Z"), "20,40", "*", "*", "*", -MINUTE_MS * 15)
@example(("America/Havana", "2026-11-01T05:00Z"), "30", "*/24", "*", "*", -MINUTE_MS * 20)
@example((BERLIN, "2026-10-25T01:00Z"), "*", "2", "*", "*", MINUTE_MS * 5)
@example((BERLIN, "2026-03-29T01:00Z"), "*", "0-23", "*", "*", -MINUTE_MS * 5)
@example((BERLIN, "2026-03-29T01:00Z"), "*", "0", "*/2", "0-6", 0)
def test_it_is_due_whenever_a_watched_clock_says_so(change, minute, hour, day, weekday, off_ms):
    expression = f"{minute} {hour} {day} * {weekday}"
    name, changed = change
    now_ms = at(changed) + off_ms
    expected = watched(expression, name, now_ms, now_ms + DAY_MS)
    for before_ms, due_ms in pairwise([now_ms, *expected[:70]]):
        assert next_ms(expression, name, before_ms) == due_ms
        assert next_ms(expression, name, due_ms - 1) == due_ms
    if not expected:
        due_ms = next_ms(expression, name, now_ms)
        assert due_ms is None or due_ms > now_ms + DAY_MS
