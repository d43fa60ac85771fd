"""The members that FCM's message has, and what each must be: with any other FCM refuses the message for every device.

Source: Firebase documentation, REST resource `projects.messages`; members of 2026 as firebase-admin 7.7 sends them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Union

from clarion.providers.answer import word
from clarion.providers.base import ContentRefused

#: The longest that FCM keeps a message, seconds.
TTL_MAX_S = 2_419_200
TARGETS = frozenset({"token", "fid", "topic", "condition"})


class Kind(NamedTuple):
    """What a member must be: a test, and the same in words."""

    fits: Callable[[Any], bool]
    expected: str


Schema = Mapping[str, Union[Kind, "Schema"]]
_is_duration = re.compile(r"(-?[0-9]{1,12})(?:\.[0-9]{1,9})?s").fullmatch
_is_number = re.compile(r"-?[0-9]{1,10}").fullmatch


def _text(pattern: str, expected: str) -> Kind:
    fits = re.compile(pattern, re.DOTALL).fullmatch
    return Kind(lambda value: isinstance(value, str) and fits(value) is not None, expected)


def _one_of(prefix: str, *words: str) -> Kind:
    # Protocol buffers take the number of a member as well.
    known = {prefix + word for word in words}
    expected = f"one of {', '.join(sorted(known))}"
    return Kind(lambda value: type(value) is int or (isinstance(value, str) and value in known), expected)


def _list_of(kind: Kind, expected: str) -> Kind:
    return Kind(lambda value: isinstance(value, list) and all(map(kind.fits, value)), expected)


def _fits_ttl(value: Any) -> bool:
    match = _is_duration(value) if isinstance(value, str) else None
    return match is not None and not value.startswith("-") and int(match[1]) <= TTL_MAX_S


def _fits_integer(value: Any) -> bool:
    return type(value) is int or (isinstance(value, str) and _is_number(value) is not None)


STRING = _text(".*", "a string")
LABEL = _text("[a-zA-Z0-9-_.~%]{0,50}", "at most 50 letters, digits and -_.~%")
COLOR = _text("(?:#[0-9a-fA-F]{6})?", "#rrggbb")
LINK = _text("(?:https://.*)?", "an https URL")
DURATION = _text(r"-?[0-9]{1,12}(?:\.[0-9]{1,9})?s", "seconds, as in 3.5s")
TTL = Kind(_fits_ttl, f"seconds from 0s to {TTL_MAX_S}s")
BOOL = Kind(lambda value: isinstance(value, bool), "true or false")
INTEGER = Kind(_fits_integer, "a whole number")
NUMBER = Kind(lambda value: isinstance(value, int | float | str) and not isinstance(value, bool), "a number")
OBJECT = Kind(lambda value: isinstance(value, dict), "an object")
#: A null takes one of our own pairs away; what is left is looked at once they are joined.
PAIRS = Kind(
    lambda value: isinstance(value, dict) and all(each is None or isinstance(each, str) for each in value.values()),
    "an object with strings as values",
)
STRINGS = _list_of(STRING, "a list of strings")

_OPTIONS: Schema = {"analytics_label": LABEL}
_COLORS: Schema = dict.fromkeys(("red", "green", "blue", "alpha"), NUMBER)
_DRAWN: Schema = {
    **dict.fromkeys(("title", "body", "icon", "sound", "tag", "click_action", "channel_id", "ticker", "image"), STRING),
    **dict.fromkeys(("body_loc_key", "title_loc_key", "event_time"), STRING),
    **dict.fromkeys(("body_loc_args", "title_loc_args"), STRINGS),
    **dict.fromkeys(("sticky", "local_only", "default_sound", "default_vibrate_timings"), BOOL),
    **dict.fromkeys(("default_light_settings", "bypass_proxy_notification"), BOOL),
    "color": COLOR,
    "notification_priority": _one_of("PRIORITY_", "UNSPECIFIED", "MIN", "LOW", "DEFAULT", "HIGH", "MAX"),
    "vibrate_timings": _list_of(DURATION, "a list of seconds, as in 3.5s"),
    "visibility": _one_of("", "VISIBILITY_UNSPECIFIED", "PRIVATE", "PUBLIC", "SECRET"),
    "notification_count": INTEGER,
    "light_settings": {"color": _COLORS, **dict.fromkeys(("light_on_duration", "light_off_duration"), DURATION)},
    "proxy": _one_of("", "PROXY_UNSPECIFIED", "ALLOW", "DENY", "IF_PRIORITY_LOWERED"),
}
MESSAGE: Schema = {
    "data": PAIRS,
    "notification": dict.fromkeys(("title", "body", "image"), STRING),
    "android": {
        **dict.fromkeys(("collapse_key", "restricted_package_name"), STRING),
        **dict.fromkeys(("direct_boot_ok", "bandwidth_constrained_ok", "restricted_satellite_ok"), BOOL),
        "priority": _one_of("", "normal", "high", "NORMAL", "HIGH"),
        "ttl": TTL,
        "data": PAIRS,
        "fcm_options": _OPTIONS,
        "notification": _DRAWN,
    },
    "apns": {
        "headers": PAIRS,
        "payload": OBJECT,
        "live_activity_token": STRING,
        "fcm_options": {"analytics_label": LABEL, "image": STRING},
    },
    "webpush": {
        "headers": PAIRS,
        "data": PAIRS,
        "notification": OBJECT,
        "fcm_options": {"analytics_label": LABEL, "link": LINK},
    },
    "fcm_options": _OPTIONS,
}


def normal(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The members of `raw.fcm` by the names that we use too: FCM knows each as `snake_case` and as `camelCase`.

    Raises:
        ContentRefused: one is the target, unknown, there twice, or not what it must be.
    """
    for name in raw:
        if name in TARGETS:
            raise ContentRefused(f"raw.fcm cannot have a {name}: the message's own target is used.")
    return _normal(raw, MESSAGE, "raw.fcm")


def _normal(raw: Mapping[str, Any], schema: Schema, path: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for spelling, value in raw.items():
        name = re.sub("[A-Z]", lambda match: f"_{match[0].lower()}", spelling)
        kind = schema.get(name)
        if kind is None or name in result:
            raise ContentRefused(
                f"Invalid {path}: FCM knows no {word(spelling) or 'such member'}, or it is there twice."
            )
        result[name] = _value(value, kind, f"{path}.{name}")
    return result


def _value(value: Any, kind: Kind | Schema, path: str) -> Any:
    if value is None:
        return None
    if isinstance(kind, Kind):
        if not kind.fits(value):
            raise ContentRefused(f"Invalid {path}: expected {kind.expected}.")
        return value
    if not isinstance(value, dict):
        raise ContentRefused(f"Invalid {path}: expected an object.")
    return _normal(value, kind, path)
