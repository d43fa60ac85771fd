"""A delayed message in the store: what it takes, how it is repeated, and how it is cancelled."""

from __future__ import annotations

import pytest

from clarion import lifecycle
from clarion.accept import accept
from clarion.clock import wall_clock_ms
from clarion.errors import IdempotencyConflict, InvalidRepeat, InvalidSchedule
from clarion.message import DeliveryOptions, PublishStatus, State
from clarion.schedule.promotion import promote
from clarion.status import read, recent
from clarion.storage import keys
from tests.deadline import until
from tests.integration.schedule.conftest import APP, cancel, planned, waiting

#: A publish of a common size: stored, with its target and times, it is a quarter of a kilobyte.
BODY = "A message of a common length, as a chat or a shop would send it."
HOUR_MS = 3_600_000
MOST_BYTES = 1_024


def test_a_scheduled_message_takes_no_more_than_a_kilobyte(storage, publish):
    publish(BODY, in_ms=HOUR_MS, push_singlecast=["device-0"])
    before = storage.main.info("memory")["used_memory"]
    messages = 2_000
    for number in range(messages):
        publish(BODY, in_ms=HOUR_MS + number, push_singlecast=[f"device-{number}"])
    each = (storage.main.info("memory")["used_memory"] - before) / messages
    assert each <= MOST_BYTES


def test_cancelling_costs_the_same_however_many_are_scheduled(storage, publish):
    first, few = publish(in_ms=HOUR_MS), publish(in_ms=HOUR_MS)
    cancel(storage, first)  # the server knows the scripts now
    costs = [commands(storage, lambda: cancel(storage, few))]
    many = [publish(in_ms=HOUR_MS + number) for number in range(1_000)]
    costs.append(commands(storage, lambda: cancel(storage, many[500])))
    assert costs[0] == costs[1]
    assert sum(costs[0].values()) < 30


def commands(storage, do):
    """How often each command ran while `do` did."""
    storage.main.config_resetstat()
    do()
    stats = storage.main.info("commandstats")
    return {
        name: row["calls"] for name, row in stats.items() if not name.startswith(("cmdstat_info", "cmdstat_config"))
    }


def test_a_cancelled_message_waits_for_nothing_and_ends_with_its_retention(storage, publish):
    other, message_id = publish(in_ms=HOUR_MS), publish(in_ms=HOUR_MS)
    names = set(storage.main.keys("*"))
    cancel(storage, message_id)
    assert set(waiting(storage)) == {other}
    assert set(storage.main.keys("*")) == names | {keys.recent("demo").encode()}, "it is listed among the latest now"
    assert storage.main.ttl(keys.message(message_id)) > 0
    assert storage.main.ttl(keys.message(other)) == -1
    progress = read(storage, "demo", message_id)
    assert (progress.state, progress.due_ms, progress.books.closed) == (State.CANCELLED, None, True)
    assert progress.status.status is PublishStatus.CANCELLED


def test_cancelling_a_message_that_is_due_keeps_it_from_being_started(storage, publish):
    message_id = publish(in_ms=300)
    (due_ms,) = waiting(storage).values()
    until(lambda: wall_clock_ms() > due_ms)
    cancel(storage, message_id)
    assert promote(storage).taken == 0
    assert planned(storage) == []


def test_a_delayed_publish_with_the_same_key_and_content_is_the_same_message(storage, publish):
    same = {"idempotency_key": "order-7", "publish_at": wall_clock_ms() + 400}
    first = publish(**same)
    assert publish(**same) == first
    assert set(waiting(storage)) == {first}
    until(lambda: promote(storage).taken)
    assert publish(**same) == first, "also when its time has come"
    assert waiting(storage) == {}
    assert planned(storage) == [first]


def test_the_same_key_with_another_time_is_an_error_and_changes_nothing(storage, publish):
    at_ms = wall_clock_ms() + HOUR_MS
    first = publish(idempotency_key="order-7", publish_at=at_ms)
    with pytest.raises(IdempotencyConflict):
        publish(idempotency_key="order-7", publish_at=at_ms + 1)
    assert waiting(storage) == {first: at_ms}


def test_a_time_that_has_just_passed_is_now(storage, publish):
    message_id = publish(in_ms=-1_000)
    assert read(storage, "demo", message_id).state is State.ACCEPTED
    assert waiting(storage) == {}
    assert planned(storage) == [message_id]


def test_a_delayed_message_is_nobodys_leftover(storage, publish):
    publish(in_ms=HOUR_MS)
    assert storage.main.zcard(keys.outbox()) == 0
    assert planned(storage) == []


def test_another_applications_message_is_not_found(storage, publish):
    message_id = publish(in_ms=HOUR_MS)
    for move in (lifecycle.cancel, lifecycle.pause, lifecycle.resume):
        with pytest.raises(lifecycle.UnknownMessage):
            move(storage, message_id, "another")
    assert set(waiting(storage)) == {message_id}


def test_a_publish_repeated_under_its_key_after_its_time_is_still_the_first_one(storage):
    now_ms = wall_clock_ms()
    delivery = DeliveryOptions(publish_at=now_ms + 1_000, idempotency_key="once")
    first = accept(storage, APP, "Hello", delivery=delivery, now_ms=now_ms)
    later_ms = now_ms + 3_600_000
    assert accept(storage, APP, "Hello", delivery=delivery, now_ms=later_ms).message_id == first.message_id
    with pytest.raises(InvalidSchedule):
        accept(storage, APP, "Another", delivery=delivery, now_ms=later_ms)
    with pytest.raises(InvalidSchedule):
        accept(storage, APP, "Hello", delivery=DeliveryOptions(publish_at=now_ms + 1_000), now_ms=later_ms)


def test_what_waits_is_among_the_latest_messages_once_its_time_came_or_it_was_cancelled(storage, publish):
    soon, cancelled = publish(in_ms=300), publish(in_ms=HOUR_MS)
    assert recent(storage, "demo", 10) == []
    until(lambda: promote(storage).taken)
    assert [each.message_id for each in recent(storage, "demo", 10)] == [soon]
    cancel(storage, cancelled)
    assert {each.message_id for each in recent(storage, "demo", 10)} == {soon, cancelled}


def test_a_reschedule_whose_answer_was_lost_may_be_asked_for_again(storage, publish):
    message_id = publish(in_ms=HOUR_MS)
    (due_ms,) = waiting(storage).values()
    content = storage.main.hget(keys.message(message_id), "content")
    ask = {"was_ms": int(due_ms), "due_ms": int(due_ms) + 1_000, "content": content}
    assert lifecycle.reschedule(storage, message_id, "demo", **ask)
    assert lifecycle.reschedule(storage, message_id, "demo", **ask)
    assert waiting(storage) == {message_id: due_ms + 1_000}


def test_a_repetition_published_again_under_its_key_after_its_end_is_still_the_first_one(storage):
    now_ms = wall_clock_ms()
    delivery = DeliveryOptions(repeat_every=1, repeat_expires_at=now_ms + 5_000, idempotency_key="once")
    first = accept(storage, APP, "Hello", delivery=delivery, now_ms=now_ms)
    later_ms = now_ms + 3_600_000
    assert accept(storage, APP, "Hello", delivery=delivery, now_ms=later_ms).message_id == first.message_id
    with pytest.raises(InvalidRepeat):
        accept(storage, APP, "Another", delivery=delivery, now_ms=later_ms)
