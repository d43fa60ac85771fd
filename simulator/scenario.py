"""The scenario language: `NAME[;key=value]*`, carried by a token (`sim:NAME;key=value:anything`) or by a rule."""

from __future__ import annotations

from functools import lru_cache

import msgspec

PREFIX = "sim:"


class Scenario(msgspec.Struct, frozen=True):
    """A fault's name and its options, as written."""

    name: str
    options: dict[str, str]

    def number(self, key: str, default: float = 0) -> float:
        """Return a numeric option; raise ValueError when it is not a number >= 0."""
        value = float(self.options.get(key, default))
        if not 0 <= value < float("inf"):
            raise ValueError(f"{key} must be a number >= 0")
        return value

    def flag(self, key: str) -> bool:
        """Return whether an option is set to something other than 0."""
        return self.options.get(key, "0") != "0"


#: Options that every scenario takes.
COMMON_OPTIONS = frozenset({"ms", "times", "accept"})


@lru_cache(maxsize=4096)
def parse(text: str) -> Scenario:
    """Read `NAME[;key=value]*`; raise ValueError when an option has no `=`."""
    name, *pairs = text.split(";")
    options = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"option {key!r} has no value")
        options[key] = value
    return Scenario(name, options)


def of_token(token: str) -> str | None:
    """Return the scenario text of a token, or None when the token carries none."""
    if not token.startswith(PREFIX):
        return None
    return token[len(PREFIX) :].partition(":")[0]
