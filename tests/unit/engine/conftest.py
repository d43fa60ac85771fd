from __future__ import annotations

import socket
import ssl

import pytest

from clarion.delivery.engine import EngineOptions, Request
from clarion.delivery.engine.http2.connection import Connection
from clarion.delivery.engine.http2.link import Link
from clarion.delivery.engine.http2.resolution import Address
from clarion.delivery.engine.http2.stream import Stream
from tests.unit.engine.peer import Peer

LINES = ("content-type: application/json", "authorization: Bearer secret")


@pytest.fixture(scope="session")
def port():
    """A port where the kernel accepts and nobody speaks: what is written stays where a test can look at it."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        yield listener.getsockname()[1]


@pytest.fixture(scope="session")
def make_peer(port):
    context = ssl.create_default_context()

    def make(**options) -> Peer:
        answers = []
        link = Link("127.0.0.1", Address(socket.AF_INET, ("127.0.0.1", port)), context)
        return Peer(Connection(link, "push.example.com", EngineOptions(**options), answers, 0.0), answers)

    return make


@pytest.fixture
def peer(make_peer):
    one = make_peer(timeout_s=10.0)
    yield one
    one.connection.link.close()


@pytest.fixture
def begin(peer):
    """Begins a request with a body; returns its stream."""

    def begin_one(body: bytes = b"{}", lines: tuple[str, ...] = LINES) -> Stream:
        stream = Stream(Request(body, "https://push.example.com/send", lines, body), b"/send", 10.0)
        peer.connection.begin(stream)
        return stream

    return begin_one
