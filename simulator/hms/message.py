"""HMS' request body: which members it has to have, and the code for one that breaks the rules."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from simulator.hms.error import refusal

BODY_MAX_BYTES = 4_096
TOKENS_MAX = 1_000
TTL_MAX_S = 1_296_000
_BUTTONS_MAX = 3
_TTL = re.compile(r"([0-9]+)(\.[0-9]{1,9})?s?", re.IGNORECASE)
_URGENCIES = ("HIGH", "NORMAL")
_COLLAPSE_KEYS = range(-1, 101)
#: Type of a click action -> the members of which it needs one.
_CLICK_ACTIONS = {1: ("intent", "action"), 2: ("url",), 3: ()}

Object = dict[str, Any]


class Message(msgspec.Struct, frozen=True):
    """A valid message, reduced to what the simulator acts on."""

    tokens: list[str]
    #: whether the device shows it
    shown: bool
    #: a later message with the same tag replaces it
    tag: str | None
    validate_only: bool


def read(body: bytes) -> Message:
    """Return the message in a request body; raise Refusal with what HMS answers to a wrong one."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise refusal("80100003") from None
    if not isinstance(document, dict) or not isinstance(document.get("message"), dict):
        raise refusal("80300010")
    message: Object = document["message"]
    tokens = _tokens(message)
    if len(msgspec.json.encode(document | {"message": message | {"token": []}})) > BODY_MAX_BYTES:
        raise refusal("80300008")
    android = _object(message, "android")
    notification = android.get("notification")
    _check_android(android)
    shared = _object(message, "notification")
    if notification is not None:
        _check_notification(notification, shared)
    elif not shared and not isinstance(message.get("data"), str):
        raise refusal("80100003", "A message has data, which is a string, or a notification")
    tag = (notification or {}).get("tag")
    return Message(tokens, bool(notification or shared), tag, bool(document.get("validate_only")))


def _tokens(message: Object) -> list[str]:
    tokens = message.get("token")
    if not isinstance(tokens, list) or not 1 <= len(tokens) <= TOKENS_MAX:
        raise refusal("80300010")
    if not all(isinstance(token, str) and token for token in tokens):
        raise refusal("80100001", "A token is a string")
    if len(set(tokens)) < len(tokens):
        raise refusal("80100001", "A token is repeated")
    return tokens


def _check_android(android: Object) -> None:
    ttl = android.get("ttl", "0s")
    match = _TTL.fullmatch(ttl) if isinstance(ttl, str) else None
    if match is None or int(match[1]) > TTL_MAX_S:
        raise refusal("80100004")
    collapse_key = android.get("collapse_key", -1)
    if not isinstance(collapse_key, int) or collapse_key not in _COLLAPSE_KEYS:
        raise refusal("80100013")
    if android.get("urgency", "NORMAL") not in _URGENCIES:
        raise refusal("80100003", "urgency is HIGH or NORMAL")
    if not isinstance(android.get("data", ""), str):
        raise refusal("80100003", "data is a string")


def _check_notification(notification: Any, shared: Object) -> None:
    if not isinstance(notification, dict):
        raise refusal("80100003", "A notification is an object")
    for name in ("title", "body"):
        if not notification.get(name) and not shared.get(name):
            raise refusal("80100003", f"A notification has a {name}")
    click = _object(notification, "click_action")
    needed = _CLICK_ACTIONS.get(click.get("type", 0))
    if needed is None or (needed and not any(click.get(name) for name in needed)):
        raise refusal("80100003", "click_action is missing or incomplete")
    if len(notification.get("buttons") or ()) > _BUTTONS_MAX:
        raise refusal("80100003", "A notification has at most three buttons")
    notify_id = notification.get("notify_id", -1)
    if not isinstance(notify_id, int) or not -1 <= notify_id < 2**31:
        raise refusal("80100001", "notify_id is a 32-bit integer")


def _object(message: Object, name: str) -> Object:
    value = message.get(name)
    if value is not None and not isinstance(value, dict):
        raise refusal("80100003", f"{name} is an object")
    return value or {}
