"""Straight to Redis: what is told of a message of which only some devices wait."""

from __future__ import annotations

import pytest

from clarion.app import App
from clarion.clock import wall_clock_ms
from clarion.message import DeliveryOptions, PublishOptions, State
from clarion.storage import keys
from clarion.transport.direct import DirectTransport

HOUR_MS = 3_600_000


@pytest.fixture
def transport(storage):
    return DirectTransport(storage, App("demo", "Demo"))


@pytest.fixture
def under_way(storage, transport):
    """A delayed message that has started, and whose last device is due in an hour; its id and that instant."""
    delivery = DeliveryOptions(publish_at=wall_clock_ms() + HOUR_MS)
    message_id = transport.publish("x", None, PublishOptions(), delivery).message_id
    later_ms = wall_clock_ms() + HOUR_MS
    state = {"state": "delivering", "due_ms": 1, "began_ms": 1, "planned_ms": 1, "audience": 1}
    storage.main.hset(keys.message(message_id), mapping=state)
    storage.main.hset(keys.books(message_id), "pending", 1)
    storage.main.zadd(keys.later(message_id), {"0.0.1": later_ms})
    storage.main.zadd(keys.due("demo"), {message_id: later_ms})
    return message_id, later_ms


def test_it_is_due_when_the_next_of_them_is(transport, under_way):
    message_id, later_ms = under_way
    [found] = transport.schedules(10)
    assert (found.message_id, found.state, found.due_ms) == (message_id, State.DELIVERING, later_ms)
    timetable = transport.schedule(message_id, 10)
    assert (timetable.appointment, timetable.upcoming) == (found, ())


def test_paused_it_is_due_at_no_time(transport, under_way):
    message_id, later_ms = under_way
    transport.pause(message_id)
    [found] = transport.schedules(10)
    assert (found.state, found.due_ms) == (State.PAUSED, None)
    assert transport.schedule(message_id, 10).upcoming == ()
    transport.resume(message_id)
    assert transport.schedules(10)[0].due_ms == later_ms


def test_cancelled_it_waits_no_longer(transport, under_way):
    transport.cancel(under_way[0])
    assert transport.schedules(10) == []
    assert transport.schedule(under_way[0], 10).appointment.due_ms is None
