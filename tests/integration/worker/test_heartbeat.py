from __future__ import annotations

import threading

import pytest
from structlog.testing import capture_logs

from clarion.queue import Queue
from clarion.storage import keys
from config.settings import Settings
from tests.deadline import until
from worker.signal import beat


@pytest.fixture
def beating(storage):
    """Starts the heartbeat of a worker with the given settings."""
    stopped, threads = threading.Event(), []

    def start(settings, store=storage):
        thread = threading.Thread(target=beat, args=(store, settings, stopped), kwargs={"every_s": 0.01})
        threads.append(thread)
        thread.start()
        return thread

    yield start
    stopped.set()
    for thread in threads:
        thread.join(10)


def seen_ms(storage):
    return [score for _name, score in storage.main.zrange(keys.workers(), 0, -1, withscores=True)]


def test_a_worker_is_known_and_asks_for_one_sweep(beating, storage, redis_url):
    beating(Settings(redis_url=redis_url))
    first = until(lambda: seen_ms(storage))
    until(lambda: seen_ms(storage) > first)
    assert storage.main.llen(Queue.RESCUE) == 1


def test_a_heart_goes_on_beating_whatever_the_broker_does(beating, storage, redis_url):
    foreign = type(storage)(storage.main, storage.registry, queues_on_main=False)
    with capture_logs() as logged:
        thread = beating(Settings(redis_url=redis_url, broker_url="nothing://that.is.installed"), foreign)
        first = until(lambda: seen_ms(storage))
        until(lambda: len([line for line in logged if line["event"] == "heartbeat_failed"]) >= 2)
        until(lambda: seen_ms(storage) > first)
    assert thread.is_alive()
    assert "that.is" not in str(logged)
