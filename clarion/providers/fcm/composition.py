"""A message as FCM's JSON: written once for all devices of an operating system, but for the token."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from clarion.app import FCMStyle
from clarion.message import Appearance, Message
from clarion.message.look import HEADERS, custom, own, text
from clarion.providers.content import fit, looks, merged
from clarion.providers.fcm import block
from clarion.providers.fcm.rule import CONTENT_MAX_BYTES, check_pairs, size
from clarion.providers.fcm.schema import normal

_BEFORE = b'{"message":{"token":'
#: What Backendless' SDK for Android reads its templates from: this one says that nothing is to be drawn.
_DRAW_NOTHING = '{"contentAvailable":1}'
#: Key under which Backendless' SDKs look for a part of the form -> the part.
_ANDROID_KEYS = {
    "android-content-title": "title",
    "android-summary-subtext": "subtitle",
    "android-attachment-url": "image",
    "android-content-sound": "sound",
    "android-badge": "badge",
    "android-action": "click_action",
}
_APPLE_KEYS = {
    "ios-alert-title": "title",
    "ios-alert-subtitle": "subtitle",
    "ios-rich-media-url": "image",
    "attachment-url": "image",
    "click_action": "click_action",
}
_WEB_KEYS = {"clickAction": "click_action"}
_BODY_HEADERS = {os: [name for name, part in table.items() if part == "body"] for os, table in HEADERS.items()}
_APPLE = ("IOS", "OSX")
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, repr=False)
class Composition:
    """The request body before and after the token."""

    before: bytes
    after: bytes

    def headers(self, bearer: str) -> tuple[str, ...]:
        """The request's headers; one tuple object for each access token."""
        return _headers(bearer)


@lru_cache(maxsize=64)
def _headers(bearer: str) -> tuple[str, ...]:
    return (f"Authorization: Bearer {bearer}", "Content-Type: application/json")


def splice(composition: Composition, token: str) -> bytes:
    """The body for one device."""
    return composition.before + _encode(token) + composition.after


def compose(message: Message, os: str, style: FCMStyle, *, now_ms: int) -> Composition:
    """The FCM form of a message for the devices of one operating system.

    Raises:
        ContentRefused: FCM would refuse it for every device.
    """
    raw = normal(message.raw.get("fcm", {}))

    def write(shown: Appearance) -> dict[str, Any]:
        return merged(_document(message, shown, os, style, now_ms), raw)

    document = fit("FCM", CONTENT_MAX_BYTES, looks(message, os), write, size=size)
    check_pairs(document)
    return Composition(_BEFORE, b"," + _encode(document)[1:] + b"}")


def _document(message: Message, shown: Appearance, os: str, style: FCMStyle, now_ms: int) -> dict[str, Any]:
    """The message, all but its target."""
    data = custom(message) | _further(message, shown, os) | _texts(message, shown, os)
    if os in _APPLE:
        return {"data": data, "apns": block.apple(message, shown, os, now_ms=now_ms)}
    if os == "WEB":
        return {"data": data, "webpush": block.web(message, shown, now_ms=now_ms)}
    return {"data": data, "android": block.android(message, shown, style, now_ms=now_ms)}


def _further(message: Message, shown: Appearance, os: str) -> dict[str, str]:
    """What else of headers and form an app finds in its data."""
    keys = _APPLE_KEYS if os in _APPLE else _WEB_KEYS if os == "WEB" else _ANDROID_KEYS
    parts = {key: str(value) for key, part in keys.items() if (value := getattr(shown, part)) is not None}
    if shown.buttons:
        parts["buttons"] = _encode(shown.buttons).decode()
    if shown.silent and keys is _ANDROID_KEYS:
        parts |= {"android-content-available": "1", "android_immediate_push": _DRAW_NOTHING}
    written = HEADERS.get(os, {})
    return parts | {name: value for name, value in own(message, os).items() if name not in written}


def _texts(message: Message, shown: Appearance, os: str) -> dict[str, str]:
    """The message's id, to recognise a repetition by, and the texts.

    `message` is what Backendless' SDKs draw: the message itself, as those apps know it, unless the form has a body.
    """
    body, said = shown.body or "", text(message)
    texts = {"message": body, "messageId": message.id}
    if any(message.headers.get(name) for name in _BODY_HEADERS.get(os, ())):
        return texts | {"message": said} | ({} if os in (*_APPLE, "WEB") else {"android-content-text": body})
    return texts if message.appearance.body is None else texts | {"published": said}
