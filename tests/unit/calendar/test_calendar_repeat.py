"""Repetition: the rhythm is kept, and every instant is either run or counted as missed."""

from __future__ import annotations

import pytest
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from clarion.calendar.repeat import (
    GRACE_MS,
    MOST_MISSED,
    Misfire,
    Repeat,
    Step,
    first_ms,
    following_ms,
    step,
    upcoming,
)
from tests.unit.calendar.watched import DAY_MS, HOUR_MS, MINUTE_MS, at

#: A start that is no round number of anything.
BEGIN_MS = 1_767_225_600_123
EVERY = Repeat(every_ms=10 * MINUTE_MS)
SKIPPING = Repeat(every_ms=10 * MINUTE_MS, misfire=Misfire.SKIP)
#: So many instants are looked at one by one.
MANY = 1_000
DAILY = Repeat(cron="30 2 * * *", zone="Europe/Berlin")


def after(minutes, ms=0):
    return BEGIN_MS + minutes * MINUTE_MS + ms


def test_the_first_run_of_an_interval_is_its_begin():
    assert first_ms(EVERY, BEGIN_MS) == BEGIN_MS


def test_the_first_run_of_cron_is_its_first_time_from_the_begin_on():
    assert first_ms(DAILY, at("2026-07-01T00:29Z")) == at("2026-07-01T00:30Z")
    assert first_ms(DAILY, at("2026-07-01T00:30Z")) == at("2026-07-01T00:30Z")
    assert first_ms(DAILY, at("2026-07-01T00:30Z") + 1) == at("2026-07-02T00:30Z")


@pytest.mark.parametrize("repeat", [EVERY, Repeat(cron="* * * * *")])
def test_nothing_is_due_at_the_expiry_or_later(repeat):
    begins_ms = at("2026-07-01T12:00Z")
    every_ms = repeat.every_ms or MINUTE_MS
    for expires_ms, first, following in [
        (begins_ms - 1, None, None),
        (begins_ms, None, None),
        (begins_ms + 1, begins_ms, None),
        (begins_ms + every_ms, begins_ms, None),
        (begins_ms + every_ms + 1, begins_ms, begins_ms + every_ms),
    ]:
        bounded = Repeat(every_ms=repeat.every_ms, cron=repeat.cron, expires_ms=expires_ms)
        assert first_ms(bounded, begins_ms) == first
        assert following_ms(bounded, begins_ms) == following


def test_a_run_follows_another_by_the_interval_or_by_cron():
    assert following_ms(EVERY, BEGIN_MS) == after(10)
    assert following_ms(DAILY, at("2026-03-28T01:30Z")) == at("2026-03-29T01:00Z")
    assert following_ms(DAILY, at("2026-10-25T00:30Z")) == at("2026-10-26T01:30Z")


def test_cron_ends_where_time_does():
    assert following_ms(Repeat(cron="0 0 1 1 *"), 253_402_300_799_999) is None


@pytest.mark.parametrize("repeat", [EVERY, SKIPPING])
@pytest.mark.parametrize("late_ms", [0, 1, GRACE_MS])
def test_a_run_in_time_is_started_and_the_next_is_an_interval_after_it(repeat, late_ms):
    assert step(repeat, BEGIN_MS, BEGIN_MS + late_ms, 0) == Step(BEGIN_MS, 0, after(10))


def test_late_by_some_intervals_one_run_stands_for_all():
    assert step(EVERY, BEGIN_MS, after(9, 59_999), 0) == Step(BEGIN_MS, 0, after(10))
    assert step(EVERY, BEGIN_MS, after(10), 0) == Step(after(10), 1, after(20))
    assert step(EVERY, BEGIN_MS, after(37), 0) == Step(after(30), 3, after(40))


def test_late_by_some_intervals_all_are_skipped_but_one_that_is_just_due():
    assert step(SKIPPING, BEGIN_MS, BEGIN_MS + GRACE_MS + 1, 0) == Step(None, 1, after(10))
    assert step(SKIPPING, BEGIN_MS, after(37), 0) == Step(None, 4, after(40))
    assert step(SKIPPING, BEGIN_MS, after(30, GRACE_MS), 0) == Step(after(30), 3, after(40))
    assert step(SKIPPING, BEGIN_MS, after(30, GRACE_MS + 1), 0) == Step(None, 4, after(40))


def test_a_gap_of_centuries_costs_an_interval_nothing():
    now_ms = 253_402_300_799_999
    found = step(Repeat(every_ms=1), 0, now_ms, 0)
    assert found == Step(now_ms, now_ms, now_ms + 1)


def test_the_count_is_of_runs_and_not_of_missed_instants():
    twice = Repeat(every_ms=10 * MINUTE_MS, count=2)
    assert step(twice, BEGIN_MS, BEGIN_MS, 0) == Step(BEGIN_MS, 0, after(10))
    assert step(twice, after(10), after(55), 1) == Step(after(50), 4, None)
    assert step(twice, after(60), after(60), 2) == Step(None, 0, None)
    skipping = Repeat(every_ms=10 * MINUTE_MS, count=1, misfire=Misfire.SKIP)
    assert step(skipping, BEGIN_MS, after(55), 0) == Step(None, 6, after(60))
    assert step(skipping, after(60), after(60), 0) == Step(after(60), 0, None)


def test_the_last_run_before_the_expiry_has_none_after_it():
    bounded = Repeat(every_ms=10 * MINUTE_MS, expires_ms=after(20))
    assert step(bounded, BEGIN_MS, BEGIN_MS, 0) == Step(BEGIN_MS, 0, after(10))
    assert step(bounded, after(10), after(10, 1), 1) == Step(after(10), 0, None)
    assert step(bounded, BEGIN_MS, after(19), 0) == Step(after(10), 1, None)


@pytest.mark.parametrize("misfire", Misfire)
def test_after_the_expiry_only_a_run_in_time_is_started(misfire):
    bounded = Repeat(every_ms=10 * MINUTE_MS, expires_ms=after(20, 1), misfire=misfire)
    assert step(bounded, after(20), after(20, GRACE_MS), 2) == Step(after(20), 0, None)
    assert step(bounded, after(20), after(20, GRACE_MS + 1), 2) == Step(None, 1, None)
    assert step(bounded, BEGIN_MS, after(500), 0) == Step(None, 3, None)
    assert step(bounded, after(30), after(30), 2) == Step(None, 0, None)


@pytest.mark.parametrize("repeat", [EVERY, SKIPPING, DAILY])
def test_before_it_is_due_nothing_is_done(repeat):
    assert step(repeat, BEGIN_MS, BEGIN_MS - 1, 0) == Step(None, 0, BEGIN_MS)


def test_late_cron_runs_once_for_the_latest_night():
    due_ms = at("2026-03-28T01:30Z")
    now_ms = at("2026-03-31T12:00Z")
    next_ms = at("2026-04-01T00:30Z")
    assert step(DAILY, due_ms, due_ms + 7, 0) == Step(due_ms, 0, at("2026-03-29T01:00Z"))
    assert step(DAILY, due_ms, now_ms, 0) == Step(at("2026-03-31T00:30Z"), 3, next_ms)
    skipping = Repeat(cron=DAILY.cron, zone=DAILY.zone, misfire=Misfire.SKIP)
    assert step(skipping, due_ms, now_ms, 0) == Step(None, 4, next_ms)


@pytest.mark.parametrize("expression", ["* * * * *", "* * * 1 *", "*/7 9-17 * * 1-5"])
def test_no_more_misses_of_cron_are_counted_than_it_may_cost(expression):
    repeat = Repeat(cron=expression, zone="America/New_York")
    due_ms = first_ms(repeat, at("2025-01-01T00:00Z"))
    now_ms = at("2026-02-07T18:00Z")
    found = step(repeat, due_ms, now_ms, 0)
    assert found.missed == MOST_MISSED
    assert found.run_ms <= now_ms < found.next_ms
    assert following_ms(repeat, found.run_ms) == found.next_ms
    skipped = step(Repeat(cron=expression, zone=repeat.zone, misfire=Misfire.SKIP), due_ms, now_ms + HOUR_MS, 0)
    assert skipped.missed == MOST_MISSED


@pytest.mark.parametrize("days", [30, 366, 3_660])
@pytest.mark.parametrize(
    "expression", ["* * * * *", "*/7 0-5 * 3,11 1", "0 3 * * *", "0 0 13 * 5", "* * 29 2 *", "59 23 31 12 5"]
)
def test_a_long_gap_of_cron_costs_no_more_searches_than_a_short_one(monkeypatch, expression, days):
    repeat, begins_ms, searches = Repeat(cron=expression, zone="Europe/Berlin"), at("2024-01-01T00:00Z"), []
    due_ms, search = first_ms(repeat, begins_ms), croniter.get_next
    monkeypatch.setattr(croniter, "get_next", lambda *given: searches.append(1) or search(*given))
    step(repeat, due_ms, max(due_ms, begins_ms + days * DAY_MS), 0)
    assert 0 < len(searches) < MOST_MISSED + 50


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["* * * * *", "*/7 0-5 * 3,11 1", "* 23 28-31 12 *", "*/30 2 * * *", "* * 29 2 *", "15 1 * * 0"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]),
    st.integers(at("2008-01-01T00:00Z"), at("2012-03-01T00:00Z")),
    st.integers(0, 1_000 * DAY_MS),
    st.none() | st.integers(1, 1_000 * DAY_MS),
)
def test_late_by_any_time_cron_runs_for_the_latest_instant(expression, zone, begins_ms, late_ms, lasts_ms):
    expires_ms = None if lasts_ms is None else begins_ms + lasts_ms
    repeat, endless = Repeat(cron=expression, zone=zone, expires_ms=expires_ms), Repeat(cron=expression, zone=zone)
    due_ms = first_ms(endless, begins_ms)
    now_ms = due_ms + late_ms
    over = expires_ms is not None and expires_ms <= now_ms
    found = step(repeat if not over else endless, due_ms, now_ms, 0)
    assert first_ms(endless, found.run_ms) == found.run_ms <= now_ms < following_ms(endless, found.run_ms)
    assert found.next_ms == following_ms(repeat if not over else endless, found.run_ms)
    if over and due_ms < expires_ms:
        latest_ms = step(endless, due_ms, expires_ms - 1, 0).run_ms
        in_time = now_ms - latest_ms <= GRACE_MS
        assert step(repeat, due_ms, now_ms, 0)[::2] == (latest_ms if in_time else None, None)


@pytest.mark.parametrize("late", [MOST_MISSED - 1, MOST_MISSED, MOST_MISSED + 1])
def test_misses_of_cron_are_exact_up_to_the_most(late):
    begins_ms = at("2026-07-01T12:00Z")
    now_ms = begins_ms + late * MINUTE_MS
    found = step(Repeat(cron="* * * * *"), begins_ms, now_ms, 0)
    assert found == Step(now_ms, min(late, MOST_MISSED), now_ms + MINUTE_MS)


def test_upcoming_runs_are_those_from_the_begin_on():
    assert upcoming(EVERY, BEGIN_MS, BEGIN_MS, 3) == [BEGIN_MS, after(10), after(20)]
    assert upcoming(EVERY, BEGIN_MS, BEGIN_MS - DAY_MS, 2) == [BEGIN_MS, after(10)]
    assert upcoming(DAILY, at("2026-10-24T12:00Z"), 0, 2) == [at("2026-10-25T00:30Z"), at("2026-10-26T01:30Z")]


def test_upcoming_runs_of_one_that_has_begun_are_those_after_now():
    assert upcoming(EVERY, BEGIN_MS, after(25), 2) == [after(30), after(40)]
    assert upcoming(EVERY, BEGIN_MS, after(20), 2) == [after(30), after(40)]
    assert upcoming(DAILY, 0, at("2026-10-25T00:30Z"), 1) == [at("2026-10-26T01:30Z")]


def test_upcoming_runs_end_with_the_limit_the_count_or_the_expiry():
    assert upcoming(EVERY, BEGIN_MS, 0, 0) == []
    assert upcoming(Repeat(every_ms=MINUTE_MS, count=2), BEGIN_MS, 0, 9) == [BEGIN_MS, after(1)]
    assert upcoming(Repeat(every_ms=MINUTE_MS, expires_ms=after(2)), BEGIN_MS, 0, 9) == [BEGIN_MS, after(1)]
    assert upcoming(Repeat(every_ms=MINUTE_MS, expires_ms=after(2)), BEGIN_MS, after(5), 9) == []
    assert upcoming(Repeat(every_ms=MINUTE_MS, expires_ms=BEGIN_MS), BEGIN_MS, 0, 9) == []


INTERVALS = st.builds(
    Repeat,
    every_ms=st.integers(1, HOUR_MS),
    expires_ms=st.none() | st.integers(BEGIN_MS - 1, BEGIN_MS + DAY_MS),
    count=st.none() | st.integers(1, 20),
    misfire=st.sampled_from(Misfire),
)
CRONS = st.builds(
    Repeat,
    cron=st.sampled_from(["* * * * *", "*/20 * * * *", "30 2 * * *", "15,45 1-3 * * *", "0 0 * * 0"]),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    expires_ms=st.none() | st.integers(at("2026-10-23T00:00Z"), at("2026-11-02T00:00Z")),
    count=st.none() | st.integers(1, 20),
    misfire=st.sampled_from(Misfire),
)
#: How long schedulers look away, between one look and the next.
WAITS = st.lists(st.integers(0, GRACE_MS + 10) | st.integers(0, 3 * HOUR_MS), min_size=1, max_size=12)


def played(repeat, begins_ms, waits):
    """The runs started, the misses of each step, and what is due then, when schedulers look after these waits."""
    due_ms, now_ms, runs, missed = first_ms(repeat, begins_ms), begins_ms, [], []
    for wait_ms in waits:
        now_ms += wait_ms
        if due_ms is None:
            break
        if now_ms < due_ms:
            continue
        found = step(repeat, due_ms, now_ms, len(runs))
        assert found.next_ms is None or found.next_ms > now_ms
        runs += [] if found.run_ms is None else [(found.run_ms, now_ms)]
        missed.append(found.missed)
        due_ms = found.next_ms
    return runs, missed, due_ms, now_ms


def hold(repeat, begins_ms, waits):
    """Every instant up to now was run or counted, once, as far as is counted; runs are in rhythm, time and bounds."""
    runs, missed, due_ms, now_ms = played(repeat, begins_ms, waits)
    over = repeat.count is not None and len(runs) == repeat.count
    until_ms = runs[-1][1] if over else now_ms
    instants, instant = [], first_ms(repeat, begins_ms)
    while instant is not None and instant <= until_ms and len(instants) < 5 * MANY:
        instants.append(instant)
        instant = following_ms(repeat, instant)
    if repeat.cron is None or MOST_MISSED not in missed:
        assert len(runs) + sum(missed) == len(instants)
    assert len(runs) + sum(missed) <= len(instants)
    assert repeat.cron is None or max(missed, default=0) <= MOST_MISSED
    assert len({run_ms for run_ms, _ in runs}) == len(runs)
    assert {run_ms for run_ms, _ in runs} <= set(instants)
    assert due_ms == (None if over else instant)
    assert repeat.count is None or len(runs) <= repeat.count
    for run_ms, started_ms in runs:
        in_time = 0 <= started_ms - run_ms <= GRACE_MS
        assert in_time or repeat.misfire is Misfire.COALESCE
        assert in_time or repeat.expires_ms is None or started_ms < repeat.expires_ms


@settings(deadline=None)
@given(INTERVALS, WAITS)
def test_every_instant_of_an_interval_is_run_or_counted_once(repeat, waits):
    every_ms = max(repeat.every_ms, 2 * sum(waits) // MANY, 1)
    hold(
        Repeat(every_ms=every_ms, expires_ms=repeat.expires_ms, count=repeat.count, misfire=repeat.misfire),
        BEGIN_MS,
        waits,
    )


@settings(deadline=None, max_examples=60)
@given(CRONS, st.integers(at("2026-10-24T20:00Z"), at("2026-10-25T04:00Z")), WAITS)
def test_every_instant_of_cron_is_run_or_counted_once(repeat, begins_ms, waits):
    hold(repeat, begins_ms, waits)


@given(INTERVALS, st.integers(0, 10**9), st.integers(0, 10**12))
def test_an_interval_never_drifts(repeat, steps, late_ms):
    due_ms = BEGIN_MS + steps * repeat.every_ms
    found = step(repeat, due_ms, due_ms + late_ms, 0)
    for instant_ms in (found.run_ms, found.next_ms):
        assert instant_ms is None or (instant_ms - BEGIN_MS) % repeat.every_ms == 0
    assert found.next_ms is None or 0 < found.next_ms - (due_ms + late_ms) <= repeat.every_ms
