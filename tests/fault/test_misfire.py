"""No scheduler for a while: a repetition comes back with one run, or none, and then goes on in its rhythm."""

from __future__ import annotations

from itertools import pairwise

import pytest

from clarion import DeliveryOptions, Messaging, Misfire
from clarion.calendar.repeat import GRACE_MS
from clarion.clock import wall_clock_ms
from clarion.message import State
from clarion.schedule.run import history
from config.stack import running
from tests.deadline import until
from tests.fault.conftest import Watch, enrol
from tests.fault.delay import wait_until
from tests.simulation import ControlPlane


@pytest.fixture
def stack(tmp_path):
    with running(tmp_path, processes={"express": 1, "beat": 1}) as stack:
        yield stack


@pytest.fixture
def publish(stack, storage):
    enrol(stack, storage, 1, 1)
    with Messaging(stack.redis_url, app_id=stack.app) as messaging:

        def publish(**repeat):
            delivery = DeliveryOptions(push_singlecast=["d0"], **repeat)
            return messaging.publish("Hello", delivery_options=delivery).message_id

        yield publish


def test_one_run_stands_for_all_that_nobody_started(stack, storage, publish):
    parent = publish(repeat_every=1)

    def runs():
        return history(storage, parent, 1_000)[::-1]

    until(lambda: len(runs()) >= 2)
    stack.fleet.kill("beat")
    before = len(runs())
    wait_until(runs()[-1].due_ms + 10_000)
    assert len(runs()) == before
    stack.fleet.start("beat")
    until(lambda: len(runs()) >= before + 3)

    late, *after = runs()[before:]
    assert late.missed >= 9
    assert late.due_ms == runs()[before - 1].due_ms + (late.missed + 1) * 1_000
    assert all(run.missed == 0 for run in runs()[:before] + after)
    assert [later.due_ms - earlier.due_ms for earlier, later in pairwise([late, *after])] == [1_000] * len(after)
    progress = Watch(stack, storage, parent).look()
    assert (progress.missed, progress.state) == (late.missed, State.SCHEDULED)


def test_a_run_that_comes_too_late_is_skipped_where_that_was_asked_for(stack, storage, publish):
    stack.fleet.kill("beat")
    begins_ms, every_ms = wall_clock_ms() + 300, 2 * GRACE_MS
    repeat = {"publish_at": begins_ms, "repeat_every": every_ms // 1000, "repeat_count": 2}
    skips, coalesces = publish(misfire=Misfire.SKIP, **repeat), publish(**repeat)
    wait_until(begins_ms + GRACE_MS + 200)
    stack.fleet.start("beat")

    until(lambda: history(storage, skips, 1) and history(storage, coalesces, 1))
    (skipped,), (late,) = history(storage, skips, 10), history(storage, coalesces, 10)
    assert (skipped.due_ms, skipped.message_id, skipped.missed) == (begins_ms, None, 1)
    assert (late.due_ms, late.missed) == (begins_ms, 0)
    assert late.late_ms > GRACE_MS
    until(Watch(stack, storage, late.message_id).over)
    assert ControlPlane(stack.simulator).counts()["requests"] == 1

    until(lambda: len(history(storage, skips, 10)) == len(history(storage, coalesces, 10)) == 2)
    for parent, runs in ((skips, 1), (coalesces, 2)):
        latest = history(storage, parent, 1)[0]
        assert (latest.due_ms, latest.missed) == (begins_ms + every_ms, 0)
        assert latest.late_ms < GRACE_MS
        until(Watch(stack, storage, latest.message_id).over)
        assert Watch(stack, storage, parent).look().runs == runs
    assert ControlPlane(stack.simulator).counts()["requests"] == 3
