"""A provider asks the fleet to wait, in mid-broadcast: nobody asks it before, the others go on, the books close."""

from __future__ import annotations

import time

import pytest

from clarion import Messaging
from clarion.message import Outcome, State
from clarion.registry import OS, Device, register
from clarion.standing import State as Gate
from clarion.standing import standings
from config.stack import running
from tests.deadline import until
from tests.fault.conftest import Watch
from tests.simulation import ControlPlane

EACH = 6_000
WAIT_S = 4
#: From the answer to the last worker's knowing of it: one lease, and what was on its way.
HEARD_WITHIN_S = 0.5
SETTINGS = {"CLARION_SHARD_SIZE": "500", "CLARION_CONNECTIONS": "1"}


@pytest.fixture
def stack(tmp_path):
    with running(tmp_path, processes={"express": 1, "bulk": 2, "beat": 1}, settings=SETTINGS) as stack:
        yield stack


def test_a_credential_that_is_throttled_rests_everywhere_until_its_time_and_the_others_go_on(stack, storage):
    now_ms = time.time_ns() // 1_000_000
    android = [
        Device(token=f"sim:OK;ms=40:{n}", device_id=f"a{n}", os=OS.ANDROID, registered_at=now_ms) for n in range(EACH)
    ]
    huawei = [Device(token=f"hms-{n}", device_id=f"h{n}", os=OS.HMS, registered_at=now_ms) for n in range(EACH)]
    register(storage, stack.app, android + huawei)
    simulation = ControlPlane(stack.simulator)
    rule = {"fault": f"QUOTA_EXCEEDED;retry_after={WAIT_S}", "token_prefix": "sim:OK", "skip": EACH // 4, "count": 1}
    simulation.rules(rule)
    with Messaging(stack.redis_url, app_id=stack.app) as messaging:
        watch = Watch(stack, storage, messaging.publish("Hello").message_id)
    until(lambda: simulation.counts()["outcomes"].get("QUOTA_EXCEEDED"), 30)
    refused_at = time.time()

    until(lambda: state_of(storage, stack, "fcm") is Gate.PAUSED)
    until(lambda: "fcm is paused (QUOTA_EXCEEDED)" in (watch.look().status.error_message or ""))
    until(lambda: accepted(watch, "hms") == EACH)
    assert time.time() < refused_at + WAIT_S, "the other provider was held up"
    until(watch.over, 60)

    progress = watch.look()
    assert progress.state is State.PUBLISHED
    assert progress.books.closed
    assert progress.books.total(Outcome.ACCEPTED) == 2 * EACH
    counts = simulation.counts()
    assert counts["max_accepted_per_token"] == 1
    (seconds,) = [seconds for name, seconds in counts["per_second"].items() if "gserviceaccount" in name]
    resting = range(int(refused_at + HEARD_WITHIN_S) + 1, int(refused_at + WAIT_S) - 1)
    assert len(resting) >= 1
    assert [seconds.get(str(second), 0) for second in resting] == [0] * len(resting)


def state_of(storage, stack, provider):
    return next(each.state for each in standings(storage, stack.app) if each.provider == provider)


def accepted(watch, provider):
    entries = watch.look().books.entries
    return sum(e.devices for e in entries if (e.outcome, e.provider) == (Outcome.ACCEPTED, provider))
