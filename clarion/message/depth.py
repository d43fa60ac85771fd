"""How deep a JSON value may be nested: one rule for every way in."""

from __future__ import annotations

from typing import Any

#: Deeper than people nest, and far from where any decoder or encoder that meets the value later gives up.
DEPTH_MAX = 100


def too_deep(value: Any) -> bool:
    """Whether a decoded JSON value is nested more than `DEPTH_MAX` deep."""
    level = [value]
    for _ in range(DEPTH_MAX):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return True


def _children(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
