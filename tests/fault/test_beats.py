"""Three schedulers that are killed at random for a minute: every run of a repeated message is started once."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from clarion import DeliveryOptions, Messaging
from clarion.clock import wall_clock_ms
from clarion.message import Outcome, State
from clarion.schedule.run import history
from config.stack import running
from tests.deadline import until
from tests.fault.conftest import Watch, arrivals, enrol
from tests.simulation import ControlPlane

EVERY_S, SECONDS, BEATS, DEVICES = 2, 60, 3, 20
RUNS = SECONDS // EVERY_S


@pytest.fixture
def stack(tmp_path):
    with running(tmp_path, processes={"express": 2, "bulk": 1}) as stack:
        yield stack


class Beats:
    """The schedulers, killed and started again at random; one that works is always left."""

    def __init__(self, fleet, members, source):
        self._fleet, self._source = fleet, source
        self._members, self._restarts = members, []
        self.kills = 0
        until(lambda: len(self._look()) == BEATS)

    def _look(self):
        self._working = {each for each in self._members if b"beat: Starting" in each.log.read_bytes()}
        return self._working

    def step(self):
        """Kill one, unless it is the last of those that worked the last time; start those whose pause is over."""
        victim = self._source.choice(self._members)
        if self._working - {victim}:
            os.kill(victim.process.pid, signal.SIGKILL)
            self.kills += 1
            self._members.remove(victim)
            self._restarts.append(time.monotonic() + self._source.uniform(0, 3))
        due = [at for at in self._restarts if at <= time.monotonic()]
        self._restarts = [at for at in self._restarts if at not in due]
        self._members += self._fleet.start("beat", len(due))
        self._look()


@pytest.mark.timeout(240)
def test_schedulers_that_are_killed_at_random_miss_no_run_and_repeat_none(stack, storage):
    source = random.Random(20)
    simulation = ControlPlane(stack.simulator)
    simulation.profile(keep_per_token=2 * RUNS)
    enrol(stack, storage, DEVICES, 1)
    beats = Beats(stack.fleet, stack.fleet.start("beat", BEATS), source)
    with Messaging(stack.redis_url, app_id=stack.app) as messaging:
        begins_ms = wall_clock_ms() + 1_000
        delivery = DeliveryOptions(publish_at=begins_ms, repeat_every=EVERY_S)
        parent = Watch(stack, storage, messaging.publish("Hello", delivery_options=delivery).message_id)
        while time.time() * 1000 < begins_ms + SECONDS * 1000:
            beats.step()
            time.sleep(source.uniform(0.1, 2))
        messaging.cancel(parent.message_id)
    assert beats.kills > SECONDS // 5

    runs = history(storage, parent.message_id, 1_000)[::-1]
    assert len(runs) >= RUNS - 1
    assert [run.due_ms for run in runs] == [begins_ms + number * EVERY_S * 1000 for number in range(len(runs))]
    assert sum(run.missed for run in runs) == 0
    ids = [run.message_id for run in runs]
    assert len(set(ids)) == len(ids)
    for run in ids:
        watch = Watch(stack, storage, run)
        until(watch.over)
        progress = watch.look()
        assert progress.books.closed
        if progress.state is not State.CANCELLED:  # the last one may have been on its way
            assert progress.books.total(Outcome.ACCEPTED) == DEVICES

    whole = [run for run in ids if Watch(stack, storage, run).look().state is State.PUBLISHED]
    assert whole[: len(ids) - 1] == ids[: len(ids) - 1]
    for number in range(DEVICES):
        got = [message_id for message_id, _ in arrivals(stack, f"sim:OK;ms=1:{number}")]
        assert len(set(got)) == len(got)
        assert set(whole) <= set(got) <= set(ids)
    assert parent.look().state is State.CANCELLED
    assert_no_further_run(stack, storage, parent, len(runs))


def assert_no_further_run(stack, storage, parent, runs):
    sent = ControlPlane(stack.simulator).counts()["requests"]
    over_at = time.monotonic() + 2 * EVERY_S
    while time.monotonic() < over_at:
        assert len(history(storage, parent.message_id, 1_000)) == runs
        assert ControlPlane(stack.simulator).counts()["requests"] == sent
        time.sleep(0.2)
