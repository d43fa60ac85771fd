"""The simulator, emptied for each test, for our providers to send to."""

from __future__ import annotations

from collections.abc import Iterator

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
