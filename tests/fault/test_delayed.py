"""Delayed publishes: each device gets its message once and not before its time, whatever ends in the meantime."""

from __future__ import annotations

import random
import time

import pytest

from clarion import DeliveryOptions, Messaging
from clarion.clock import wall_clock_ms
from clarion.message import State
from config import redis_server
from config.stack import running
from tests.deadline import until
from tests.fault.conftest import Watch, arrivals, enrol

PROCESSES = {"web": 1, "express": 1, "bulk": 1, "beat": 1}
#: Shorter than the longest wait, and than the broker's own delay of what it holds back: no time may depend on it.
VISIBILITY_TIMEOUT_S = 5


@pytest.fixture
def stack(tmp_path):
    settings = {"CLARION_VISIBILITY_TIMEOUT_S": str(VISIBILITY_TIMEOUT_S)}
    with running(tmp_path, processes=PROCESSES, settings=settings) as stack:
        yield stack


class Delayed:
    """So many publishes, each to one device of its own, due between two times from now, in seconds."""

    def __init__(self, stack, storage, number, soonest_s, latest_s):
        self._stack, self._storage, source = stack, storage, random.Random(number)
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


def wait_until(at_s):
    time.sleep(max(0.0, at_s - time.time()))


def test_each_device_gets_its_message_once_and_not_before_its_time(stack, storage):
    delayed = Delayed(stack, storage, 300, 1, 6)
    delayed.assert_each_comes_once_and_not_early(within_s=30)


def test_a_wait_beyond_the_brokers_visibility_timeout_is_one_wait(stack, storage):
    delayed = Delayed(stack, storage, 20, 2 * VISIBILITY_TIMEOUT_S, 2 * VISIBILITY_TIMEOUT_S + 2)
    delayed.assert_all_wait()
    delayed.assert_each_comes_once_and_not_early(within_s=40)
    until(lambda: not storage.main.exists("unacked"))  # the broker has nothing left that it might deliver again


def test_another_scheduler_takes_over_from_one_that_was_killed(stack, storage):
    delayed = Delayed(stack, storage, 50, 3, 6)
    stack.fleet.kill("beat")
    delayed.assert_all_wait()
    stack.fleet.start("beat")
    delayed.assert_each_comes_once_and_not_early(within_s=30)


def test_what_is_scheduled_outlives_a_kill_of_redis(stack, storage):
    delayed = Delayed(stack, storage, 50, 4, 7)
    until(lambda: not storage.main.info("persistence")["aof_buffer_length"])
    stack.redis.kill()
    server = redis_server.start(stack.redis.data_dir, stack.redis.port)
    try:
        delayed.assert_all_wait()
        delayed.assert_each_comes_once_and_not_early(within_s=60)
    finally:
        stack.fleet.stop()
        server.stop()


def test_what_became_due_while_nobody_was_there_is_started_late_and_once(stack, storage):
    delayed = Delayed(stack, storage, 20, 0.5, 1)
    stack.fleet.kill("beat")
    wait_until(max(at_ms for _, at_ms in delayed.sent.values()) / 1000 + 1)
    stack.fleet.start("beat", 2)
    delayed.assert_each_comes_once_and_not_early(within_s=30)
