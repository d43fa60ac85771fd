"""Accept a publish: validate, then store and enqueue in one atomic step."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from clarion import lifecycle
from clarion.app import App
from clarion.errors import IdempotencyConflict, InvalidField, InvalidRepeat, InvalidSchedule, Unavailable
from clarion.lifecycle import When
from clarion.message import DeliveryOptions, Message, MessageStatus, PublishOptions, PublishStatus
from clarion.message.message import encode
from clarion.message.validation import build
from clarion.providers.check import Served, check_content
from clarion.queue import Queue, plan_hint, render, send
from clarion.schedule.start import due_ms
from clarion.storage import Storage, keys
from clarion.storage.connection import storage_errors

IDEMPOTENCY_KEY_MAX = 255


def accept(
    storage: Storage,
    app: App,
    body: Any,
    channel: str | None = None,
    publish: PublishOptions | None = None,
    delivery: DeliveryOptions | None = None,
    *,
    now_ms: int,
    broker_url: str | None = None,
    served: Callable[[], Mapping[str, Served]] = dict,
) -> MessageStatus:
    """Accept one publish; when this returns, the message is stored and will be delivered.

    Args:
        storage: where it is stored.
        app: the publishing application.
        body: any JSON value.
        channel: None is the default channel.
        publish: what goes with the message.
        delivery: to whom and how.
        now_ms: epoch milliseconds.
        broker_url: the broker, when its queues do not live on `storage.main`.
        served: tells who carries messages to which operating system; for one that it leaves out, the plan refuses what
            cannot be carried.

    Raises:
        InvalidField, BodyTooLarge, NotProvided: as `message.validation.build` and `providers.check.check_content` say;
            nothing is stored.
        IdempotencyConflict: the key belongs to a publish with another content.
        Unavailable: Redis cannot be reached or refuses writes; nothing is stored, or the publish may be repeated.
    """
    publish, delivery = publish or PublishOptions(), delivery or DeliveryOptions()
    try:
        message = build(app.id, app.limits, body, channel, publish, delivery, now_ms=now_ms)
        given = delivery.idempotency_key
        key = None if given is None else _idempotency(given, message, app)
    except (InvalidSchedule, InvalidRepeat):
        first = _accepted_in_time(storage, app, body, channel, publish, delivery, now_ms)
        if first is None:
            raise
        return MessageStatus(message_id=first, status=PublishStatus.SCHEDULED)
    check_content(message, served(), now_ms=now_ms)
    return MessageStatus(
        message_id=_store(storage, app, message, key, now_ms, broker_url), status=PublishStatus.SCHEDULED
    )


def _store(
    storage: Storage, app: App, message: Message, key: tuple[str, str, int] | None, now_ms: int, broker_url: str | None
) -> str:
    """Store a message and enqueue it; returns the id that stands, which is the first one's when it is repeated."""
    hint = plan_hint(message.id)
    acceptance = lifecycle.accept(
        storage,
        message.id,
        app.id,
        encode(message),
        now_ms=now_ms,
        queue=Queue.PLAN,
        task=render(hint, now_ms=now_ms) if storage.queues_on_main else b"",
        idempotency=key,
        retention_s=app.limits.retention_s,
        when=_when(message),
    )
    if acceptance.verdict == "conflict":
        raise IdempotencyConflict("The idempotency key was used for another publish.", messageId=acceptance.message_id)
    if acceptance.verdict == "accepted" and broker_url is not None:
        with suppress(Unavailable):  # it is accepted all the same: the outbox holds it until somebody is told
            send(broker_url, [hint], now_ms=now_ms)
    return acceptance.message_id


def _accepted_in_time(
    storage: Storage,
    app: App,
    body: Any,
    channel: str | None,
    publish: PublishOptions,
    delivery: DeliveryOptions,
    now_ms: int,
) -> str | None:
    """The id of the same publish, if it was accepted under the same key before its time had passed."""
    if delivery.idempotency_key is None:
        return None
    first_ms = now_ms - app.limits.idempotency_window_s * 1000  # nothing that is stored depends on when it is asked
    message = build(app.id, app.limits, body, channel, publish, delivery, now_ms=first_ms)
    digest, content, _ = _idempotency(delivery.idempotency_key, message, app)
    with storage_errors():
        first = storage.main.get(keys.idempotency(app.id, digest))
    first_id, _, first_content = (first or b"").decode().partition(" ")
    return first_id if first_content == content else None


def _when(message: Message) -> When | None:
    first_ms = due_ms(message)
    return None if first_ms is None else When(first_ms, message.repeat is not None, message.frozen)


def _idempotency(key: str, message: Message, app: App) -> tuple[str, str, int]:
    if not isinstance(key, str) or not 0 < len(key) <= IDEMPOTENCY_KEY_MAX:
        raise InvalidField("idempotencyKey", f"a string of 1 to {IDEMPOTENCY_KEY_MAX} characters")
    content = msgspec.structs.replace(message, id="", accepted_ms=0)
    digest = msgspec.json.encode(content, order="deterministic")
    return _digest(key.encode()), _digest(digest), app.limits.idempotency_window_s


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
