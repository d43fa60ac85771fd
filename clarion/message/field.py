"""Values of the kinds that several options have in common, checked under the name that the caller knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

import msgspec

from clarion.app import Limits
from clarion.errors import InvalidField
from clarion.message.depth import DEPTH_MAX, too_deep

TEXT_MAX = 255
#: What an encoder or decoder says of a value that it cannot carry: a lone surrogate, an object, an endless nesting.
UNSTORABLE = (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError)


def is_whole(value: Any, lowest: int, highest: int) -> TypeGuard[int]:
    """Whether it is an integer, and not a truth value, within these bounds, both included."""
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest


def flag(field: str, value: Any) -> bool:
    """True or False itself.

    Raises:
        InvalidField: it is neither.
    """
    if isinstance(value, bool):
        return value
    raise InvalidField(field, "true or false")


def json_value(field: str, value: Any) -> Any:
    """The value as JSON carries it.

    Raises:
        InvalidField: JSON cannot, or it is nested too deep.
    """
    try:
        carried = msgspec.json.decode(msgspec.json.encode(value))
    except UNSTORABLE as error:
        raise InvalidField(field, "a value that JSON can carry") from error
    if too_deep(carried):
        raise InvalidField(field, f"JSON nested at most {DEPTH_MAX} deep")
    return carried


def short_text(field: str, value: Any) -> str | None:
    """A string of at most 255 printable characters, or None.

    Raises:
        InvalidField: it is neither.
    """
    if value is None or (isinstance(value, str) and len(value) <= TEXT_MAX and value.isprintable()):
        return value
    raise InvalidField(field, f"a string of at most {TEXT_MAX} printable characters")


def pairs(field: str, value: Any, limits: Limits) -> dict[str, str]:
    """Names and strings; a value of another kind becomes its JSON.

    Raises:
        InvalidField: it is no mapping, has too many pairs, or one that is too long or cannot be stored.
    """
    if not isinstance(value, Mapping):
        raise InvalidField(field, "a mapping of names to values")
    if len(value) > limits.headers:
        raise InvalidField(field, f"at most {limits.headers} names")
    return {_name(field, name): _string(field, name, each, limits) for name, each in value.items()}


def _name(field: str, name: Any) -> str:
    if not isinstance(name, str) or not 0 < len(name) <= TEXT_MAX or not name.isprintable():
        raise InvalidField(field, f"names of 1 to {TEXT_MAX} printable characters")
    return name


def _string(field: str, name: str, value: Any, limits: Limits) -> str:
    try:
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        size = len(name.encode()) + len(text.encode())
    except UNSTORABLE:
        raise InvalidField(field, "values that JSON can carry") from None
    if size > limits.header_bytes:
        raise InvalidField(field, f"at most {limits.header_bytes} bytes in one name and value together")
    return text
