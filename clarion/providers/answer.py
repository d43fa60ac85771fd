"""Reading a provider's answer: a body that should be JSON, a word that may go into the books, front ends' statuses."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from clarion.providers.base import Verdict

_WORD = re.compile("[A-Za-z0-9_.-]{1,64}")

#: What stands before every provider answers these by itself: status -> verdict and reason.
FRONT_END = {
    408: (Verdict.RETRY, "REQUEST_TIMEOUT"),
    429: (Verdict.THROTTLED, "TOO_MANY_REQUESTS"),
    502: (Verdict.RETRY, "BAD_GATEWAY"),
    504: (Verdict.RETRY, "GATEWAY_TIMEOUT"),
}


def json_object(text: bytes | str) -> dict[str, Any]:
    """The JSON object in a body; an empty one when there is none."""
    try:
        content = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def word(value: Any) -> str | None:
    """A reason as it may go into books and logs: only what looks like one word; None is anything else."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None
