"""A broker that is not the Redis of the messages: two steps, joined by the outbox."""

from __future__ import annotations

import time

import pytest

from clarion.accept import accept
from clarion.app import App
from clarion.delivery.rescue import FOREIGN_GRACE_MS, rescue
from clarion.errors import Unavailable
from clarion.queue import Queue, enqueued_ms, plan_hint, send
from clarion.storage import keys, open_storage

APP = App("demo", "Demo")
AWAY = "redis://127.0.0.1:1/0"


@pytest.fixture
def apart(redis_url):
    """Stores whose queues lie elsewhere."""
    opened = open_storage(redis_url, queues_on_main=False)
    yield opened
    opened.close()


@pytest.fixture
def broker_url(redis_url):
    return redis_url.removesuffix("/0") + "/1"


@pytest.fixture
def broker(broker_url):
    opened = open_storage(broker_url)
    yield opened.main
    opened.close()


def test_a_publish_is_stored_here_and_queued_there(apart, broker, broker_url):
    accept(apart, APP, "Hello", now_ms=17, broker_url=broker_url)
    assert apart.main.llen(Queue.PLAN) == 0
    assert apart.main.zcard(keys.outbox()) == 1
    assert enqueued_ms(broker.lindex(Queue.PLAN, -1)) == 17


def test_a_publish_is_accepted_although_its_broker_is_away(apart):
    status = accept(apart, APP, "Hello", now_ms=17, broker_url=AWAY)
    assert apart.main.zscore(keys.outbox(), status.message_id) == 17


def test_what_the_broker_never_got_is_queued_by_the_rescue(apart, broker, broker_url):
    now_ms = time.time_ns() // 1_000_000
    accept(apart, APP, "Hello", now_ms=now_ms - FOREIGN_GRACE_MS - 1_000, broker_url=AWAY)
    assert rescue(apart, now_ms=now_ms, grace_ms=0, broker_url=broker_url).messages == 1
    assert broker.llen(Queue.PLAN) == 1


def test_a_foreign_task_is_given_time_before_it_is_taken_for_lost(apart, broker_url):
    now_ms = time.time_ns() // 1_000_000
    accept(apart, APP, "Hello", now_ms=now_ms - 10_000, broker_url=AWAY)
    assert rescue(apart, now_ms=now_ms, grace_ms=0, broker_url=broker_url).messages == 0


def test_a_broker_that_is_away_is_unavailable_and_its_url_is_not_quoted():
    with pytest.raises(Unavailable) as caught:
        send("redis://:secret-password@127.0.0.1:1/0", [plan_hint("m")], now_ms=1)
    assert "secret" not in str(caught.value)
