"""Straight to Redis: what no provider can carry is refused before anything is stored, apps file or not."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from clarion import Appearance, DeliveryOptions, Messaging, PublishOptions, PushBroadcast
from clarion.app import App, FCMCredential, FCMStyle
from clarion.delivery.governor import introduce
from clarion.errors import InvalidField
from clarion.providers.base import Budget, Line, RetryRule
from clarion.providers.fcm import FCMProvider
from clarion.queue import Queue
from clarion.standing import introduced
from clarion.transport.direct import DirectTransport
from config.settings import Settings
from tests.deadline import until
from worker.signal import beat

LONG = "x" * 4_200
FCM = FCMCredential(service_account=Path("key"))


class Clock:
    def __init__(self):
        self.now_ms = 1_000_000

    def __call__(self):
        return self.now_ms


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def publish(storage, clock):
    """Publishes as an app, which is given its credentials or not; returns the message's status."""

    def make(app):
        transport = DirectTransport(storage, app, clock=clock)
        return lambda body, options=None, **delivery: transport.publish(
            body, None, options or PublishOptions(), DeliveryOptions(**delivery)
        )

    return make


def stored(storage):
    return storage.main.keys("clarion:{message:*") + storage.main.lrange(Queue.PLAN, 0, -1)


def fcm(style=FCMStyle.DATA):
    return FCMProvider("demo:p", "https://h", style, Line(), RetryRule(1, 1, 1), Budget(), {})


def test_who_has_the_apps_file_knows_its_providers(publish, storage):
    say = publish(App("demo", "Demo", fcm=FCM))
    with pytest.raises(InvalidField, match="FCM carries at most 4096 bytes; the message has 42"):
        say(LONG)
    assert stored(storage) == []
    say(LONG, PublishOptions(appearance=Appearance(truncate=True)))
    say(LONG, push_broadcast=PushBroadcast.IOS)
    assert storage.main.llen(Queue.PLAN) == 2


def test_who_has_not_asks_whom_workers_introduced(publish, storage, clock):
    introduce(storage, "demo", {"ANDROID": fcm()})
    introduce(storage, "other", {})
    with pytest.raises(InvalidField, match="ANDROID"):
        publish(App("demo", "Demo"))(LONG)
    publish(App("other", "Other"))(LONG)


def test_what_was_introduced_is_remembered_for_a_minute(publish, storage, clock):
    say = publish(App("demo", "Demo"))
    say(LONG)
    introduce(storage, "demo", {"ANDROID": fcm()})
    clock.now_ms += 59_999
    say(LONG)
    clock.now_ms += 1
    with pytest.raises(InvalidField):
        say(LONG)
    introduce(storage, "demo", {})
    clock.now_ms += 60_000
    say(LONG)


def test_a_repetition_with_an_idempotency_key_is_checked_alike(publish):
    say = publish(App("demo", "Demo", fcm=FCM))
    plain = say("Hello", PublishOptions(appearance=Appearance()), idempotency_key="once")
    assert say("Hello", idempotency_key="once") == plain
    with pytest.raises(InvalidField):
        say(LONG, idempotency_key="once")


def test_a_worker_introduces_its_credentials_when_it_starts(storage, redis_url):
    introduce(storage, "demo", {"WP": fcm()})
    stopped = threading.Event()
    settings, serves = (
        Settings(redis_url=redis_url),
        {"providers": {"demo": {"ANDROID": fcm(FCMStyle.NOTIFICATION)}, "other": {}}},
    )
    worker = threading.Thread(target=beat, args=(storage, settings, stopped), kwargs={"every_s": 0.01} | serves)
    worker.start()
    until(lambda: storage.main.llen(Queue.RESCUE))
    stopped.set()
    worker.join(10)
    ((systems, style),) = [(each.systems, each.style) for each in introduced(storage, "demo")]
    assert (systems, style) == (("ANDROID",), "notification")
    assert introduced(storage, "other") == []


def test_the_limits_of_what_redis_is_asked_come_after_those_it_is_not_needed_for():
    with Messaging("redis://127.0.0.1:1/0", app_id="demo") as messaging, pytest.raises(InvalidField, match="title"):
        messaging.publish("x", None, PublishOptions(appearance=Appearance(title=5)))
