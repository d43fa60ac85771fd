"""The task message that our scripts push is the one that Celery itself would have sent."""

from __future__ import annotations

import base64
import json

from celery import Celery
from kombu import Queue as KombuQueue

from clarion.queue import ENQUEUED, Queue, deliver_hint, enqueued_ms, plan_hint, render, send

VARYING = {"id", "root_id", "correlation_id", "delivery_tag", "reply_to", "origin"}


def read(document):
    decoded = json.loads(document)
    decoded["body"] = json.loads(base64.b64decode(decoded["body"]))
    for part in (decoded["headers"], decoded["properties"]):
        for name in VARYING & part.keys():
            part[name] = bool(part[name])
    return decoded


def test_a_rendered_task_is_what_celery_sends_to_redis(storage, redis_url):
    hint = deliver_hint("message:1", "0.1.2", Queue.BULK)
    send(redis_url, [hint], now_ms=17)
    stock = storage.main.rpop(Queue.BULK)
    assert read(render(hint, now_ms=17)) == read(stock)


def test_a_rendered_eta_is_what_celery_sends_to_redis(storage, redis_url):
    hint = plan_hint("message:1")
    send(redis_url, [hint], now_ms=17, eta_ms=1_800_000_000_500)
    stock = storage.main.rpop(Queue.PLAN)
    assert read(render(hint, now_ms=17, eta_ms=1_800_000_000_500)) == read(stock)


def test_a_stock_consumer_decodes_a_rendered_task(storage, redis_url):
    storage.main.lpush(Queue.PLAN, render(plan_hint("message:1"), now_ms=17))
    received = []
    with Celery(broker=redis_url, set_as_current=False).connection_for_read() as connection:
        queue = KombuQueue(Queue.PLAN.value)
        with connection.Consumer(queue, callbacks=[lambda body, message: received.append((body, message))]):
            connection.drain_events(timeout=5)
        (body, message) = received[0]
        message.ack()
    assert body[0] == [1, "message:1"]
    assert message.headers["task"] == "clarion.plan"
    assert message.headers["argsrepr"] == "(1, 'message:1')"


def test_every_task_message_has_its_own_id():
    documents = [json.loads(render(plan_hint("m"), now_ms=1)) for _ in range(100)]
    assert len({document["headers"]["id"] for document in documents}) == 100
    assert len({document["properties"]["delivery_tag"] for document in documents}) == 100
    assert all(d["headers"]["id"] == d["headers"]["root_id"] == d["properties"]["correlation_id"] for d in documents)


def test_when_a_task_was_queued_can_be_read_off_it():
    assert enqueued_ms(render(plan_hint("m"), now_ms=123)) == 123


def test_a_foreign_task_message_has_no_time():
    assert enqueued_ms(b"{}") is None
    assert enqueued_ms(b"not json") is None
    assert enqueued_ms(json.dumps({"headers": {ENQUEUED: "soon"}}).encode()) is None
