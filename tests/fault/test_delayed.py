"""Delayed publishes: each device gets its message once and not before its time, whatever ends in the meantime."""

from __future__ import annotations

import pytest

from config.stack import running
from tests.deadline import until
from tests.fault.delay import Delayed, wait_until

#: Shorter than the longest wait, and than the broker's own delay of what it holds back: no time may depend on it.
VISIBILITY_TIMEOUT_S = 5


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    settings = {"CLARION_VISIBILITY_TIMEOUT_S": str(VISIBILITY_TIMEOUT_S)}
    with running(tmp_path_factory.mktemp("delayed"), settings=settings) as stack:
        yield stack


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


def test_what_became_due_while_nobody_was_there_is_started_late_and_once(stack, storage):
    delayed = Delayed(stack, storage, 20, 1, 2)
    stack.fleet.kill("beat")
    wait_until(max(at_ms for _, at_ms in delayed.sent.values()) + 500)
    stack.fleet.start("beat", 2)
    delayed.assert_each_comes_once_and_not_early(within_s=30)
