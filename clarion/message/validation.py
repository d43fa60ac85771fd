"""From what a caller gave to a `Message`: whatever is wrong with a publish is found here, before anything is stored."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from clarion.app import Limits
from clarion.errors import BodyTooLarge, InvalidField, NotProvided
from clarion.message.channel import check_channel, is_text
from clarion.message.depth import DEPTH_MAX, too_deep
from clarion.message.message import Message, Target, decode, encode
from clarion.message.option import (
    BROADCAST_ALL,
    DEFAULT_CHANNEL,
    DeliveryOptions,
    PublishOptions,
    PublishPolicy,
    PushBroadcast,
)

#: FCM and APNs keep a message for four weeks at most.
TTL_MAX_S = 28 * 24 * 3600
TEXT_MAX = 255
DEVICE_ID_MAX = 255
_BACKENDLESS_ALL = PushBroadcast(15)
#: What an encoder or decoder says of a value that it cannot carry: a lone surrogate, an object, an endless nesting.
_UNSTORABLE = (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError)


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
        InvalidField: names the option and what was expected of it.
        BodyTooLarge: body and headers together are over the limit.
        NotProvided: the option is understood, and this release does not serve it.
    """
    _refuse_time_and_segment(delivery)
    _text("idempotencyKey", delivery.idempotency_key)
    message = Message(
        id=f"message:{str(uuid.uuid4()).upper()}",
        app=app,
        body=_json(body),
        target=_target(channel, delivery, limits),
        accepted_ms=now_ms,
        policy=_policy(delivery.publish_policy),
        publisher_id=_text("publisherId", publish.publisher_id),
        subtopic=_text("subtopic", publish.subtopic),
        headers=_headers(publish.headers, limits),
        ttl_s=_ttl(delivery.ttl),
        priority=_priority(delivery.priority),
        collapse_key=_text("collapseKey", delivery.collapse_key),
    )
    return _as_stored(message, limits)


def _as_stored(message: Message, limits: Limits) -> Message:
    """The message as every worker will read it: what cannot be read again is not stored."""
    try:
        size = len(msgspec.json.encode((message.body, message.headers)))
        stored = decode(encode(message))
    except _UNSTORABLE:
        raise InvalidField("message", "content and options that can be stored") from None
    if size > limits.body_bytes:
        raise BodyTooLarge(f"Message too large: expected at most {limits.body_bytes} bytes.", limit=limits.body_bytes)
    return stored


def _refuse_time_and_segment(delivery: DeliveryOptions) -> None:
    later = {
        "publishAt": delivery.publish_at,
        "repeatEvery": delivery.repeat_every,
        "repeatExpiresAt": delivery.repeat_expires_at,
        "segmentQuery": delivery.segment_query,
    }
    for field, value in later.items():
        if value:
            raise NotProvided(f"{field} is not served by this release.", field=field)


def _json(body: Any) -> Any:
    try:
        value = msgspec.json.decode(msgspec.json.encode(body))
    except _UNSTORABLE as error:
        raise InvalidField("message", "a value that JSON can carry") from error
    if too_deep(value):
        raise InvalidField("message", f"JSON nested at most {DEPTH_MAX} deep")
    return value


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
    if isinstance(mask, bool) or not isinstance(mask, int) or not 0 <= mask <= BROADCAST_ALL:
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


def _headers(headers: Any, limits: Limits) -> dict[str, str]:
    if not isinstance(headers, Mapping):
        raise InvalidField("headers", "a mapping of names to values")
    if len(headers) > limits.headers:
        raise InvalidField("headers", f"at most {limits.headers} headers")
    return {_header_name(name): _header_value(name, value, limits) for name, value in headers.items()}


def _header_name(name: Any) -> str:
    if not isinstance(name, str) or not 0 < len(name) <= TEXT_MAX or not name.isprintable():
        raise InvalidField("headers", f"names of 1 to {TEXT_MAX} printable characters")
    return name


def _header_value(name: str, value: Any, limits: Limits) -> str:
    try:
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        size = len(name.encode()) + len(text.encode())
    except _UNSTORABLE:
        raise InvalidField("headers", "values that JSON can carry") from None
    if size > limits.header_bytes:
        raise InvalidField("headers", f"at most {limits.header_bytes} bytes in one header, name and value together")
    return text


def _text(field: str, value: Any) -> str | None:
    if value is None or (isinstance(value, str) and len(value) <= TEXT_MAX and value.isprintable()):
        return value
    raise InvalidField(field, f"a string of at most {TEXT_MAX} printable characters")


def _ttl(ttl: Any) -> int | None:
    # Zero would be "now or never", which a message that waits in a queue is too late for.
    if ttl is None or (isinstance(ttl, int) and not isinstance(ttl, bool) and 1 <= ttl <= TTL_MAX_S):
        return ttl
    raise InvalidField("ttl", f"whole seconds from 1 to {TTL_MAX_S}")


def _priority(priority: Any) -> str | None:
    if priority is None or (isinstance(priority, str) and priority in {"high", "normal"}):
        return priority
    raise InvalidField("priority", "high or normal")
