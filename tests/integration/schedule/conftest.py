from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from clarion.accept import accept
from clarion.app import App
from clarion.clock import wall_clock_ms
from clarion.message import DeliveryOptions
from clarion.queue import Queue
from clarion.schedule import control
from clarion.storage import keys, open_storage
from tests.integration.delivery.conftest import System
from tests.simulation import Simulation

APP = App("demo", "Demo")


@pytest.fixture(scope="session")
def running_simulation():
    with Simulation() as simulation:
        yield simulation


@pytest.fixture
def system(storage, running_simulation):
    """One application, and one worker's thread that the test drives."""
    running_simulation.reset()
    made = System(storage, running_simulation)
    yield made
    made.close()


@pytest.fixture
def publish(storage):
    """Publish so many milliseconds ahead; returns the message's id."""

    def publish(body="Hello", in_ms=0, **options):
        now_ms = wall_clock_ms()
        delivery = DeliveryOptions(**({"publish_at": now_ms + in_ms} | options))
        return accept(storage, APP, body, delivery=delivery, now_ms=now_ms).message_id

    return publish


@pytest.fixture
def at_once(redis_url):
    """Call a function in so many threads at once, each with stores of its own; returns what each returned."""

    def at_once(threads, call):
        gate = threading.Barrier(threads)
        opened = [open_storage(redis_url) for _ in range(threads)]

        def one(storage):
            gate.wait()
            return call(storage)

        with ThreadPoolExecutor(threads) as pool:
            returned = list(pool.map(one, opened))
        for storage in opened:
            storage.close()
        return returned

    return at_once


def cancel(storage, message_id):
    control.cancel(storage, "demo", message_id, now_ms=wall_clock_ms(), broker_url=None)


def planned(storage):
    """The ids of the messages whose plan is queued, in the order of the queue."""
    documents = storage.main.lrange(Queue.PLAN, 0, -1)
    return [msgspec.json.decode(each)["headers"]["argsrepr"].split("'")[1] for each in reversed(documents)]


def waiting(storage, app="demo"):
    """What waits for a time: message id -> the instant, epoch ms."""
    return {each.decode(): score for each, score in storage.main.zrange(keys.due(app), 0, -1, withscores=True)}
