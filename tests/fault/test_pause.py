"""Pause, resume and cancel in mid-broadcast take effect within two seconds, and nobody is lost or gets it twice."""

from __future__ import annotations

import time

import pytest

from clarion import DeliveryOptions, Messaging
from clarion.clock import wall_clock_ms
from clarion.message import Outcome, State
from clarion.schedule.run import history
from config.stack import running
from tests.deadline import until
from tests.fault.conftest import Watch, arrivals, enrol
from tests.fault.delay import wait_until
from tests.simulation import ControlPlane

AUDIENCE, ANSWER_MS = 6_000, 40
#: From the order to the last request.
EFFECT_WITHIN_S = 2
SETTINGS = {
    "CLARION_CONNECTIONS": "1",
    "CLARION_STREAMS_PER_CONNECTION": "40",
    "CLARION_RECORD_BATCH": "40",
    "CLARION_SHARD_SIZE": "500",
    "CLARION_LEASE_S": "3",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with running(tmp_path_factory.mktemp("pause"), settings=SETTINGS) as stack:
        yield stack


@pytest.fixture(params=["http", "direct"])
def messaging(request, stack):
    url = stack.fleet.api_url if request.param == "http" else stack.redis_url
    ControlPlane(stack.simulator).reset()
    with Messaging(url, app_id=stack.app, api_key=stack.key) as opened:
        yield opened


@pytest.fixture
def broadcast(stack, storage, messaging):
    """A message to everybody, when the first tenth of them have got it."""
    enrol(stack, storage, AUDIENCE, ANSWER_MS)
    watch = Watch(stack, storage, messaging.publish("Hello").message_id)
    until(lambda: watch.settled() > AUDIENCE // 10)
    watch.assert_under_way()
    return watch


def assert_quiet(stack, seconds):
    """No request for so long."""
    sent = ControlPlane(stack.simulator).counts()["requests"]
    over_at = time.monotonic() + seconds
    while time.monotonic() < over_at:
        assert ControlPlane(stack.simulator).counts()["requests"] == sent
        time.sleep(0.1)


def assert_stops(stack, broadcast):
    """From two seconds after now on nothing is sent."""
    time.sleep(EFFECT_WITHIN_S)
    assert_quiet(stack, 2)
    assert broadcast.settled() < AUDIENCE


def assert_everybody_got_it_once(stack, broadcast):
    until(broadcast.over, 40)
    progress, seen = broadcast.look(), ControlPlane(stack.simulator).counts()
    assert progress.state is State.PUBLISHED
    assert progress.books.closed
    assert progress.books.total(Outcome.ACCEPTED) == AUDIENCE
    assert (seen["tokens_accepted"], seen["duplicates"]) == (AUDIENCE, 0)


def test_a_broadcast_that_is_paused_stops_and_goes_on_where_it_was(stack, broadcast, messaging):
    messaging.pause(broadcast.message_id)
    assert_stops(stack, broadcast)
    assert broadcast.look().state is State.PAUSED
    messaging.resume(broadcast.message_id)
    assert_everybody_got_it_once(stack, broadcast)


@pytest.mark.parametrize("messaging", ["direct"], indirect=True)
def test_a_worker_that_is_killed_meanwhile_changes_nothing(stack, broadcast, messaging):
    messaging.pause(broadcast.message_id)
    time.sleep(EFFECT_WITHIN_S)
    stack.fleet.kill("bulk")
    stack.fleet.start("bulk")
    stack.fleet.wait_up()
    assert_quiet(stack, 4)  # longer than a lease
    assert broadcast.look().state is State.PAUSED
    messaging.resume(broadcast.message_id)
    assert_everybody_got_it_once(stack, broadcast)


@pytest.mark.parametrize("messaging", ["http"], indirect=True)
def test_a_broadcast_that_is_cancelled_stops_and_says_whom_it_reached(stack, broadcast, messaging):
    messaging.cancel(broadcast.message_id)
    assert_stops_and_closes(stack, broadcast)


@pytest.mark.parametrize("messaging", ["direct"], indirect=True)
def test_a_paused_broadcast_can_be_cancelled(stack, broadcast, messaging):
    messaging.pause(broadcast.message_id)
    time.sleep(EFFECT_WITHIN_S)
    messaging.cancel(broadcast.message_id)
    assert_stops_and_closes(stack, broadcast)


def assert_stops_and_closes(stack, broadcast):
    time.sleep(EFFECT_WITHIN_S)
    assert_quiet(stack, 2)
    until(broadcast.over)
    progress = broadcast.look()
    accepted, cancelled = (progress.books.total(outcome) for outcome in (Outcome.ACCEPTED, Outcome.CANCELLED))
    assert progress.state is State.CANCELLED
    assert progress.books.closed
    assert accepted + cancelled == AUDIENCE
    assert 0 < accepted == ControlPlane(stack.simulator).counts()["accepted"] < AUDIENCE


@pytest.mark.parametrize("messaging", ["http"], indirect=True)
def test_what_waits_for_a_time_waits_on_while_it_is_paused_and_is_sent_once_when_it_is_resumed(
    stack, storage, messaging
):
    messaging.register_device("sim:OK:alone", "alone", "ANDROID", channels=["alone"])
    at_ms = wall_clock_ms() + 1_500
    delayed, repeated = (
        Watch(stack, storage, messaging.publish("Hello", "alone", delivery_options=delivery).message_id)
        for delivery in (
            DeliveryOptions(publish_at=at_ms),
            DeliveryOptions(publish_at=at_ms, repeat_every=1, repeat_count=2),
        )
    )
    for watch in (delayed, repeated):
        messaging.pause(watch.message_id)
    wait_until(at_ms + 2_500)
    assert_quiet(stack, 0.5)
    assert [watch.look().state for watch in (delayed, repeated)] == [State.PAUSED, State.PAUSED]
    resumed_ms = wall_clock_ms()
    for watch in (delayed, repeated):
        messaging.resume(watch.message_id)
    until(lambda: delayed.over() and repeated.over())

    runs = history(storage, repeated.message_id, 10)[::-1]
    assert [run.missed for run in runs] == [(runs[0].due_ms - at_ms) // 1_000, 0]
    assert runs[0].missed >= 2
    assert runs[1].due_ms == runs[0].due_ms + 1_000
    until(lambda: all(Watch(stack, storage, run.message_id).over() for run in runs))
    got = arrivals(stack, "sim:OK:alone")
    assert sorted(message_id for message_id, _ in got) == sorted(
        [delayed.message_id, *(run.message_id for run in runs)]
    )
    assert all(arrived_ms >= resumed_ms for _, arrived_ms in got)
