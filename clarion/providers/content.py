"""What all providers compose alike: looks, the app's own members, what is left of a life, identity, and what fits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, TypeVar

from clarion.errors import InvalidField
from clarion.message import Message
from clarion.message.appearance import Appearance
from clarion.message.look import look
from clarion.providers.base import ContentRefused

T = TypeVar("T")
_ELLIPSIS = "…"
#: What Apple takes as a collapse id, and what may stand in a header: 64 characters without a space.
_COLLAPSE_ID = re.compile("[!-~]{1,64}")


class ContentTooLong(ContentRefused):
    """The content is longer than the provider carries."""

    def __init__(self, provider: str, limit_bytes: int, size_bytes: int) -> None:
        super().__init__(f"{provider} carries at most {limit_bytes} bytes; the message has {size_bytes}.")
        self.limit_bytes = limit_bytes
        self.size_bytes = size_bytes


def fit(
    provider: str,
    limit_bytes: int,
    shown: Appearance,
    write: Callable[[Appearance], T],
    *,
    size: Callable[[T], int] = len,  # type: ignore[assignment]  # what has no length says how it is measured
) -> T:
    """What `write` makes of an appearance, its body cut at a character if it must and may be.

    Args:
        provider: for people, as in "APNs".
        limit_bytes: the longest that the provider takes.
        shown: what is to be written.
        write: makes the bytes that count; they get shorter with the body.
        size: how many bytes of what `write` made count, when it is not its length.

    Raises:
        ContentRefused: it is too long, and cutting is not allowed or not enough.
    """
    written = write(shown)
    total = size(written)
    if total <= limit_bytes:
        return written
    best = None
    if shown.truncate and shown.body:
        low, high = 0, len(shown.body) - 1
        while low <= high:
            middle = (low + high) // 2
            tried = write(shown.cut(middle, _ELLIPSIS))
            if size(tried) <= limit_bytes:
                best, low = tried, middle + 1
            else:
                high = middle - 1
    if best is None:
        raise ContentTooLong(provider, limit_bytes, total)
    return best


def looks(message: Message, os: str) -> Appearance:
    """The appearance on an operating system, as `look` says.

    Raises:
        ContentRefused: a header has a value that cannot be used.
    """
    try:
        return look(message, os)
    except InvalidField as refused:
        raise ContentRefused(refused.message) from None


def merged(ours: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Our members with the app's own: objects join at any depth, anything else replaces ours, null takes ours away."""
    result = dict(ours)
    for name, value in given.items():
        mine = result.get(name)
        if value is None and name in result:
            del result[name]
        elif isinstance(mine, dict) and isinstance(value, dict):
            result[name] = merged(mine, value)
        else:
            result[name] = value
    return result


def remaining_s(message: Message, now_ms: int) -> int | None:
    """What is left of a message's time to live, whole seconds from 0; None when it has none."""
    expires_ms = message.expires_ms()
    return None if expires_ms is None else max(0, (expires_ms - now_ms) // 1000)


def collapse_id(message: Message) -> str:
    """What a later copy replaces an earlier one by: the collapse key, else the message's id.

    One that is no header value of 64 bytes is its digest.
    """
    key = _collapse_key(message)
    return key if _COLLAPSE_ID.fullmatch(key) else collapse_digest(message, 32).hex()


def collapse_digest(message: Message, size: int) -> bytes:
    """The same in `size` bytes."""
    return blake2b(_collapse_key(message).encode(), digest_size=size).digest()


def _collapse_key(message: Message) -> str:
    return message.collapse_key or message.id
