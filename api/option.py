"""From the wire's words for a publish to `PublishOptions` and `DeliveryOptions`, whose values Clarion checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clarion.calendar.instant import EXPECTED
from clarion.errors import InvalidField, InvalidRepeat, InvalidSchedule
from clarion.message import (
    BROADCAST_NAMES,
    Appearance,
    Button,
    DeliveryOptions,
    Misfire,
    PublishOptions,
    PublishPolicy,
    PushBroadcast,
)
from clarion.message.form import camel

#: The policy's former name and values.
_LEGACY_POLICY = {"ONLY": PublishPolicy.PUSH, "ALSO": PublishPolicy.BOTH}
_BROADCAST = BROADCAST_NAMES | {"NONE": PushBroadcast(0)}


def publish_options(body: Mapping[str, Any]) -> PublishOptions:
    """What goes with the message.

    Args:
        body: the request's JSON object; members it does not know are ignored.

    Raises:
        InvalidField: `headers`, `appearance` or `raw` is not an object.
    """
    return PublishOptions(
        publisher_id=body.get("publisherId"),
        subtopic=body.get("subtopic"),
        headers=_object(body, "headers"),
        appearance=_appearance(body),
        raw=_object(body, "raw"),
    )


def delivery_options(body: Mapping[str, Any], idempotency_key: str | None = None) -> DeliveryOptions:
    """To whom, when, and how hard to try.

    Args:
        body: the request's JSON object; members it does not know are ignored.
        idempotency_key: from the request's headers; one in the body goes before it.

    Raises:
        InvalidField: names the member and what was expected of it.
    """
    return DeliveryOptions(
        publish_policy=_policy(body),
        push_broadcast=_broadcast(body.get("pushBroadcast")),
        push_singlecast=_singlecast(body.get("pushSinglecast")),
        publish_at=_instant(InvalidSchedule, "publishAt", body.get("publishAt")),
        time_zone=body.get("timeZone"),
        repeat_every=body.get("repeatEvery"),
        repeat_cron=body.get("repeatCron"),
        repeat_expires_at=_instant(InvalidRepeat, "repeatExpiresAt", body.get("repeatExpiresAt")),
        repeat_count=body.get("repeatCount"),
        misfire=_given(body, "misfire", Misfire.COALESCE),
        local_time=_given(body, "localTime", default=False),
        quiet_hours=body.get("quietHours"),
        freeze_audience=_given(body, "freezeAudience", default=False),
        rate_per_s=body.get("ratePerS"),
        spread_over=body.get("spreadOver"),
        segment_query=body.get("segmentQuery"),
        ttl=body.get("ttl"),
        priority=body.get("priority"),
        collapse_key=body.get("collapseKey"),
        idempotency_key=body.get("idempotencyKey", idempotency_key),
    )


def _given(body: Mapping[str, Any], member: str, default: Any) -> Any:
    value = body.get(member)
    return default if value is None else value


def _object(body: Mapping[str, Any], member: str) -> dict[str, Any]:
    value = body.get(member)
    if value is not None and not isinstance(value, dict):
        raise InvalidField(member, "an object")
    return dict(value or {})


def _appearance(body: Mapping[str, Any]) -> Appearance | None:
    members = _object(body, "appearance")
    parts = {part: members.get(camel(part)) for part in Appearance.__struct_fields__}
    given = {part: value for part, value in parts.items() if value is not None}
    if "buttons" in given:
        given["buttons"] = _buttons(given["buttons"])
    return Appearance(**given) if given else None


def _buttons(value: Any) -> tuple[Button, ...]:
    if not isinstance(value, list) or not all(isinstance(button, dict) for button in value):
        raise InvalidField("appearance.buttons", "an array of objects with id and title")
    return tuple(Button(id=each.get("id"), title=each.get("title"), url=each.get("url")) for each in value)


def _policy(body: Mapping[str, Any]) -> PublishPolicy:
    policy = body.get("publishPolicy")
    if policy is None:
        return _LEGACY_POLICY.get(str(body.get("pushPolicy")).upper(), PublishPolicy.BOTH)
    try:
        return PublishPolicy(str(policy).upper())
    except ValueError:
        return PublishPolicy.BOTH


def _broadcast(value: Any) -> PushBroadcast | None:
    """The mask, from itself or from names such as `IOS|ANDROID` or `FOR_IOS`."""
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return PushBroadcast(value)
    if isinstance(value, str):
        names = [name.strip().removeprefix("FOR_") for name in value.upper().split("|")]
        if all(name in _BROADCAST for name in names):
            mask = PushBroadcast(0)
            for name in names:
                mask |= _BROADCAST[name]
            return mask
    raise InvalidField("pushBroadcast", f"a mask, or of {', '.join(_BROADCAST)} one or several joined by |")


def _singlecast(value: Any) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidField("pushSinglecast", "an array of device ids")
    return value


def _instant(error: type[InvalidField], field: str, value: Any) -> float | str | None:
    if value is None or (isinstance(value, int | float | str) and not isinstance(value, bool)):
        return value
    raise error(field, EXPECTED)
