"""A credential of the wrong project: FCM calls everybody somebody else's, and nobody is removed for it."""

from __future__ import annotations

import json

import pytest

from clarion import Messaging
from clarion.message import Outcome, State
from clarion.registry import count
from clarion.standing import State as Gate
from clarion.standing import resume, standings
from config.stack import running
from tests.deadline import until
from tests.fault.conftest import Watch, enrol
from tests.simulation import ControlPlane

AUDIENCE = 4_000


@pytest.fixture
def stack(tmp_path):
    settings = {"CLARION_SHARD_SIZE": "500", "CLARION_CONNECTIONS": "1"}
    with running(tmp_path, processes={"express": 1, "bulk": 2, "beat": 1}, settings=settings) as stack:
        yield stack


def test_a_credential_that_suits_nobody_parks_the_provider_and_removes_nobody(stack, storage, clarion):
    enrol(stack, storage, AUDIENCE, 1)
    simulation = ControlPlane(stack.simulator)
    simulation.rules({"fault": "SENDER_ID_MISMATCH"})
    with Messaging(stack.redis_url, app_id=stack.app) as messaging:
        watch = Watch(stack, storage, messaging.publish("Hello").message_id)
        until(lambda: parked(storage, stack))
        why = "fcm is parked (SENDER_ID_MISMATCH)"
        until(lambda: why in (messaging.get_message_status(watch.message_id).error_message or ""))
        assert watch.look().books.pending > AUDIENCE * 0.9
    assert count(storage, stack.app) == AUDIENCE

    shown = clarion(stack, "providers", "--json")
    assert shown.returncode == 1
    (fcm,) = [each for each in json.loads(shown.stdout) if each["provider"] == "fcm"]
    assert (fcm["state"], fcm["reason"]) == ("parked", "SENDER_ID_MISMATCH")
    assert "nothing is sent with" in clarion(stack, "providers").stderr

    simulation.drop_rules()
    assert resume(storage, stack.app, "fcm")
    until(watch.over, 90)
    progress = watch.look()
    assert progress.state is State.PUBLISHED
    assert progress.books.closed
    refused = progress.books.total(Outcome.REJECTED)
    assert progress.books.total(Outcome.ACCEPTED) == AUDIENCE - refused
    assert refused < AUDIENCE * 0.1
    assert count(storage, stack.app) == AUDIENCE
    assert simulation.counts()["max_accepted_per_token"] == 1


def parked(storage, stack):
    return any(each.state is Gate.PARKED for each in standings(storage, stack.app))
