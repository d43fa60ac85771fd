"""From what a caller gave to a `Message`: whatever is wrong with a publish is found here, before anything is stored."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

from clarion.app import Limits
from clarion.errors import BodyTooLarge, InvalidField, NotProvided
from clarion.message.appearance import PLAIN
from clarion.message.channel import check_channel, is_text
from clarion.message.field import UNSTORABLE, is_whole, json_value, pairs, short_text
from clarion.message.form import check_appearance, check_raw
from clarion.message.look import check_headers
from clarion.message.message import Message, Target, decode, encode, message_id_of
from clarion.message.option import (
    BROADCAST_ALL,
    DEFAULT_CHANNEL,
    DeliveryOptions,
    PublishOptions,
    PublishPolicy,
    PushBroadcast,
)
from clarion.message.timing import check_timing

#: FCM and APNs keep a message for four weeks at most.
TTL_MAX_S = 28 * 24 * 3600
DEVICE_ID_MAX = 255
_BACKENDLESS_ALL = PushBroadcast(15)


def build(
    app: str,
    limits: Limits,
    body: Any,
    channel: str | None,
    publish: PublishOptions,
    delivery: DeliveryOptions,
    *,
    now_ms: int,
) -> Message:
    """The message for a publish.

    Args:
        app: the application's id.
        limits: the application's.
        body: any JSON value.
        channel: where it goes; None is the default channel.
        publish: what goes with it.
        delivery: to whom and how.
        now_ms: epoch milliseconds.

    Raises:
        InvalidField: names the option and what was expected of it; InvalidSchedule and InvalidRepeat are such.
        BodyTooLarge: body, headers, appearance and raw together are over the limit.
        NotProvided: the option is understood, and this release does not serve it.
    """
    if delivery.segment_query:
        raise NotProvided("segmentQuery is not served by this release.", field="segmentQuery")
    short_text("idempotencyKey", delivery.idempotency_key)
    message = Message(
        id=message_id_of(uuid.uuid4()),
        app=app,
        body=json_value("message", body),
        target=_target(channel, delivery, limits),
        accepted_ms=now_ms,
        policy=_policy(delivery.publish_policy),
        publisher_id=short_text("publisherId", publish.publisher_id),
        subtopic=short_text("subtopic", publish.subtopic),
        headers=pairs("headers", publish.headers, limits),
        ttl_s=_ttl(delivery.ttl),
        priority=_priority(delivery.priority),
        collapse_key=short_text("collapseKey", delivery.collapse_key),
        appearance=check_appearance(publish.appearance, limits),
        raw=check_raw(publish.raw),
        **check_timing(delivery, limits, now_ms=now_ms)._asdict(),
    )
    if message.spread_s is not None and message.ttl_s is not None and message.ttl_s < message.spread_s:
        raise InvalidField("ttl", "spreadOver at least: the last device is not sent to before")
    if message.policy is not PublishPolicy.PUBSUB:
        check_headers(message, message.target.systems())
    return _as_stored(message, limits)


def _as_stored(message: Message, limits: Limits) -> Message:
    """The message as every worker will read it: what cannot be read again is not stored."""
    try:
        size = len(msgspec.json.encode((message.body, message.headers)))
        if message.raw or message.appearance is not PLAIN:
            size += len(msgspec.json.encode((message.appearance, message.raw)))
        stored = decode(encode(message))
    except UNSTORABLE:
        raise InvalidField("message", "content and options that can be stored") from None
    if size > limits.body_bytes:
        raise BodyTooLarge(f"Message too large: expected at most {limits.body_bytes} bytes.", limit=limits.body_bytes)
    return stored


def _target(channel: Any, delivery: DeliveryOptions, limits: Limits) -> Target:
    return Target(
        channel=check_channel(DEFAULT_CHANNEL if channel is None else channel),
        broadcast=_broadcast(delivery.push_broadcast),
        devices=_devices(delivery.push_singlecast, limits),
    )


def _policy(policy: Any) -> PublishPolicy:
    try:
        return PublishPolicy(policy)
    except ValueError:
        raise InvalidField("publishPolicy", f"one of {', '.join(PublishPolicy)}") from None


def _broadcast(mask: Any) -> PushBroadcast | None:
    if mask is None:
        return None
    if not is_whole(mask, 0, BROADCAST_ALL):
        raise InvalidField("pushBroadcast", f"a mask from 1 to {int(BROADCAST_ALL)}")
    return None if mask in (0, _BACKENDLESS_ALL, BROADCAST_ALL) else PushBroadcast(mask)


def _devices(device_ids: Any, limits: Limits) -> tuple[str, ...]:
    if not isinstance(device_ids, list | tuple):
        raise InvalidField("pushSinglecast", "a list of device ids")
    if len(device_ids) > limits.singlecast:
        raise InvalidField("pushSinglecast", f"at most {limits.singlecast} device ids")
    for device_id in device_ids:
        if not isinstance(device_id, str) or not 0 < len(device_id) <= DEVICE_ID_MAX or not is_text(device_id):
            raise InvalidField("pushSinglecast", f"device ids of 1 to {DEVICE_ID_MAX} characters, none a control")
    return tuple(dict.fromkeys(device_ids))


def _ttl(ttl: Any) -> int | None:
    # Zero would be "now or never", which a message that waits in a queue is too late for.
    if ttl is None or is_whole(ttl, 1, TTL_MAX_S):
        return ttl
    raise InvalidField("ttl", f"whole seconds from 1 to {TTL_MAX_S}")


def _priority(priority: Any) -> str | None:
    if priority is None or (isinstance(priority, str) and priority in {"high", "normal"}):
        return priority
    raise InvalidField("priority", "high or normal")
