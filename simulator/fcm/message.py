"""FCM's request body: which fields it has and what FCM says about a body that breaks the rules."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from simulator.fcm import schema
from simulator.fcm.error import Violation, invalid_argument, malformed

MAX_PAYLOAD_BYTES = 4_096
MAX_TOPIC_PAYLOAD_BYTES = 2_048
MAX_TTL_S = 2_419_200
MAX_CONDITION_TOPICS = 5
TARGETS = ("token", "fid", "topic", "condition")
RESERVED_KEYS = frozenset({"from", "message_type", "notification"})
RESERVED_PREFIXES = ("google", "gcm")

_AT_ONCE = "10"
_NOTICED = ("alert", "badge", "sound")

_TOKEN = re.compile(r"[!-~]{1,4096}")
_TOPIC = re.compile(r"[a-zA-Z0-9-_.~%]{1,900}")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_LABEL = re.compile(r"[a-zA-Z0-9-_.~%]{1,50}")

Object = dict[str, Any]


class Message(msgspec.Struct, frozen=True):
    """A valid message, reduced to what the simulator acts on."""

    #: the token or Firebase installation ID, `topic:<name>` or `condition:<expression>`
    target: str
    #: whether the device shows it
    shown: bool
    #: a later message with the same tag replaces it
    tag: str | None
    validate_only: bool


def read(body: bytes) -> Message:
    """Return the message in a request body; raise Refusal with the 400 that FCM answers."""
    try:
        raw = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise malformed(Violation("", "Invalid JSON payload received. Unexpected token.")) from None
    request, violations = schema.normalise(raw)
    if violations:
        raise malformed(*violations)
    message: Object = request.get("message") or {}
    kind, value = _target(message)
    violation = _violation(message, kind, value)
    if violation is not None:
        raise invalid_argument(violation)
    if len(body) > MAX_TOPIC_PAYLOAD_BYTES and _oversize(message, kind):
        raise malformed()
    target = value if kind in ("token", "fid") else f"{kind}:{value}"
    return Message(target, _shown(message), _tag(message), bool(request.get("validate_only")))


def _target(message: Object) -> tuple[str, str]:
    targets = [name for name in TARGETS if message.get(name)]
    if not targets:
        raise invalid_argument(Violation("message", "Recipient of the message is not set."))
    if len(targets) > 1:
        text = f"oneof field 'target' is already set. Cannot set '{targets[1]}'"
        raise malformed(Violation("message", f"Invalid value at 'message' (oneof), {text}"))
    return targets[0], message[targets[0]]


def _violation(message: Object, kind: str, value: str) -> Violation | None:
    android = message.get("android") or {}
    return (
        _target_violation(kind, value)
        or _data_violation(message.get("data"), "message.data")
        or (_android_violation(android) if android else None)
        or (_apns_violation(message, message["apns"]) if message.get("apns") else None)
        or _label_violation(message)
    )


def _target_violation(kind: str, value: str) -> Violation | None:
    if kind in ("token", "fid"):
        if not _TOKEN.fullmatch(value):
            return Violation(f"message.{kind}", "The registration token is not a valid FCM registration token")
    elif kind == "topic":
        if not _TOPIC.fullmatch(value):
            return Violation("message.topic", "Invalid topic name: must match [a-zA-Z0-9-_.~%]{1,900}.")
    elif not 1 <= len(re.findall(r"in\s+topics", value)) <= MAX_CONDITION_TOPICS:
        return Violation("message.condition", "Invalid condition expression provided.")
    return None


def _data_violation(data: Object | None, field: str) -> Violation | None:
    for key in data or ():
        if key in RESERVED_KEYS or key.startswith(RESERVED_PREFIXES):
            return Violation(field, f"Invalid data payload key: {key}")
    return None


def _android_violation(android: Object) -> Violation | None:
    ttl = android.get("ttl")
    if ttl is not None and not 0 <= float(ttl[:-1]) < MAX_TTL_S + 1:
        return Violation("message.android.ttl", f"Invalid ttl: must be between 0 and {MAX_TTL_S} seconds.")
    notification = android.get("notification") or {}
    color = notification.get("color")
    if color and not _COLOR.fullmatch(color):
        return Violation("message.android.notification.color", "Invalid color: must be of the form #rrggbb.")
    for part in ("body", "title"):
        if notification.get(f"{part}_loc_args") and not notification.get(f"{part}_loc_key"):
            field = f"message.android.notification.{part}_loc_args"
            return Violation(field, f"{part}_loc_args needs {part}_loc_key.")
    return _data_violation(android.get("data"), "message.android.data")


def _apns_violation(message: Object, apns: Object) -> Violation | None:
    """What iOS neither shows nor sounds has priority 5."""
    if (apns.get("headers") or {}).get("apns-priority") != _AT_ONCE:
        return None
    aps = (apns.get("payload") or {}).get("aps")
    is_noticed = isinstance(aps, dict) and any(aps.get(name) not in (None, "", {}) for name in _NOTICED)
    if is_noticed or message.get("notification") or apns.get("live_activity_token"):
        return None
    return Violation("message.apns.headers", "Invalid apns-priority: a data message has only 5.")


def _label_violation(message: Object) -> Violation | None:
    for platform in ("", "android", "apns", "webpush"):
        options = (message.get(platform) or {} if platform else message).get("fcm_options") or {}
        path = f"message.{platform}.fcm_options" if platform else "message.fcm_options"
        label, link = options.get("analytics_label"), options.get("link")
        if label and not _LABEL.fullmatch(label):
            return Violation(f"{path}.analytics_label", "Invalid analytics label.")
        if link and not link.startswith("https://"):
            return Violation(f"{path}.link", "Invalid link: must be an HTTPS URL.")
    return None


def _oversize(message: Object, kind: str) -> bool:
    limit = MAX_PAYLOAD_BYTES if kind in ("token", "fid") else MAX_TOPIC_PAYLOAD_BYTES
    return any(size > limit for size in _sizes(message))


def _sizes(message: Object) -> list[int]:
    """Return the payload size each platform would get: keys and values of its texts, in UTF-8."""
    android, webpush = message.get("android") or {}, message.get("webpush") or {}
    shared = message.get("notification") or {}
    apns = (message.get("apns") or {}).get("payload") or {}
    return [
        _weight(android.get("data") or message.get("data")) + _weight(shared | (android.get("notification") or {})),
        _weight(message.get("data")) + _weight(shared) + _encoded(apns),
        _weight(webpush.get("data") or message.get("data")) + _weight(shared) + _encoded(webpush.get("notification")),
    ]


def _encoded(content: Object | None) -> int:
    return len(msgspec.json.encode(content)) if content else 0


def _weight(fields: Object | None) -> int:
    return sum(
        len(key.encode()) + len(value.encode() if isinstance(value, str) else msgspec.json.encode(value))
        for key, value in (fields or {}).items()
    )


def _shown(message: Object) -> bool:
    if message.get("notification"):
        return True
    android, webpush = message.get("android") or {}, message.get("webpush") or {}
    aps = ((message.get("apns") or {}).get("payload") or {}).get("aps") or {}
    return bool(android.get("notification") or webpush.get("notification") or (aps.get("alert") if aps else None))


def _tag(message: Object) -> str | None:
    android, apns, webpush = message.get("android"), message.get("apns"), message.get("webpush")
    tag = (android.get("notification") or {}).get("tag") if android else None
    if not tag and apns:
        tag = (apns.get("headers") or {}).get("apns-collapse-id")
    if not tag and webpush:
        tag = (webpush.get("notification") or {}).get("tag")
    return str(tag) if tag else None
