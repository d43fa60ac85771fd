"""A message as FCM JSON: built and validated once with firebase-admin's model, then cut where the token goes."""

from __future__ import annotations

import json
import secrets
import warnings
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec

from clarion.app import FCMStyle
from clarion.message import Message
from clarion.providers.base import ContentRefused

#: FCM's limit for one message to a token; counted here over the JSON of the data and of what is shown.
CONTENT_MAX_BYTES = 4096
COLLAPSE_ID_MAX_BYTES = 64
_TOKEN = secrets.token_hex(16)  # stands where the token goes until a device is known; no content can hold it
_RESERVED = ("from", "message_type")
_RESERVED_PREFIXES = ("google", "gcm")


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
    return composition.before + msgspec.json.encode(token) + composition.after


def compose(message: Message, os: str, style: FCMStyle, *, now_ms: int) -> Composition:
    """The FCM form of a message for the devices of one operating system.

    Raises:
        ContentRefused: FCM would refuse it for every device.
    """
    from firebase_admin import messaging  # noqa: PLC0415  # a second of import that only a sender pays

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # tokens stay valid on the wire
            model = messaging.Message(
                token=_TOKEN, data=_data(message), **_blocks(messaging, message, os, style, now_ms)
            )
        document = json.loads(str(model))
    except ValueError as error:
        raise ContentRefused(f"FCM cannot carry this message: {_field(error)}") from None
    _check_size(document)
    before, after = msgspec.json.encode({"message": document}).split(msgspec.json.encode(_TOKEN))
    return Composition(before, after)


def _blocks(messaging: Any, message: Message, os: str, style: FCMStyle, now_ms: int) -> dict[str, Any]:
    if os in ("IOS", "OSX"):
        return {"apns": _apns(messaging, message, os, now_ms)}
    return {"android": _android(messaging, message, style, now_ms)}


def _text(message: Message) -> str:
    return message.body if isinstance(message.body, str) else msgspec.json.encode(message.body).decode()


def _data(message: Message) -> dict[str, str]:
    """What the device SDKs read: every header, the message itself, and its id to recognise a repetition by."""
    for name in message.headers:
        if name in _RESERVED or name.startswith(_RESERVED_PREFIXES):
            raise ContentRefused(f"FCM cannot carry this message: header {name} is reserved.")
    return message.headers | {"message": _text(message), "messageId": message.id}


def _silent(message: Message, os: str) -> bool:
    return message.headers.get(f"{os.lower()}-content-available") in ("1", "true")


def _android(messaging: Any, message: Message, style: FCMStyle, now_ms: int) -> Any:
    shown = style is FCMStyle.NOTIFICATION and not _silent(message, "ANDROID")
    urgent = message.priority or ("normal" if _silent(message, "ANDROID") else "high")
    return messaging.AndroidConfig(
        collapse_key=message.collapse_key,
        priority=urgent,
        ttl=_remaining(message, now_ms),
        notification=_notification(messaging, message) if shown else None,
    )


def _notification(messaging: Any, message: Message) -> Any:
    header = message.headers.get
    return messaging.AndroidNotification(
        title=header("android-content-title"),
        body=header("android-content-text") or _text(message),
        ticker=header("android-ticker-text"),
        sound=header("android-content-sound"),
        image=header("android-attachment-url"),
        click_action=header("android-action"),
        tag=message.collapse_key or message.id,
    )


def _apns(messaging: Any, message: Message, os: str, now_ms: int) -> Any:
    def header(name: str) -> str | None:
        return message.headers.get(f"{os.lower()}-{name}")

    silent = _silent(message, os)
    headers = {
        "apns-priority": "5" if silent or message.priority == "normal" else "10",
        "apns-push-type": "background" if silent else "alert",
        "apns-collapse-id": _collapse_id(message),
    }
    remaining = _remaining(message, now_ms)
    if remaining is not None:
        headers["apns-expiration"] = str(int(now_ms / 1000 + remaining.total_seconds()))
    aps = messaging.Aps(
        alert=None if silent else _alert(messaging, message, header("alert-title"), header("alert-subtitle"), os),
        badge=_badge(header("badge"), os),
        sound=None if silent else header("sound"),
        content_available=silent or None,
        mutable_content=bool(header("rich-media-url")) or None,
    )
    return messaging.APNSConfig(headers=headers, payload=messaging.APNSPayload(aps))


def _collapse_id(message: Message) -> str:
    """The app's own key or the message's id; APNs takes 64 bytes, so a longer key is its digest."""
    key = (message.collapse_key or message.id).encode()
    return key.decode() if len(key) <= COLLAPSE_ID_MAX_BYTES else blake2b(key, digest_size=32).hexdigest()


def _badge(text: str | None, os: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal():
        raise ContentRefused(f"Invalid header {os.lower()}-badge: expected a whole number.")
    return int(text)


def _alert(messaging: Any, message: Message, title: str | None, subtitle: str | None, os: str) -> Any:
    headers = message.headers
    body = headers.get(f"{os.lower()}-alert-body") or headers.get(f"{os.lower()}-alert") or _text(message)
    return messaging.ApsAlert(title=title, subtitle=subtitle, body=body)


def _remaining(message: Message, now_ms: int) -> timedelta | None:
    expires = message.expires_ms()
    return None if expires is None else timedelta(seconds=max(0, (expires - now_ms) // 1000))


def _check_size(document: dict[str, Any]) -> None:
    shown = document.get("android", {}).get("notification") or document.get("apns", {}).get("payload", {})
    size = sum(len(msgspec.json.encode(part)) for part in (document.get("data", {}), shown))
    if size > CONTENT_MAX_BYTES:
        raise ContentRefused(f"FCM carries at most {CONTENT_MAX_BYTES} bytes; the message has {size}.")


def _field(error: ValueError) -> str:
    """firebase-admin's complaints start with `Class.field must be …`; what follows a colon may quote the value."""
    return str(error).split(":", 1)[0]
