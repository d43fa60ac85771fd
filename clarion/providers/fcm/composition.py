"""A message as FCM's JSON: written once for all devices of an operating system, but for the token."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from clarion.app import FCMStyle
from clarion.message import Appearance, Message
from clarion.message.look import HEADERS, custom, look, own, text
from clarion.providers.base import ContentRefused
from clarion.providers.content import fit
from clarion.providers.fcm import block

#: FCM's limit for one message to a token; counted here over the JSON of the data and of what is shown.
CONTENT_MAX_BYTES = 4096
_BEFORE = b'{"message":{"token":'
_RESERVED = ("from", "message_type", "notification")
_RESERVED_PREFIXES = ("google", "gcm")
_TARGETS = frozenset({"token", "fid", "topic", "condition"})
#: Members that an app's own ones are merged into; any other is replaced by the app's.
_MERGED = frozenset({"data", "notification", "android", "apns", "webpush"})
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


@dataclass(frozen=True, slots=True)
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
        InvalidField: a header has a value that cannot be used.
    """

    def write(shown: Appearance) -> dict[str, Any]:
        return _merged(_document(message, shown, os, style, now_ms), message.raw.get("fcm"))

    document = fit("FCM", CONTENT_MAX_BYTES, look(message, os), write, size=_size)
    _check_data(document["data"])
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


def _merged(document: dict[str, Any], raw: dict[str, Any] | None) -> dict[str, Any]:
    """The document with the app's own members."""
    for name, value in (raw or {}).items():
        if name in _TARGETS:
            raise ContentRefused(f"raw.fcm cannot have a {name}: the message's own target is used.")
        mine = document.get(name, {})
        document[name] = mine | value if name in _MERGED and isinstance(value, dict) else value
    return document


def _check_data(data: Any) -> None:
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise ContentRefused("FCM cannot carry this message: raw.fcm.data must have strings as values.")
    for name in data:
        if name in _RESERVED or name.startswith(_RESERVED_PREFIXES):
            raise ContentRefused(f"FCM cannot carry this message: {name} is a reserved name.")


def _size(document: dict[str, Any]) -> int:
    """How many bytes count: those of the texts that reach the device."""
    parts = [document.get("data"), document.get("notification")]
    for platform, part in (("android", "notification"), ("apns", "payload"), ("webpush", "notification")):
        within = document.get(platform)
        parts.append(within.get(part) if isinstance(within, dict) else None)
    return sum(len(_encode(part)) for part in parts if part)
