"""Kill -9 in mid-broadcast: nobody is lost, and only what was in flight is repeated."""

from __future__ import annotations

import os
import signal
import time

import pytest

from clarion import Messaging
from clarion.message import State
from clarion.registry import OS, Device, register
from clarion.status import read
from clarion.storage import open_storage
from config.stack import running
from tests.simulation import ControlPlane

AUDIENCE = 12_000
STREAMS, RECORD_BATCH, THREADS = 40, 40, 2
#: What one thread may have sent without having recorded it: in flight, and answered but not yet written down.
WINDOW = STREAMS + RECORD_BATCH

SETTINGS = {
    "CLARION_CONNECTIONS": "1",
    "CLARION_STREAMS_PER_CONNECTION": str(STREAMS),
    "CLARION_RECORD_BATCH": str(RECORD_BATCH),
    "CLARION_SHARD_SIZE": "500",
    "CLARION_LEASE_S": "3",
}


@pytest.fixture(params=["threads", "prefork"])
def stack(request, tmp_path):
    processes = {"express": 1, "bulk": 1, "beat": 1}
    with running(tmp_path, processes=processes, settings=SETTINGS | {"CLARION_POOL": request.param}) as stack:
        yield stack


@pytest.fixture
def storage(stack):
    opened = open_storage(stack.redis_url)
    yield opened
    opened.close()


def broadcast(stack, storage):
    now_ms = time.time_ns() // 1_000_000
    for start in range(0, AUDIENCE, 2_000):
        numbers = range(start, start + 2_000)
        devices = [
            Device(token=f"sim:OK;ms=5:{n}", device_id=f"d{n}", os=OS.ANDROID, registered_at=now_ms) for n in numbers
        ]
        register(storage, stack.app, devices)
    with Messaging(stack.redis_url, app_id=stack.app) as messaging:
        return messaging.publish("Hello").message_id


def wait_until(condition, within_s):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def accepted(stack, storage, message_id):
    return sum(entry.devices for entry in read(storage, stack.app, message_id).books.entries)


def settled(stack, storage, message_id):
    progress = read(storage, stack.app, message_id)
    books = progress.books
    assert books.audience == books.pending + sum(entry.devices for entry in books.entries)
    return progress.state.terminal


def kill(stack, pool):
    """Kill -9 a child where there are children, else the process itself; returns how many windows that may repeat."""
    if pool == "prefork":
        os.kill(stack.fleet.children("bulk")[0], signal.SIGKILL)
        return 1
    stack.fleet.kill("bulk")
    stack.fleet.start("bulk")
    return THREADS


def test_a_worker_killed_in_mid_broadcast_loses_nobody(stack, storage, request):
    message_id = broadcast(stack, storage)
    wait_until(lambda: accepted(stack, storage, message_id) > AUDIENCE // 10, 30)
    pool = stack.fleet.env["CLARION_POOL"]
    windows = kill(stack, pool)
    wait_until(lambda: accepted(stack, storage, message_id) > AUDIENCE // 2, 60)
    stack.fleet.kill("bulk", children=True)
    windows += THREADS
    stack.fleet.start("bulk")
    wait_until(lambda: settled(stack, storage, message_id), 60)

    progress, seen = read(storage, stack.app, message_id), ControlPlane(stack.simulator).counts()
    assert progress.state is State.PUBLISHED
    assert progress.books.closed
    assert progress.books.audience == AUDIENCE
    assert seen["tokens_accepted"] == AUDIENCE
    assert seen["duplicates"] <= windows * WINDOW
