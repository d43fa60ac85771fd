"""The moves between states, and who may make them: leases, fences, cancel, idempotency."""

from __future__ import annotations

import threading

import pytest

from clarion import lifecycle
from clarion.delivery import ledger
from clarion.delivery.deliver import deliver
from clarion.delivery.ledger import LeaseLost, entry
from clarion.delivery.outfit import Pace
from clarion.delivery.plan import PLANS_MAX, plan
from clarion.delivery.shard import Shard
from clarion.errors import IdempotencyConflict, Unavailable, UnknownMessage
from clarion.message import DeliveryOptions, Outcome, PublishOptions, PublishStatus, State
from clarion.storage import keys, open_storage
from tests.integration.delivery.conftest import System

LEASE_MS = 15_000


def claimed(system, message_id, owner="me", lease_ms=LEASE_MS):
    (shard,) = system.shards(message_id) or [first_leased(system, message_id)]
    return ledger.claim(system.storage, message_id, Shard.parse(shard), owner=owner, lease_ms=lease_ms)


def first_leased(system, message_id):
    return system.storage.main.zrange(keys.leased(message_id), 0, 0)[0].decode()


def planned(system, devices=10, **options):
    system.devices(devices)
    message_id = system.accept(**options)
    system.plan(message_id)
    return message_id


def test_a_message_moves_from_accepted_to_published(system):
    system.devices(1)
    message_id = system.accept()
    states = [system.progress(message_id).state]
    system.plan(message_id)
    states.append(system.progress(message_id).state)
    system.deliver(message_id)
    states.append(system.progress(message_id).state)
    assert states == [State.ACCEPTED, State.DELIVERING, State.PUBLISHED]
    assert system.progress(message_id).status.status is PublishStatus.PUBLISHED


def test_planning_twice_plans_once(system):
    message_id = planned(system)
    assert system.plan(message_id) == "over"
    assert len(system.shards(message_id)) == 1
    assert system.books(message_id) == {"pending": 10}


def test_a_plan_that_died_is_continued_where_it_stopped(system):
    system.devices(10)
    message_id = system.accept()
    lost = lifecycle.claim_plan(system.storage, message_id, owner="dead", lease_ms=-1)
    half = lifecycle.PlannedChunk(0, 10, None, range(10), ["0.0.9"], [], [])
    lifecycle.write_chunk(
        system.storage, message_id, lost.fence, half, app="demo", queue="clarion.express", lease_ms=-1
    )
    assert system.plan(message_id) == State.DELIVERING
    assert system.progress(message_id).books.audience == 10
    assert system.shards(message_id) == ["0.0.9"]
    assert lifecycle.finish_plan(system.storage, message_id, lost.fence) == State.DELIVERING


def test_a_planner_that_lost_its_lease_writes_nothing(system):
    system.devices(10)
    message_id = system.accept()
    stale = lifecycle.claim_plan(system.storage, message_id, owner="stale", lease_ms=0)
    lifecycle.claim_plan(system.storage, message_id, owner="new", lease_ms=LEASE_MS)
    chunk = lifecycle.PlannedChunk(0, 10, None, range(10), ["0.0.9"], [], [])
    state = lifecycle.write_chunk(
        system.storage, message_id, stale.fence, chunk, app="demo", queue="q", lease_ms=LEASE_MS
    )
    assert state == "fenced"
    assert system.books(message_id) == {}


def test_a_plan_that_is_half_written_is_not_refused_any_more(system):
    system.devices(10)
    message_id = system.accept(publish=PublishOptions(headers={"google.x": "1"}))
    lost = lifecycle.claim_plan(system.storage, message_id, owner="dead", lease_ms=-1)
    half = lifecycle.PlannedChunk(0, 10, None, range(10), ["0.0.9"], [], [])
    lifecycle.write_chunk(
        system.storage, message_id, lost.fence, half, app="demo", queue="clarion.express", lease_ms=-1
    )
    assert system.plan(message_id) == State.DELIVERING
    assert lifecycle.finish_plan(system.storage, message_id, lost.fence, error="late") == State.DELIVERING


def test_a_message_whose_planners_all_die_is_given_up(system):
    system.devices(1)
    message_id = system.accept()
    for number in range(PLANS_MAX):
        lifecycle.claim_plan(system.storage, message_id, owner=f"dead-{number}", lease_ms=-1)
    assert system.plan(message_id) == State.FAILED
    assert "planned" in system.progress(message_id).status.error_message


def test_only_one_worker_plans_at_a_time(system):
    message_id = system.accept()
    lifecycle.claim_plan(system.storage, message_id, owner="other", lease_ms=LEASE_MS)
    assert system.plan(message_id) == "busy"


def test_a_shard_is_leased_to_one_worker(system):
    message_id = planned(system)
    assert claimed(system, message_id, "one").fence == 1
    assert claimed(system, message_id, "two") == "busy"


def test_asking_again_after_a_lost_reply_gives_the_same_worker_its_shard(system):
    message_id = planned(system)
    claimed(system, message_id, "one")
    assert list(claimed(system, message_id, "one").pending) == list(range(10))


def test_a_worker_that_lost_its_lease_can_neither_record_nor_release(system):
    message_id = planned(system)
    stale = claimed(system, message_id, "stale", lease_ms=0)
    claimed(system, message_id, "new")
    with pytest.raises(LeaseLost):
        ledger.record(system.storage, message_id, stale, {entry(Outcome.ACCEPTED, "fcm"): [1]}, lease_ms=LEASE_MS)
    with pytest.raises(LeaseLost):
        ledger.close(system.storage, message_id, stale)
    assert system.books(message_id) == {"pending": 10}


def test_an_outcome_counts_once_however_often_it_is_recorded(system):
    message_id = planned(system)
    lease = claimed(system, message_id)
    accepted, unknown = entry(Outcome.ACCEPTED, "fcm"), entry(Outcome.UNKNOWN, "fcm", "LOST")
    for lines in ({accepted: [1, 2]}, {accepted: [1, 2, 3]}, {unknown: [2, 3, 4]}):
        ledger.record(system.storage, message_id, lease, lines, lease_ms=LEASE_MS)
    assert system.books(message_id) == {"accepted|fcm|": 3, "unknown|fcm|LOST": 1, "pending": 6}


def test_more_reasons_than_a_byte_can_tell_apart_still_close_the_books(system):
    message_id = planned(system, 600)
    for shard in system.shards(message_id):
        lease = ledger.claim(system.storage, message_id, Shard.parse(shard), owner="me", lease_ms=LEASE_MS)
        lines = {entry(Outcome.UNKNOWN, "fcm", f"REASON_{slot}"): [slot] for slot in lease.pending}
        ledger.record(system.storage, message_id, lease, lines, lease_ms=LEASE_MS)
        ledger.close(system.storage, message_id, lease)
    books = system.books(message_id)
    assert sum(books.values()) == 600
    assert books["unknown||OTHER"] == 360
    assert system.progress(message_id).state is State.FAILED


@pytest.mark.parametrize("audience", [5, 256, 257, 700])
def test_small_and_large_audiences_keep_the_same_books(new_system, audience):
    system = new_system(Pace(shard_size=100, record_batch=30))
    system.devices(audience)
    system.devices(2, channels=("other",))
    assert system.books(system.publish()) == {"accepted|fcm|": audience}


def test_cancel_before_planning_sends_nothing(system):
    system.devices(3)
    message_id = system.accept()
    assert lifecycle.cancel(system.storage, message_id, "demo").state is State.CANCELLED
    assert system.plan(message_id) == "over"
    assert system.progress(message_id).status.status is PublishStatus.CANCELLED


def test_cancel_after_planning_closes_the_books_without_sending(system):
    message_id = planned(system)
    assert lifecycle.cancel(system.storage, message_id, "demo").state is State.CANCELLING
    system.deliver(message_id)
    assert system.books(message_id) == {"cancelled||": 10}
    assert system.progress(message_id).state is State.CANCELLED
    assert system.simulation.counts()["requests"] == 0


def test_cancel_while_a_plan_is_half_written_ends_the_plan(system):
    system.devices(10)
    message_id = system.accept()
    lifecycle.claim_plan(system.storage, message_id, owner="dead", lease_ms=0)
    lifecycle.cancel(system.storage, message_id, "demo")
    assert system.plan(message_id) == "over"
    assert system.progress(message_id).state is State.CANCELLED


def test_cancel_in_mid_delivery_tells_who_was_reached_before(new_system, simulation):
    system = new_system(Pace(shard_size=5_000, record_batch=10))
    system.devices(2_000, token="sim:OK;ms=20:{}")
    message_id = system.accept()
    system.plan(message_id)
    worker = threading.Thread(target=system.deliver, args=(message_id, system.new_outfit()))
    worker.start()
    wait_until(lambda: system.books(message_id).get("accepted|fcm|", 0) > 100)
    lifecycle.cancel(system.storage, message_id, "demo")
    worker.join()
    books = system.books(message_id)
    assert set(books) == {"accepted|fcm|", "cancelled||"}
    assert sum(books.values()) == 2_000
    assert simulation.counts()["accepted"] == books["accepted|fcm|"]
    assert system.progress(message_id).state is State.CANCELLED


def wait_until(condition, within_s=20.0):
    poll = threading.Event()
    for _ in range(int(within_s / 0.005)):
        if condition():
            return
        poll.wait(0.005)
    pytest.fail("it did not come to that")


@pytest.mark.parametrize("app", ["demo", "another"])
def test_a_message_that_is_unknown_over_or_anothers_cannot_be_cancelled(system, app):
    message_id = system.publish() if app == "demo" else system.accept()
    with pytest.raises(UnknownMessage):
        lifecycle.cancel(system.storage, message_id, app)
    with pytest.raises(UnknownMessage):
        lifecycle.cancel(system.storage, "message:nothing", app)


def test_a_second_cancel_is_refused(system):
    message_id = planned(system)
    lifecycle.cancel(system.storage, message_id, "demo")
    with pytest.raises(UnknownMessage):
        lifecycle.cancel(system.storage, message_id, "demo")


def test_the_same_key_and_content_is_the_same_message(system):
    options = DeliveryOptions(idempotency_key="order-7")
    first = system.accept(delivery=options)
    assert system.accept(delivery=options) == first
    assert system.storage.main.llen("clarion.plan") == 1


def test_the_same_key_with_another_content_is_an_error_and_stores_nothing(system):
    options = DeliveryOptions(idempotency_key="order-7")
    system.accept(delivery=options)
    with pytest.raises(IdempotencyConflict):
        system.accept(body="Other", delivery=options)
    assert system.storage.main.zcard(keys.outbox()) == 1


def test_keys_of_a_settled_message_end_with_its_retention(system):
    message_id = planned(system)
    prefix = keys.message_prefix(message_id)
    assert {system.storage.main.ttl(key) for key in system.storage.main.keys(f"{glob(prefix)}*")} == {-1}
    system.deliver(message_id)
    left = {system.storage.main.ttl(key) for key in system.storage.main.keys(f"{glob(prefix)}*")}
    assert left
    assert min(left) > 0
    assert system.storage.main.zcard(keys.active()) == 0
    assert system.storage.main.zcard(keys.outbox()) == 0


def glob(prefix):
    return prefix.replace("{", "[{]").replace("}", "[}]")


def test_a_stale_task_for_a_closed_shard_does_nothing(system):
    message_id = planned(system)
    shards = system.shards(message_id)
    system.deliver(message_id)
    assert [deliver(system.outfit, message_id, shard) for shard in shards] == ["closed"]
    assert system.simulation.counts()["max_accepted_per_token"] == 1
    assert plan(system.outfit, message_id) == "over"


def test_without_redis_a_publish_is_refused_as_unavailable(system):
    storage = open_storage("redis://127.0.0.1:1/0")
    with pytest.raises(Unavailable):
        System.accept(_with(system, storage))


def _with(system, storage):
    system.storage = storage
    return system
