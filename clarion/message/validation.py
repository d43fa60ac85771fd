"""From what a caller gave to a `Message`: whatever is wrong with a publish is found here, before anything is stored."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from clarion.app import Limits
from clarion.errors import BodyTooLarge, InvalidField, NotProvided
from clarion.message.channel import check_channel
from clarion.message.depth import DEPTH_MAX, too_deep
from clarion.message.message import Message, Target
from clarion.message.option import DEFAULT_CHANNEL, DeliveryOptions, PublishOptions, PushBroadcast

#: FCM and APNs keep a message for four weeks at most.
TTL_MAX_S = 28 * 24 * 3600
TEXT_MAX = 255
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
        InvalidField: names the option and what was expected of it.
        BodyTooLarge: body and headers together are over the limit.
        NotProvided: the option is understood, and this release does not serve it.
    """
    _refuse_time_and_segment(delivery)
    message = Message(
        id=f"message:{str(uuid.uuid4()).upper()}",
        app=app,
        body=_json(body),
        target=Target(
            channel=check_channel(DEFAULT_CHANNEL if channel is None else channel),
            broadcast=_broadcast(delivery.push_broadcast),
            devices=_devices(delivery.push_singlecast, limits),
        ),
        accepted_ms=now_ms,
        policy=delivery.publish_policy,
        publisher_id=_text("publisherId", publish.publisher_id),
        subtopic=_text("subtopic", publish.subtopic),
        headers=_headers(publish.headers, limits),
        ttl_s=_ttl(delivery.ttl),
        priority=_priority(delivery.priority),
        collapse_key=_text("collapseKey", delivery.collapse_key),
    )
    if len(msgspec.json.encode((message.body, message.headers))) > limits.body_bytes:
        raise BodyTooLarge(f"Message too large: expected at most {limits.body_bytes} bytes.", limit=limits.body_bytes)
    return message


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
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise InvalidField("message", "a value that JSON can carry") from error
    if too_deep(value):
        raise InvalidField("message", f"JSON nested at most {DEPTH_MAX} deep")
    return value


def _broadcast(mask: PushBroadcast | None) -> PushBroadcast | None:
    if mask is None or mask == 0:
        return None
    if not 0 < int(mask) <= sum(PushBroadcast):
        raise InvalidField("pushBroadcast", f"a mask from 1 to {sum(PushBroadcast)}")
    return None if mask in (_BACKENDLESS_ALL, sum(PushBroadcast)) else PushBroadcast(mask)


def _devices(device_ids: list[str], limits: Limits) -> tuple[str, ...]:
    if len(device_ids) > limits.singlecast:
        raise InvalidField("pushSinglecast", f"at most {limits.singlecast} device ids")
    for device_id in device_ids:
        if not isinstance(device_id, str) or not 0 < len(device_id) <= DEVICE_ID_MAX:
            raise InvalidField("pushSinglecast", f"device ids of 1 to {DEVICE_ID_MAX} characters")
    return tuple(dict.fromkeys(device_ids))


def _headers(headers: Mapping[str, Any], limits: Limits) -> dict[str, str]:
    if len(headers) > limits.headers:
        raise InvalidField("headers", f"at most {limits.headers} headers")
    checked = {}
    for name, value in headers.items():
        if not name or len(name) > TEXT_MAX or not name.isprintable():
            raise InvalidField("headers", f"names of 1 to {TEXT_MAX} printable characters")
        checked[name] = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return checked


def _text(field: str, value: str | None) -> str | None:
    if value is not None and (not isinstance(value, str) or len(value) > TEXT_MAX or not value.isprintable()):
        raise InvalidField(field, f"a string of at most {TEXT_MAX} printable characters")
    return value


def _ttl(ttl: int | None) -> int | None:
    if ttl is not None and (isinstance(ttl, bool) or not isinstance(ttl, int) or not 0 <= ttl <= TTL_MAX_S):
        raise InvalidField("ttl", f"whole seconds from 0 to {TTL_MAX_S}")
    return ttl


def _priority(priority: str | None) -> str | None:
    if priority not in (None, "high", "normal"):
        raise InvalidField("priority", "high or normal")
    return priority
