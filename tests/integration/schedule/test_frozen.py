"""An audience that is settled when the message is published."""

from __future__ import annotations

import pytest

from clarion import lifecycle
from clarion.delivery.plan import _freeze
from clarion.errors import UnknownMessage
from clarion.message import DeliveryOptions, Outcome, State
from clarion.message.message import decode
from clarion.registry import unregister
from clarion.schedule.promotion import promote
from clarion.schedule.run import history
from clarion.storage import keys
from tests.deadline import until
from tests.integration.schedule.conftest import cancel, waiting

HOUR_S = 3_600


def frozen(system, in_ms, **options):
    """Publish with a frozen audience, and settle it."""
    delivery = DeliveryOptions(freeze_audience=True, publish_at=system.clock() + in_ms, **options)
    message_id = system.accept(delivery=delivery)
    assert system.progress(message_id).state is State.ACCEPTED
    assert system.plan(message_id) == State.SCHEDULED
    return message_id


def start(system):
    """Wait until something is due and brought on."""
    until(lambda: promote(system.storage).taken)


def tokens(system):
    """Who got how many messages."""
    return {token: row["accepted"] for token, row in system.simulation.ledger().items() if row["accepted"]}


def leave(system, device):
    unregister(system.storage, "demo", device.device_id, None, now_ms=system.clock())


def test_who_registers_after_the_publish_does_not_get_it_and_who_left_neither(system):
    here = system.devices(3)
    message_id = frozen(system, 500)
    system.devices(2)
    leave(system, here[0])
    start(system)
    system.plan(message_id)
    system.deliver(message_id)
    progress = system.progress(message_id)
    assert (progress.state, progress.books.audience) == (State.PUBLISHED, 3)
    assert progress.books.total(Outcome.ACCEPTED) == 2
    assert progress.books.closed
    assert tokens(system) == {here[1].token: 1, here[2].token: 1}


def test_without_it_the_audience_is_that_of_the_sending(system):
    system.devices(2)
    message_id = system.accept(delivery=DeliveryOptions(publish_at=system.clock() + 500))
    late = system.devices(1)
    start(system)
    system.plan(message_id)
    system.deliver(message_id)
    assert system.progress(message_id).books.audience == 3
    assert late[0].token in tokens(system)


def test_a_device_that_nobody_answers_to_is_remembered_as_such(system):
    system.devices(1)
    message_id = frozen(system, 500, push_singlecast=["device-0", "ghost"])
    start(system)
    system.plan(message_id)
    system.deliver(message_id)
    progress = system.progress(message_id)
    assert (progress.books.audience, progress.unmatched) == (1, ("ghost",))


def test_every_run_has_the_audience_of_the_publish(system):
    first, second, third = here = system.devices(3)
    parent = frozen(system, -100, repeat_every=1, repeat_count=2)
    system.devices(1)
    for _ in range(2):
        start(system)
        run = history(system.storage, parent, 1)[0].message_id
        system.plan(run)
        system.deliver(run)
        assert system.progress(run).books.audience == 3
        leave(system, here.pop())
    assert tokens(system) == {first.token: 2, second.token: 2, third.token: 1}
    assert system.progress(parent).state is State.PUBLISHED
    assert waiting(system.storage) == {}


def test_a_frozen_message_that_is_cancelled_waits_for_nothing_and_closes(system):
    system.devices(3)
    message_id = frozen(system, HOUR_S * 1000)
    cancel(system.storage, message_id)
    progress = system.progress(message_id)
    assert (progress.state, progress.books.audience, progress.books.closed) == (State.CANCELLED, 0, True)
    assert waiting(system.storage) == {}
    assert system.storage.main.zcard(keys.outbox()) == 0
    assert system.storage.main.ttl(keys.frozen(message_id)) > 0
    assert system.plan(message_id) == "over"


def test_cancelling_before_its_audience_is_settled_leaves_nothing_to_do(system):
    delivery = DeliveryOptions(freeze_audience=True, publish_at=system.clock() + HOUR_S * 1000)
    message_id = system.accept(delivery=delivery)
    cancel(system.storage, message_id)
    assert system.plan(message_id) == "over"
    assert system.progress(message_id).state is State.CANCELLED


def test_cancelling_while_its_audience_is_settled_closes_it(system):
    system.devices(1)
    delivery = DeliveryOptions(freeze_audience=True, publish_at=system.clock() + HOUR_S * 1000)
    message_id = system.accept(delivery=delivery)
    claim = lifecycle.claim_plan(system.storage, message_id, owner="one", lease_ms=60_000)
    assert (claim.early, claim.settled) == (True, False)
    assert lifecycle.cancel(system.storage, message_id, "demo").state is State.CANCELLING
    assert lifecycle.freeze(system.storage, message_id, "demo", claim.fence) == State.CANCELLING
    assert lifecycle.finish_plan(system.storage, message_id, claim.fence) == State.CANCELLED
    assert waiting(system.storage) == {}
    with pytest.raises(UnknownMessage):
        cancel(system.storage, message_id)


def test_a_planner_that_dies_before_the_audience_is_settled_has_a_successor(system):
    system.devices(2)
    delivery = DeliveryOptions(freeze_audience=True, publish_at=system.clock() + 500)
    message_id = system.accept(delivery=delivery)
    lifecycle.claim_plan(system.storage, message_id, owner="dead", lease_ms=-1)
    assert system.plan(message_id) == State.SCHEDULED
    start(system)
    system.plan(message_id)
    system.deliver(message_id)
    assert system.progress(message_id).books.total(Outcome.ACCEPTED) == 2


def test_an_audience_that_is_settled_after_its_time_goes_on_at_once(system):
    system.devices(2)
    delivery = DeliveryOptions(freeze_audience=True, publish_at=system.clock() + 400)
    message_id = system.accept(delivery=delivery)
    claim = lifecycle.claim_plan(system.storage, message_id, owner="dead", lease_ms=-1)
    assert claim.early
    until(lambda: system.clock() > claim_due(system, message_id))
    assert system.plan(message_id) == State.DELIVERING
    assert system.progress(message_id).books.audience == 2
    assert waiting(system.storage) == {}


def claim_due(system, message_id):
    return int(system.storage.main.hget(keys.message(message_id), "due_ms"))


def test_a_planner_that_wakes_after_the_time_came_leaves_the_audience_alone(system):
    system.devices(3)
    delivery = DeliveryOptions(freeze_audience=True, publish_at=system.clock() + 300)
    message_id = system.accept(delivery=delivery)
    stale = lifecycle.claim_plan(system.storage, message_id, owner="stale", lease_ms=-1)
    assert system.plan(message_id) == State.SCHEDULED
    start(system)
    message = decode(stale.content)
    assert _freeze(system.outfit, message, stale) == State.ACCEPTED
    system.plan(message_id)
    system.deliver(message_id)
    assert system.progress(message_id).books.total(Outcome.ACCEPTED) == 3


def test_a_planner_that_wakes_after_the_end_leaves_nothing_for_ever(system):
    system.devices(3)
    delivery = DeliveryOptions(freeze_audience=True, publish_at=system.clock() + 300)
    message_id = system.accept(delivery=delivery)
    stale = lifecycle.claim_plan(system.storage, message_id, owner="stale", lease_ms=15_000)
    lifecycle.cancel(system.storage, message_id, "demo")
    assert _freeze(system.outfit, decode(stale.content), stale) == State.CANCELLED
    assert system.storage.main.ttl(keys.frozen(message_id)) > 0
