"""What a message waits for, told of an appointment and of a progress alike."""

from __future__ import annotations

import pytest

from clarion.message import State
from clarion.schedule.appointment import Appointment
from cli import clock, wait
from tests.unit.cli.progress import MESSAGE_ID, progress

#: 2026-07-01T12:00:00Z, and how long before it the first zone's clocks show noon.
NOON_MS, LEAD_MS = 1_782_907_200_000, 14 * 3_600_000
HOUR_MS = 3_600_000


def appointment(state, **given):
    return Appointment(message_id=MESSAGE_ID, channel="news", state=state, accepted_ms=0, **{"due_ms": NOON_MS} | given)


def told(state, **given):
    return progress(state, began_ms=None, **{"due_ms": NOON_MS} | given)


@pytest.fixture(params=[appointment, told])
def made(request):
    return request.param


def test_it_is_due_at_an_instant_or_by_each_devices_clock_or_at_no_time(made):
    assert wait.due(made(State.SCHEDULED), 0) == clock.instant(NOON_MS)
    assert wait.due(made(State.SCHEDULED, local=True, due_ms=NOON_MS - LEAD_MS), 0) == "2026-07-01 12:00:00 local"
    assert wait.due(made(State.PAUSED, local=True, due_ms=NOON_MS - LEAD_MS), 0) == "2026-07-01 12:00:00 local"
    assert wait.due(made(State.DELIVERING, local=True, due_ms=None), 0) == "-"


def test_single_devices_are_due_at_an_instant():
    assert wait.due(appointment(State.DELIVERING, local=True), 0) == clock.instant(NOON_MS)


@pytest.mark.parametrize(
    ("late_ms", "words"),
    [(-HOUR_MS, None), (0, None), (5_000, None), (6_000, "overdue by 6 s"), (2 * HOUR_MS, "overdue by 2 h")],
)
def test_it_is_overdue_when_nobody_came_to_it_in_time(made, late_ms, words):
    this = made(State.SCHEDULED)
    assert wait.overdue(this, NOON_MS + late_ms) == words
    assert wait.due(this, NOON_MS + late_ms) == ", ".join(filter(None, (clock.instant(NOON_MS), words)))


def test_by_each_devices_clock_it_is_overdue_against_the_first_zone(made):
    this = made(State.SCHEDULED, local=True, due_ms=NOON_MS - LEAD_MS)
    assert wait.due(this, NOON_MS - LEAD_MS + 2 * HOUR_MS) == "2026-07-01 12:00:00 local, overdue by 2 h"


def test_what_is_paused_or_waits_for_no_time_is_never_overdue(made):
    assert wait.overdue(made(State.PAUSED), NOON_MS + HOUR_MS) is None
    assert wait.overdue(made(State.SCHEDULED, due_ms=None), NOON_MS + HOUR_MS) is None


def test_it_says_since_when_it_is_paused(made):
    assert wait.state(made(State.SCHEDULED), NOON_MS) == "scheduled"
    assert wait.state(made(State.PAUSED), NOON_MS) == "paused"
    assert wait.state(made(State.PAUSED, paused_ms=NOON_MS), NOON_MS + 1_000) == "paused"
    assert wait.state(made(State.PAUSED, paused_ms=NOON_MS), NOON_MS + 72 * HOUR_MS) == "paused for 3 d"
