"""Kill -9 in mid-broadcast: nobody is lost, and only what was in flight is repeated."""

from __future__ import annotations

import os
import signal

import pytest

from clarion import Messaging
from clarion.message import State
from config.stack import running
from tests.deadline import until
from tests.fault.conftest import Watch, enrol
from tests.simulation import ControlPlane

AUDIENCE, ANSWER_MS = 12_000, 20
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
def broadcast(stack, storage):
    """A message to everybody, when the first tenth of them have got it."""
    enrol(stack, storage, AUDIENCE, ANSWER_MS)
    with Messaging(stack.redis_url, app_id=stack.app) as messaging:
        watch = Watch(stack, storage, messaging.publish("Hello").message_id)
    until(lambda: watch.settled() > AUDIENCE // 10)
    return watch


def kill_one(stack):
    """Kill -9 a child where there are children, else the process itself; returns how many windows that may repeat."""
    children = stack.fleet.children("bulk")
    if children:
        os.kill(children[0], signal.SIGKILL)
        return 1
    stack.fleet.kill("bulk")
    stack.fleet.start("bulk")
    return THREADS


def check_books(stack, watch, windows):
    """Everybody got it, and no more than so many windows got it twice."""
    progress, seen = watch.look(), ControlPlane(stack.simulator).counts()
    assert progress.state is State.PUBLISHED
    assert progress.books.closed
    assert progress.books.audience == AUDIENCE
    assert seen["tokens_accepted"] == AUDIENCE
    assert seen["duplicates"] <= windows * WINDOW


def test_a_worker_killed_in_mid_broadcast_loses_nobody(stack, broadcast):
    broadcast.assert_under_way()
    windows = kill_one(stack)
    until(lambda: broadcast.settled() > AUDIENCE // 2)
    broadcast.assert_under_way()
    stack.fleet.kill("bulk", children=True)
    stack.fleet.start("bulk")
    until(broadcast.over, 40)
    check_books(stack, broadcast, windows + THREADS)


@pytest.mark.parametrize("stack", ["prefork"], indirect=True)
def test_children_whose_parent_alone_is_killed_neither_lose_nor_repeat_what_is_theirs(stack, broadcast):
    orphans = set(stack.fleet.children("bulk"))
    assert len(orphans) == THREADS
    broadcast.assert_under_way()
    stack.fleet.kill("bulk")
    stack.fleet.start("bulk")
    until(broadcast.over, 40)
    check_books(stack, broadcast, THREADS)
    until(lambda: not orphans & set(stack.fleet.children("bulk")))
