"""Arguments of calls, as far as they are checked before it matters which way in they go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clarion.errors import InvalidField
from clarion.message import DeliveryOptions, PublishOptions
from clarion.message.field import is_whole

#: The most that one call lists.
LISTED_MAX = 1_000


def check_publish(channel: Any, publish: Any, delivery: Any) -> None:
    """Pass when the arguments of a publish are of their kinds; their values are checked where they are used.

    Raises:
        InvalidField: one of them is neither None nor of its kind.
    """
    for field, value, kind, expected in (
        ("channel_name", channel, str, "a string"),
        ("publish_options", publish, PublishOptions, "PublishOptions"),
        ("delivery_options", delivery, DeliveryOptions, "DeliveryOptions"),
    ):
        if value is not None and not isinstance(value, kind):
            raise InvalidField(field, expected)


def check_limit(value: Any) -> int:
    """How much is to be listed.

    Raises:
        InvalidField: it is no whole number from 1 to `LISTED_MAX`.
    """
    if is_whole(value, 1, LISTED_MAX):
        return value
    raise InvalidField("limit", f"a whole number from 1 to {LISTED_MAX}")


def check_names(channels: Sequence[str]) -> list[str]:
    """Names of channels, as a list.

    Raises:
        InvalidField: it is a string, whose letters are no names.
    """
    if isinstance(channels, str):
        raise InvalidField("channels", "a list of names of channels")
    return list(channels)
