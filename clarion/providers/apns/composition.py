"""A message as an APNs request: everything but the device's path, its `apns-id` and the provider token."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from uuid import UUID

import msgspec

from clarion.errors import InvalidField
from clarion.message import Message
from clarion.message.appearance import Appearance
from clarion.message.look import look
from clarion.providers.apns.payload import payload
from clarion.providers.apns.push_type import ALERT, BACKGROUND, PUSH_TYPES, priority
from clarion.providers.base import ContentRefused
from clarion.providers.content import fit

#: `apns-collapse-id` has at most 64 bytes, and must be fit for a header; any other key is its digest.
_COLLAPSE_ID = re.compile("[!-~]{1,64}")
#: The first four groups of a UUID, with their hyphens.
_UUID_START = 24


@dataclass(frozen=True, slots=True)
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
    try:
        shown = look(message, os)
    except InvalidField as error:
        raise ContentRefused(error.message) from None
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
        f"apns-collapse-id: {_collapse_id(message)}",
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
    return BACKGROUND if name == ALERT and shown.silent else name


def _collapse_id(message: Message) -> str:
    key = message.collapse_key or message.id
    return key if _COLLAPSE_ID.fullmatch(key) else blake2b(key.encode(), digest_size=32).hexdigest()
