"""Content that is too long: cut where the message allows it, else refused with the size and the limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from clarion.message.appearance import Appearance
from clarion.providers.base import ContentRefused

T = TypeVar("T")
_ELLIPSIS = "…"


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
