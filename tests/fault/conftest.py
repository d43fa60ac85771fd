"""A real system, started for one test, and what the tests ask of a message in it."""

from __future__ import annotations

import subprocess
import time

import pytest

from clarion.registry import OS, Device, register
from clarion.status import read
from clarion.storage import open_storage
from config.fleet import ROOT
from tests.simulation import ControlPlane


@pytest.fixture
def storage(stack):
    opened = open_storage(stack.redis_url)
    yield opened
    opened.close()


@pytest.fixture
def clarion():
    """Run the command line against a system, as an operator would."""

    def run(stack, *words):
        return subprocess.run(
            [ROOT / "bin" / "clarion", *words],
            env=dict(stack.fleet.env),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def enrol(stack, storage, number, answer_ms):
    """Register so many devices, whose provider takes `answer_ms` for each answer."""
    now_ms = time.time_ns() // 1_000_000
    for start in range(0, number, 2_000):
        devices = [
            Device(token=f"sim:OK;ms={answer_ms}:{n}", device_id=f"d{n}", os=OS.ANDROID, registered_at=now_ms)
            for n in range(start, min(start + 2_000, number))
        ]
        register(storage, stack.app, devices)


class Watch:
    """One message; every look at it checks that its books add up."""

    def __init__(self, stack, storage, message_id):
        self.message_id = message_id
        self._where = storage, stack.app, message_id

    def look(self):
        progress = read(*self._where)
        books = progress.books
        assert books.audience == books.pending + sum(entry.devices for entry in books.entries)
        return progress

    def settled(self):
        """How many devices have their outcome."""
        books = self.look().books
        return books.audience - books.pending

    def over(self):
        return self.look().state.terminal

    def assert_under_way(self):
        progress = self.look()
        assert not progress.state.terminal
        assert progress.books.pending > 0


def arrivals(stack, token):
    """The messages that a device got: (message id, arrival in epoch ms), oldest first."""
    found = ControlPlane(stack.simulator).received(token)
    return [(each["message"]["data"]["messageId"], each["at"]) for each in found if each["accepted"]]
