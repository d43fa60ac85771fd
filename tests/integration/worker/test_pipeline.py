"""The whole way through real Celery workers: from `Messaging.publish` to the simulator's ledger."""

from __future__ import annotations

import threading
import time

import msgspec
import pytest

from clarion import AsyncCallback, DeliveryOptions, Messaging, PublishOptions, PublishStatus
from clarion.message import Outcome
from clarion.queue import Queue
from clarion.registry import OS, Device, count, register
from clarion.status import read
from clarion.storage import keys, open_storage
from config.stack import running
from tests.deadline import until
from tests.simulation import ControlPlane


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    settings = {"CLARION_SHARD_SIZE": "500", "CLARION_LEASE_S": "3"}
    folder = tmp_path_factory.mktemp("pipeline")
    with running(folder, processes={"express": 1, "bulk": 1, "beat": 1}, settings=settings) as stack:
        yield stack


@pytest.fixture(scope="module")
def storage(stack):
    opened = open_storage(stack.redis_url)
    yield opened
    opened.close()


@pytest.fixture
def messaging(stack):
    with Messaging(stack.redis_url, app_id=stack.app) as opened:
        yield opened


def enrol(stack, storage, number, channel, token="sim:OK:{}"):
    now_ms = time.time_ns() // 1_000_000
    names = [f"{channel}-{n}" for n in range(number)]
    devices = [
        Device(token=token.format(name), device_id=name, os=OS.ANDROID, channels=(channel,), registered_at=now_ms)
        for name in names
    ]
    register(storage, stack.app, devices)
    return devices


def finished(stack, storage, message_id, within_s=60):
    until(lambda: read(storage, stack.app, message_id).state.terminal, within_s)
    progress = read(storage, stack.app, message_id)
    assert progress.books.closed
    return progress


def test_a_publish_to_a_channel_closes_its_books(stack, storage, messaging):
    enrol(stack, storage, 1_500, "news")
    enrol(stack, storage, 30, "news-dead", "sim:UNREGISTERED:{}")
    before = count(storage, stack.app)
    books = finished(stack, storage, messaging.publish("Hello", "news").message_id).books
    assert (books.audience, books.total(Outcome.ACCEPTED)) == (1_500, 1_500)
    books = finished(stack, storage, messaging.publish("Hello", "news-dead").message_id).books
    assert (books.audience, books.total(Outcome.UNREGISTERED)) == (30, 30)
    assert count(storage, stack.app) == before - 30


def test_the_non_blocking_form_reports_to_its_responder(messaging):
    heard = threading.Event()
    told = []
    responder = AsyncCallback(result=lambda status: (told.append(status), heard.set()), fault=told.append)
    future = messaging.publish_nowait("Hello", "nobody-here", responder=responder)
    assert heard.wait(10)
    assert told == [future.result()]
    assert future.result().status is PublishStatus.SCHEDULED


def test_the_non_blocking_form_reports_faults(messaging):
    heard = threading.Event()
    told = []
    responder = AsyncCallback(result=told.append, fault=lambda error: (told.append(error), heard.set()))
    messaging.publish_nowait("Hello", "a/b", responder=responder)
    assert heard.wait(10)
    assert "channel" in str(told[0])


def test_a_single_push_overtakes_a_broadcast(stack, storage, messaging):
    enrol(stack, storage, 6_000, "slow", "sim:OK;ms=100:{}")
    (device,) = enrol(stack, storage, 1, "alone")
    broadcast = messaging.publish("to all", "slow").message_id
    until(lambda: read(storage, stack.app, broadcast).books.total(Outcome.ACCEPTED) >= 100)
    single = messaging.publish("to one", delivery_options=DeliveryOptions(push_singlecast=[device.device_id]))
    assert finished(stack, storage, single.message_id).books.total(Outcome.ACCEPTED) == 1
    assert read(storage, stack.app, broadcast).books.pending > 0
    assert [
        message["message"]["data"]["message"] for message in ControlPlane(stack.simulator).received(device.token)
    ] == ["to one"]
    assert finished(stack, storage, broadcast).books.audience == 6_000


def test_cancel_stops_a_broadcast_in_mid_flight(stack, storage, messaging):
    enrol(stack, storage, 6_000, "cancelled", "sim:OK;ms=50:{}")
    message_id = messaging.publish("to all", "cancelled").message_id
    until(lambda: read(storage, stack.app, message_id).books.total(Outcome.ACCEPTED) >= 100)
    assert messaging.cancel(message_id).status is PublishStatus.CANCELLED
    books = finished(stack, storage, message_id).books
    assert books.total(Outcome.ACCEPTED) + books.total(Outcome.CANCELLED) == 6_000
    assert books.total(Outcome.CANCELLED) > 0


def test_a_publish_whose_task_is_lost_is_delivered_all_the_same(stack, storage, messaging):
    enrol(stack, storage, 5, "lost")
    stack.fleet.kill("express")
    message_id = messaging.publish("Hello", "lost").message_id
    storage.main.delete(Queue.PLAN)
    stack.fleet.start("express")
    assert finished(stack, storage, message_id).books.total(Outcome.ACCEPTED) == 5


def test_a_shard_refused_for_now_is_tried_again_by_itself(stack, storage, messaging):
    enrol(stack, storage, 3, "again", "sim:UNAVAILABLE;times=1:{}")
    message_id = messaging.publish("Hello", "again").message_id
    assert finished(stack, storage, message_id).books.total(Outcome.ACCEPTED) == 3


def test_tasks_carry_references_and_nothing_else(stack, storage, messaging):
    enrol(stack, storage, 3, "private", "secret-token-{}")
    stack.fleet.kill("express")
    options = PublishOptions(headers={"android-content-title": "private title"})
    message_id = messaging.publish("private words", "private", options).message_id
    document = storage.main.lindex(Queue.PLAN, -1)
    stack.fleet.start("express")
    assert len(document) < 1_500
    assert msgspec.json.decode(document)["headers"]["argsrepr"] == f"(1, '{message_id}')"
    finished(stack, storage, message_id)


def test_no_log_line_names_a_token_or_quotes_a_message(stack, storage, messaging):
    enrol(stack, storage, 3, "discreet", "sim:INVALID_ARGUMENT:discreet-token-{}")
    message_id = messaging.publish("discreet words", "discreet").message_id
    finished(stack, storage, message_id)
    written = "".join(log.read_text() for log in stack.fleet.log_dir.glob("*.log"))
    assert message_id in written
    for secret in ("discreet-token", "discreet words", "ya29.", stack.key):
        assert secret not in written


def test_every_device_got_each_message_once(stack, storage, messaging):
    enrol(stack, storage, 1_200, "once", "sim:OK:once-{}")
    few = DeliveryOptions(push_singlecast=[f"once-{n}" for n in range(5)])
    everybody, some = messaging.publish("to all", "once"), messaging.publish("to some", delivery_options=few)
    for published, audience in ((everybody, 1_200), (some, 5)):
        assert finished(stack, storage, published.message_id).books.total(Outcome.ACCEPTED) == audience
    simulator = ControlPlane(stack.simulator)
    seen = simulator.ledger("sim:OK:once-", 2_000)
    assert sorted(counters["accepted"] for counters in seen.values()) == [1] * 1_195 + [2] * 5
    assert simulator.counts()["mints"] == 1  # for both worker processes, whatever ran before


def test_living_workers_are_known(storage):
    assert storage.main.zcard(keys.workers()) >= 2
