"""A provider can be told to fail TLS handshakes."""

from __future__ import annotations

import httpx
import pytest

from tests.simulation import Simulation


def reach(simulation: Simulation, url: str) -> int:
    """Status of an answer on a new connection."""
    with httpx.Client(http2=True, verify=simulation.tls(), trust_env=False) as client:
        return client.post(url).status_code


def fail(simulation: Simulation, count: int, provider: str | None = None) -> int:
    order = {"action": "fail_handshake", "count": count, "provider": provider}
    handshakes: int = simulation.control("POST", "/connections", order)["handshakes"]
    return handshakes


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"], ids=["without a server name", "with one"])
def test_the_next_handshakes_of_a_provider_fail_and_then_no_more(simulation: Simulation, host: str) -> None:
    url = simulation.send_url().replace("127.0.0.1", host)
    before = simulation.counts()["connections_per_provider"]["fcm"]
    assert fail(simulation, 2, "fcm") == 2
    for _ in range(2):
        with pytest.raises(httpx.ConnectError, match="SSL"):
            reach(simulation, url)
    assert reach(simulation, url) == 401
    after = simulation.counts()["connections_per_provider"]["fcm"]
    assert {name: after[name] - before[name] for name in ("handshakes_failed", "opened")} == {
        "handshakes_failed": 2,
        "opened": 1,
    }


def test_other_providers_and_open_connections_are_spared(simulation: Simulation) -> None:
    with httpx.Client(http2=True, verify=simulation.tls(), trust_env=False) as client:
        assert client.post(simulation.send_url()).status_code == 401
        fail(simulation, 1, "fcm")
        assert client.post(simulation.send_url()).status_code == 401
        assert reach(simulation, simulation.ready["providers"]["hms"]["endpoint"]) == 404
        with pytest.raises(httpx.ConnectError):
            reach(simulation, simulation.send_url())


def test_the_order_is_for_all_providers_and_can_be_withdrawn(simulation: Simulation) -> None:
    assert fail(simulation, 3) == 15
    fail(simulation, 0, "fcm")
    assert reach(simulation, simulation.send_url()) == 401
    hms = simulation.ready["providers"]["hms"]["endpoint"]
    with pytest.raises(httpx.ConnectError):
        reach(simulation, hms)
    simulation.reset()
    assert reach(simulation, hms) == 404


@pytest.mark.parametrize("order", [{"count": -1}, {"provider": "pigeon"}])
def test_an_order_that_cannot_be_is_refused(simulation: Simulation, order: dict[str, object]) -> None:
    with pytest.raises(RuntimeError, match="400"):
        simulation.control("POST", "/connections", {"action": "fail_handshake"} | order)
