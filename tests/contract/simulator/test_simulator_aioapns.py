"""A client that others use must work against the simulator, and read its errors as the real ones."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aioapns
import aioapns.connection
import pytest

from tests.contract.simulator.apns_peer import facts, token
from tests.simulation import Simulation


@pytest.fixture
def known(simulation: Simulation, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    found = facts(simulation)
    for endpoint, protocol in (
        ("endpoint", aioapns.connection.APNsProductionClientProtocol),
        ("sandbox_endpoint", aioapns.connection.APNsDevelopmentClientProtocol),
    ):
        url = urlsplit(found[endpoint])
        monkeypatch.setattr(protocol, "APNS_SERVER", url.hostname)
        monkeypatch.setattr(protocol, "APNS_PORT", url.port)
    return found


@pytest.fixture(autouse=True)
def no_socket_is_left() -> Iterator[None]:
    """What is left open is found here, and not whenever the garbage of some later test is collected."""
    yield
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


def send(simulation: Simulation, known: dict[str, Any], *tokens: str, use_sandbox: bool = False) -> list[Any]:
    key = Path(known["key_file"]).read_text()

    async def run() -> list[Any]:
        client = aioapns.APNs(
            key=key,
            key_id=known["key_id"],
            team_id=known["team_id"],
            topic=known["topic"],
            use_sandbox=use_sandbox,
            ssl_context=simulation.tls("h2"),
            max_connections=2,
        )
        requests = [
            aioapns.NotificationRequest(
                device_token=each,
                message={"aps": {"alert": "Hello"}},
                time_to_live=60,
                collapse_key="k",
                push_type=aioapns.PushType.ALERT,
            )
            for each in tokens
        ]
        try:
            return [await client.send_notification(request) for request in requests]
        finally:
            await close(client)

    return asyncio.run(run())


async def close(client: aioapns.APNs) -> None:
    """Wait until its connections are lost: `asyncio.run` would end the loop with their sockets open."""
    lost = asyncio.Queue[Any]()
    connections = list(client.pool.connections)
    for connection in connections:
        connection.on_connection_lost = lost.put_nowait
    client.pool.close()
    async with asyncio.timeout(10):
        for _ in connections:
            await lost.get()


def test_its_notifications_arrive_and_its_errors_are_read(simulation: Simulation, known: dict[str, Any]) -> None:
    dead = token("sim:Unregistered;since_ms=1700000000000:a")
    good, gone, bad = send(simulation, known, "00" * 32, dead, token("sim:BadDeviceToken:a"))
    assert good.is_successful
    assert (gone.status, gone.description, gone.timestamp) == ("410", "Unregistered", 1_700_000_000_000)
    assert (bad.status, bad.description) == ("400", "BadDeviceToken")
    (received,) = simulation.received("00" * 32)
    assert received["message"] == {"aps": {"alert": "Hello"}}
    assert received["headers"]["apns-collapse-id"] == "k"


def test_its_sandbox_is_ours(simulation: Simulation, known: dict[str, Any]) -> None:
    wrong, right = send(simulation, known, "00" * 32, "5a" * 32, use_sandbox=True)
    assert (wrong.description, right.is_successful) == ("BadDeviceToken", True)
