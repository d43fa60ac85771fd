"""Kill -9 of every other process of the Procfile: what was accepted before, between and after is delivered."""

from __future__ import annotations

import pytest

from clarion import Messaging, PublishStatus
from clarion.errors import ClarionError
from clarion.message import Outcome
from config.stack import running
from tests.deadline import until
from tests.fault.conftest import Watch, enrol
from tests.simulation import ControlPlane

AUDIENCE = 3_000


@pytest.fixture
def stack(tmp_path):
    with running(tmp_path, settings={"CLARION_LEASE_S": "3", "CLARION_SHARD_SIZE": "500"}) as stack:
        yield stack


@pytest.fixture
def messaging(stack):
    with Messaging(stack.fleet.api_url, app_id=stack.app, api_key=stack.key) as opened:
        yield opened


def test_a_publish_that_was_accepted_survives_the_planner_the_web_process_and_the_scheduler(stack, storage, messaging):
    enrol(stack, storage, AUDIENCE, answer_ms=1)

    def publish(text):
        return Watch(stack, storage, messaging.publish(text).message_id)

    messages = [publish("while all is well")]
    stack.fleet.kill("express")  # which has perhaps begun to plan it
    messages.append(publish("without a planner"))
    stack.fleet.kill("web", children=True)
    with pytest.raises(ClarionError):
        publish("without a server")
    stack.fleet.kill("beat")
    stack.fleet.start("web")
    stack.fleet.wait_up()
    messages.append(publish("without planner and scheduler"))
    assert not messages[-1].over()
    stack.fleet.start("express")
    stack.fleet.start("beat")

    for message in messages:
        until(message.over, 40)
        progress = message.look()
        assert progress.status.status is PublishStatus.PUBLISHED
        assert (progress.books.audience, progress.books.total(Outcome.ACCEPTED)) == (AUDIENCE, AUDIENCE)
    assert ControlPlane(stack.simulator).counts()["tokens_accepted"] == AUDIENCE
