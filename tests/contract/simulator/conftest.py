from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.simulation import Simulation


@pytest.fixture(scope="session")
def running() -> Iterator[Simulation]:
    with Simulation("--project", "first", "--project", "second") as simulation:
        yield simulation


@pytest.fixture
def simulation(running: Simulation) -> Simulation:
    running.reset()
    return running


@pytest.fixture(scope="session")
def bearer(running: Simulation) -> dict[str, str]:
    return {"authorization": f"Bearer {running.access_token()}"}


@pytest.fixture(params=[True, False], ids=["HTTP/2", "HTTP/1.1"])
def client(request: pytest.FixtureRequest, simulation: Simulation, bearer: dict[str, str]) -> Iterator[httpx.Client]:
    with httpx.Client(
        http2=request.param, http1=not request.param, verify=simulation.tls(), headers=bearer, trust_env=False
    ) as client:
        yield client
