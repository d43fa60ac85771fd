"""Delayed publishes, and what is to become of each of them."""

from __future__ import annotations

import random
import time

from clarion import DeliveryOptions, Messaging
from clarion.clock import wall_clock_ms
from clarion.message import State
from tests.deadline import until
from tests.fault.conftest import Watch, arrivals, enrol
from tests.simulation import ControlPlane


class Delayed:
    """So many publishes, each to one device of its own, due between two times from now, in seconds."""

    def __init__(self, stack, storage, number, soonest_s, latest_s):
        self._stack, source = stack, random.Random(number)
        ControlPlane(stack.simulator).reset()
        enrol(stack, storage, number, 1)
        self.sent = {}
        with (
            Messaging(stack.fleet.api_url, app_id=stack.app, api_key=stack.key) as http,
            Messaging(stack.redis_url, app_id=stack.app) as direct,
        ):
            for device in range(number):
                at_ms = wall_clock_ms() + round(source.uniform(soonest_s, latest_s) * 1000)
                delivery = DeliveryOptions(publish_at=at_ms, push_singlecast=[f"d{device}"])
                message_id = (http, direct)[device % 2].publish(device, delivery_options=delivery).message_id
                self.sent[f"sim:OK;ms=1:{device}"] = Watch(stack, storage, message_id), at_ms

    def assert_all_wait(self):
        assert all(watch.look().state is State.SCHEDULED for watch, _ in self.sent.values())

    def assert_each_comes_once_and_not_early(self, within_s):
        until(lambda: all(watch.over() for watch, _ in self.sent.values()), within_s)
        for token, (watch, at_ms) in self.sent.items():
            ((message_id, arrived_ms),) = arrivals(self._stack, token)
            assert message_id == watch.message_id
            assert arrived_ms >= at_ms
            assert watch.look().books.closed


def wait_until(at_ms):
    """Until the wall clock shows that many epoch milliseconds."""
    time.sleep(max(0.0, at_ms / 1000 - time.time()))
