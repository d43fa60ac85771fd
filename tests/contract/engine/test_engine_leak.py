"""A worker lives for weeks: what a send takes it gives back."""

from __future__ import annotations

import gc
import os
import sys
import threading
import uuid
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from clarion.delivery.engine import Engine, Request
from tests.contract.engine.sink import sink

TOTAL, PER_SEND = 100_000, 2_000
HEADERS = ("authorization: bearer " + "t" * 180, "apns-topic: com.example.app")


@pytest.fixture
def kind() -> str:
    return "http2"


def requests(url: str, count: int) -> Iterator[Request]:
    """As for APNs: nothing but the topic and the credential is the same twice."""
    for number in range(count):
        own = (f"apns-id: {uuid.uuid4()}",)
        yield Request(number, f"{url}/3/device/{uuid.uuid4().hex}", HEADERS, b"x" * (number % 300), own)


def run(engine: Engine, url: str, count: int) -> int:
    """Send so many requests, now and then on new connections, now and then without waiting for the end."""
    accepted = 0
    for number in range(count // PER_SEND):
        if number % 5 == 0:
            engine.renew()
        answers = engine.send(requests(url, PER_SEND))
        accepted += sum(answer.status == 200 for answer in islice(answers, PER_SEND - number % 3) if answer)
        answers.close()
    return accepted


def held(engine: Engine) -> dict[str, int]:
    """What there is of everything that could pile up."""
    gc.collect()
    connections = [connection for origin in engine._origins for connection in origin.connections]
    return {
        "in flight": engine.in_flight,
        "streams": sum(len(connection.streams) for connection in connections),
        "connections": len(connections),
        "watched": len(engine._selector.get_map()),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
        "blocks": sys.getallocatedblocks(),
        "objects": len(gc.get_objects()),
        "resident": int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"),
    }


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_hundred_thousand_requests_leave_nothing_behind(make, authority, context):
    with sink(authority.folder / "127.0.0.1.pem") as url:
        engine = make(connections_max=4)
        run(engine, url, 20_000)  # what is remembered of header blocks, names and lengths has its bounds
        before = held(engine)
        assert run(engine, url, TOTAL) >= TOTAL - 2 * TOTAL // PER_SEND
        after = held(engine)
    grown = {what: after[what] - before[what] for what in after}
    assert (after["in flight"], after["streams"]) == (0, 0)
    # Between one and four connections are open, whenever one looks.
    for what in ("connections", "watched", "descriptors"):
        assert abs(grown[what]) <= 3, grown
    assert grown["threads"] <= 0, grown
    # One object a request would be a hundred thousand.
    assert grown["blocks"] < 5_000, grown
    assert grown["objects"] < 2_000, grown
    assert grown["resident"] < 4 << 20, grown
