"""A message as HMS JSON, written once and cut where the list of tokens goes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from clarion.message import Message
from clarion.message.appearance import Appearance, Button
from clarion.message.look import custom, own, text
from clarion.providers.base import ContentRefused
from clarion.providers.content import collapse_digest, collapse_id, fit, looks, merged, remaining_s
from clarion.providers.hms.rule import TTL_MAX_S, check

#: HMS' limit for a request's body without its tokens.
CONTENT_MAX_BYTES = 4_096
BUTTONS_MAX = 3
#: What a touch does.
_INTENT, _URL, _APP = 1, 2, 3
#: What a button does.
_OPENS_APP, _OPENS_PAGE = 0, 2
_TARGETS = ("token", "topic", "condition")
_END = b"]}}"


@dataclass(frozen=True, slots=True, repr=False)
class Composition:
    """The request body before and after the tokens."""

    before: bytes
    after: bytes

    def headers(self, bearer: str) -> tuple[str, ...]:
        """The request's headers; one tuple object for each access token."""
        return _headers(bearer)


@lru_cache(maxsize=64)
def _headers(bearer: str) -> tuple[str, ...]:
    return (f"Authorization: Bearer {bearer}", "Content-Type: application/json;charset=UTF-8")


def splice(composition: Composition, tokens: Iterable[str]) -> bytes:
    """The body for some devices; a token that stands there twice is written once."""
    return composition.before + msgspec.json.encode(list(dict.fromkeys(tokens)))[1:-1] + composition.after


def compose(message: Message, os: str, *, now_ms: int) -> Composition:
    """The HMS form of a message for the devices of one operating system.

    Raises:
        ContentRefused: HMS would refuse it for every device.
    """
    raw = message.raw.get("hms", {})
    if any(name in raw for name in _TARGETS):
        raise ContentRefused("Invalid raw.hms: whom it goes to is not part of it.")
    whole = looks(message, os)
    data = _data(message, whole)

    def write(shown: Appearance) -> bytes:
        document = merged({"data": data, "android": _android(message, shown, now_ms)}, raw)
        check(document)
        return msgspec.json.encode({"message": document | {"token": []}})

    return Composition(fit("HMS", CONTENT_MAX_BYTES, whole, write).removesuffix(_END), _END)


def _android(message: Message, shown: Appearance, now_ms: int) -> dict[str, Any]:
    android: dict[str, Any] = {
        "ttl": f"{_ttl_s(message, now_ms)}s",
        # HMS refuses HIGH to apps without Huawei's leave, so it is not taken for granted.
        "urgency": "HIGH" if message.priority == "high" else "NORMAL",
    }
    if not shown.silent:
        android["notification"] = _notification(message, shown)
    return android


def _ttl_s(message: Message, now_ms: int) -> int:
    left_s = remaining_s(message, now_ms)
    return TTL_MAX_S if left_s is None else min(TTL_MAX_S, max(1, left_s))


def _data(message: Message, shown: Appearance) -> str:
    """What the app is told, as JSON: its own pairs, the message's id, and whatever nothing shows."""
    told = custom(message) | {"messageId": message.id}
    whole = text(message)
    if shown.silent:
        told |= own(message, "HMS")
    if shown.silent or shown.body != whole:
        told["message"] = whole
    return msgspec.json.encode(told).decode()


def _notification(message: Message, shown: Appearance) -> dict[str, Any]:
    header = message.headers.get
    sound = {"default_sound": True} if shown.sound == "default" else {"sound": shown.sound}
    parts: dict[str, Any] = {
        # HMS takes no notification without a title and a body.
        "title": shown.title or shown.subtitle or shown.body,
        "body": shown.body or shown.title or shown.subtitle,
        "notify_summary": shown.subtitle,
        "image": shown.image,
        "ticker": header("android-ticker-text"),
        "badge": _badge(shown, header("android-badge-class")),
        "buttons": [_button(button) for button in shown.buttons[:BUTTONS_MAX]] or None,
        "click_action": _click_action(shown.click_action),
        **_identity(message),
        **sound,
    }
    return {name: part for name, part in parts.items() if part is not None}


def _identity(message: Message) -> dict[str, Any]:
    """What a later copy replaces the first one by."""
    return {"tag": collapse_id(message), "notify_id": int.from_bytes(collapse_digest(message, 4)) >> 1}


def _badge(shown: Appearance, activity: str | None) -> dict[str, Any] | None:
    if shown.badge is None:
        return None
    return {"set_num": shown.badge} | ({"class": activity} if activity else {})


def _click_action(target: str | None) -> dict[str, Any]:
    if not target:
        return {"type": _APP}
    if target.startswith(("https://", "http://")):
        return {"type": _URL, "url": target}
    return {"type": _INTENT, "intent" if "#Intent;" in target else "action": target}


def _button(button: Button) -> dict[str, Any]:
    if button.url is not None:
        return {"name": button.title, "action_type": _OPENS_PAGE, "intent": button.url}
    return {"name": button.title, "action_type": _OPENS_APP, "data": msgspec.json.encode({"id": button.id}).decode()}
