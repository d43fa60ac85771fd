"""A message as an APNs request: everything but the device's path, its `apns-id` and the provider token."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

import msgspec

from clarion.message import Message
from clarion.message.appearance import Appearance
from clarion.message.look import text
from clarion.providers.apns.payload import payload
from clarion.providers.apns.push_type import ALERT, BACKGROUND, PUSH_TYPES, priority
from clarion.providers.base import ContentRefused
from clarion.providers.content import collapse_id, fit, looks

#: The first four groups of a UUID, with their hyphens.
_UUID_START = 24


@dataclass(frozen=True, slots=True, repr=False)
class Composition:
    """What all devices of an operating system share.

    Attributes:
        lines: the headers but for the provider token.
        body: the payload.
        id_start: the first 24 characters of every `apns-id`.
    """

    lines: tuple[str, ...]
    body: bytes
    id_start: str

    def headers(self, bearer: str) -> tuple[str, ...]:
        """The shared headers; one tuple object for each message, operating system and provider token."""
        return _headers(self.lines, bearer)

    def own(self, ordinal: int) -> tuple[str, ...]:
        """The header of one device alone: the same `apns-id` each time, whose last group is its ordinal."""
        return (f"apns-id: {self.id_start}{ordinal:012x}",)


@lru_cache(maxsize=64)
def _headers(lines: tuple[str, ...], bearer: str) -> tuple[str, ...]:
    return (f"authorization: bearer {bearer}", *lines)


def compose(message: Message, os: str, topic: str) -> Composition:
    """The APNs form of a message.

    Args:
        message: what is sent.
        os: the devices' operating system.
        topic: their app's bundle id.

    Raises:
        ContentRefused: APNs would refuse it for every device.
    """
    shown = looks(message, os)
    name = _push_type(message, os, shown)
    kind = PUSH_TYPES[name]
    whole = shown.body == message.body
    body = fit(
        "APNs", kind.limit_bytes, shown, lambda cut: msgspec.json.encode(payload(message, os, cut, name, whole=whole))
    )
    lines = [
        f"apns-topic: {topic}{kind.suffix}",
        f"apns-push-type: {name}",
        f"apns-priority: {priority(kind, message.priority)}",
        f"apns-collapse-id: {collapse_id(message)}",
    ]
    expires_ms = message.expires_ms()
    if expires_ms is not None:
        lines.append(f"apns-expiration: {expires_ms // 1000}")
    return Composition(tuple(lines), body, str(UUID(message.id.removeprefix("message:")))[:_UUID_START])


def _push_type(message: Message, os: str, shown: Appearance) -> str:
    header = f"{os.lower()}-push-type"
    name = message.headers.get(header) or ALERT
    if name not in PUSH_TYPES:
        raise ContentRefused(f"Invalid header {header}: expected one of {', '.join(PUSH_TYPES)}.")
    if name == BACKGROUND and not shown.silent and _is_shown(message, shown):
        raise ContentRefused(f"Invalid header {header}: a background push has no title, body, sound or badge.")
    return BACKGROUND if name == ALERT and shown.silent else name


def _is_shown(message: Message, shown: Appearance) -> bool:
    """Whether a message says how it is to be shown; a body of its own does, the message itself does not."""
    heard = bool(shown.sound) or shown.badge is not None
    return heard or bool(shown.title or shown.subtitle) or shown.body != text(message)
