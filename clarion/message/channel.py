"""The rule for the names of channels, the same wherever one is given."""

from __future__ import annotations

import unicodedata
from typing import Any

from clarion.errors import InvalidField

CHANNEL_MAX = 255
#: Control characters, lone surrogates, line and paragraph separators.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def is_text(value: str) -> bool:
    """Whether a string can be stored and shown on one line: letters of any script, spaces, emoji; no controls."""
    return value.isprintable() or not any(unicodedata.category(char) in _UNPRINTABLE for char in value)


def check_channel(name: Any) -> str:
    """The name itself, when it can name a channel.

    Raises:
        InvalidField: not a string of 1 to 255 characters, or one that would not survive in a URL's path.
    """
    if isinstance(name, str) and 0 < len(name) <= CHANNEL_MAX and _is_segment(name) and is_text(name):
        return name
    raise InvalidField("channel", f"a name of 1 to {CHANNEL_MAX} characters without / and control characters")


def _is_segment(name: str) -> bool:
    return "/" not in name and name not in {".", ".."}
