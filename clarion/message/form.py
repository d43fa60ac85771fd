"""From what a caller gave to an `Appearance`: whatever is wrong with one is found here, and named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from clarion.app import Limits
from clarion.errors import InvalidField
from clarion.message.appearance import PLAIN, Appearance, Button
from clarion.message.channel import is_text
from clarion.message.field import flag, is_whole, json_value, pairs
from clarion.message.look import BADGE_MAX

#: More than any provider carries; a message of that size is refused for its size first.
TEXT_MAX = 100_000
TITLE_MAX = 1_024
NAME_MAX = 255
URL_MAX = 2_048
#: The most that any system shows.
BUTTONS_MAX = 5
PROVIDERS = ("fcm", "apns", "webpush", "wns", "hms")


def check_appearance(given: Any, limits: Limits) -> Appearance:
    """The appearance itself, its parts as they are stored; None is the plain one.

    Raises:
        InvalidField: names the part (`appearance.badge`) and what was expected of it.
    """
    if given is None:
        return PLAIN
    if not isinstance(given, Appearance):
        raise InvalidField("appearance", "an Appearance")
    for part, check in _PARTS.items():
        value = getattr(given, part)
        if value is not None:
            check(f"appearance.{camel(part)}", value)
    data, buttons = pairs("appearance.data", given.data, limits), _buttons(given.buttons)
    checked = msgspec.structs.replace(given, data=data, buttons=buttons)
    return PLAIN if checked == PLAIN else checked


def check_raw(given: Any) -> dict[str, dict[str, Any]]:
    """Members of providers' own payloads, as they are stored.

    Raises:
        InvalidField: a provider that there is not, or something that is no JSON object.
    """
    if not isinstance(given, dict) or not set(given) <= set(PROVIDERS):
        raise InvalidField("raw", f"an object by provider, of {', '.join(PROVIDERS)}")
    return {provider: _members(f"raw.{provider}", members) for provider, members in given.items()}


def camel(name: str) -> str:
    """An option's name as it is on the wire."""
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


def _members(field: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidField(field, "a JSON object")
    members: dict[str, Any] = json_value(field, value)
    return members


def _buttons(given: Any) -> tuple[Button, ...]:
    field = "appearance.buttons"
    if not isinstance(given, list | tuple) or not all(isinstance(button, Button) for button in given):
        raise InvalidField(field, "buttons, each with an id and a title")
    for number, button in enumerate(given):
        _line(NAME_MAX, 1)(f"{field}[{number}].id", button.id)
        _line(NAME_MAX, 1)(f"{field}[{number}].title", button.title)
        if button.url is not None:
            _line(URL_MAX, 1)(f"{field}[{number}].url", button.url)
    if len(given) > BUTTONS_MAX or len({button.id for button in given}) < len(given):
        raise InvalidField(field, f"at most {BUTTONS_MAX} buttons, each with an id of its own")
    return tuple(given)


def _text(longest: int) -> Callable[[str, Any], None]:
    def check(field: str, value: Any) -> None:
        if not isinstance(value, str) or len(value) > longest or (not value.isascii() and _has_surrogate(value)):
            raise InvalidField(field, f"a string of at most {longest} characters")

    return check


def _line(longest: int, shortest: int = 0) -> Callable[[str, Any], None]:
    def check(field: str, value: Any) -> None:
        if not isinstance(value, str) or not shortest <= len(value) <= longest or not is_text(value):
            raise InvalidField(field, f"a string of {shortest} to {longest} characters, none a control")

    return check


def _has_surrogate(value: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in value)


def _count(field: str, value: Any) -> None:
    if not is_whole(value, 0, BADGE_MAX):
        raise InvalidField(field, f"a whole number from 0 to {BADGE_MAX}")


_PARTS: dict[str, Callable[[str, Any], object]] = {
    "title": _text(TITLE_MAX),
    "subtitle": _text(TITLE_MAX),
    "body": _text(TEXT_MAX),
    "image": _line(URL_MAX),
    "sound": _line(NAME_MAX),
    "badge": _count,
    "click_action": _line(URL_MAX),
    "time_sensitive": flag,
    "silent": flag,
    "truncate": flag,
}
