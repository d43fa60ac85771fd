"""A budget, two workers, and single pushes in between: no second at the provider has more than the rate."""

from __future__ import annotations

import pytest

from clarion import DeliveryOptions, Messaging
from clarion.message import State
from config.stack import running
from tests.deadline import until
from tests.fault.conftest import Watch, enrol
from tests.simulation import ControlPlane

RATE, SECONDS, SINGLES = 1_000, 5, 20


@pytest.fixture
def stack(tmp_path):
    credentials = {"fcm": {"rate_per_s": RATE}}
    with running(tmp_path, processes={"express": 1, "bulk": 2, "beat": 1}, credentials=credentials) as stack:
        yield stack


def test_a_fleet_never_sends_more_in_a_second_than_its_budget(stack, storage):
    enrol(stack, storage, RATE * SECONDS, 1)
    with Messaging(stack.redis_url, app_id=stack.app) as messaging:
        watch = Watch(stack, storage, messaging.publish("Hello").message_id)
        until(lambda: watch.settled() > RATE // 10)
        single = DeliveryOptions(push_singlecast=["d0"])
        singles = [
            Watch(stack, storage, messaging.publish(n, delivery_options=single).message_id) for n in range(SINGLES)
        ]
        until(lambda: all(each.over() for each in singles))
        watch.assert_under_way()
        until(watch.over, 60)
    assert watch.look().state is State.PUBLISHED
    (seconds,) = ControlPlane(stack.simulator).counts()["per_second"].values()
    assert sum(seconds.values()) == RATE * SECONDS + SINGLES
    assert max(seconds.values()) <= RATE
