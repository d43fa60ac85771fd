"""Periodic work is started by one of several schedulers each time."""

from __future__ import annotations

import time

from clarion.clock import wall_clock_ms
from clarion.presence import SILENCE_MS
from clarion.schedule.tick import beating, tick
from clarion.storage import keys

CALLERS = 6


def test_one_of_several_callers_takes_an_entry(at_once):
    waits = at_once(CALLERS, lambda storage: tick(storage, "sweep", 60_000))
    assert min(waits) == 0
    assert all(0 < left_ms <= 60_000 for left_ms in sorted(waits)[1:])


def test_an_entry_is_taken_at_most_once_a_period(at_once):
    every_ms, began = 100, time.monotonic()

    def call_often(storage):
        return sum(tick(storage, "sweep", every_ms) == 0 for _ in range(300))

    taken = sum(at_once(CALLERS, call_often))
    assert 1 <= taken <= (time.monotonic() - began) * 1000 / every_ms + 1


def test_entries_do_not_wait_for_each_other(storage):
    assert tick(storage, "sweep", 60_000) == 0
    assert tick(storage, "other", 60_000) == 0
    assert tick(storage, "sweep", 60_000) > 0


def test_a_clock_that_was_set_back_does_not_hold_an_entry_up(storage):
    assert tick(storage, "sweep", 60_000) == 0
    storage.main.hincrby(keys.ticks(), "sweep", 3_600_000)
    assert tick(storage, "sweep", 60_000) == 0


def test_a_beat_that_left_a_trace_lately_is_seen(storage):
    now_ms = wall_clock_ms()
    assert not beating(storage, now_ms=now_ms, every_s=2)
    tick(storage, "sweep", 60_000)
    assert beating(storage, now_ms=now_ms, every_s=2)
    assert not beating(storage, now_ms=now_ms + SILENCE_MS + 4_000, every_s=2)
    assert beating(storage, now_ms=now_ms + SILENCE_MS + 4_000, every_s=10)
