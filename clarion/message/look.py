"""What a message looks like to the devices of one operating system: its headers, its form and itself in one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from clarion.errors import InvalidField
from clarion.message.appearance import Appearance
from clarion.message.message import Message

_APPLE = {
    "alert-title": "title",
    "alert-subtitle": "subtitle",
    "alert-body": "body",
    "alert": "body",
    "rich-media-url": "image",
    "sound": "sound",
    "badge": "badge",
    "content-available": "silent",
}
#: Operating system -> header -> the part of the form that it sets. Of two that set the same part the first one wins.
HEADERS: dict[str, dict[str, str]] = {
    "IOS": {f"ios-{name}": part for name, part in _APPLE.items()},
    "OSX": {f"osx-{name}": part for name, part in _APPLE.items()},
    "ANDROID": {
        "android-content-title": "title",
        "android-content-text": "body",
        "android-summary-subtext": "subtitle",
        "android-attachment-url": "image",
        "android-content-sound": "sound",
        "android-badge": "badge",
        "android-action": "click_action",
        "android-content-available": "silent",
    },
    "WP": {
        "wp-title": "title",
        "wp-content": "body",
        "wp-subtitle": "subtitle",
        "wp-backgroundImage": "image",
        "wp-badge": "badge",
        "wp-count": "badge",
        "wp-parameter": "click_action",
    },
    "WEB": {
        "web-title": "title",
        "web-body": "body",
        "web-image": "image",
        "web-badge": "badge",
        "web-click-action": "click_action",
    },
}
#: Operating system -> what the names of its headers start with: all of them, also those that only one provider, or the
#: app's own SDK, understands.
PREFIXES: dict[str, tuple[str, ...]] = {
    "IOS": ("ios-", "ios_"),
    "OSX": ("osx-",),
    "ANDROID": ("android-", "android_"),
    "WP": ("wp-",),
    "WEB": (*HEADERS["WEB"], "web-icon"),  # whole names: Backendless has none for the web, so an app may have its own
}
# Huawei's devices are Android's, and speak its words.
HEADERS["HMS"] = HEADERS["ANDROID"]
PREFIXES["HMS"] = PREFIXES["ANDROID"]

BADGE_MAX = 2**31 - 1
_APPLES = ("IOS", "OSX")
#: Messages that say nothing by themselves.
_NOTHING: tuple[Any, ...] = (None, "", {}, [])
_TRUE = ("1", "true")
#: Windows' badge may be a picture instead, by a name that WNS judges.
_PICTURE = "wp-badge"
#: Operating system -> headers whose value may be one that cannot be used.
_COUNTS = {os: [header for header, part in table.items() if part == "badge"] for os, table in HEADERS.items()}
_ALL_PREFIXES = tuple(prefix for prefixes in PREFIXES.values() for prefix in prefixes)


def text(message: Message) -> str:
    """The message itself, as text."""
    return message.body if isinstance(message.body, str) else msgspec.json.encode(message.body).decode()


def look(message: Message, os: str) -> Appearance:
    """The appearance on an operating system; its body is never None.

    Raises:
        InvalidField: a header has a value that its part cannot have.
    """
    form = message.appearance
    said = _said(message, os)
    wakes = said.pop("silent", None)
    spoken = said.get("body", form.body)
    if spoken is None:
        said["body"] = text(message)
    shown = msgspec.structs.replace(form, **said) if said else form
    if wakes is None:
        return shown
    says = message.body not in _NOTHING if spoken is None else bool(spoken)
    # Some SDKs ask to wake the app with every publish: what can be shown is shown nevertheless.
    silent = bool(wakes) and (form.silent or not (says or _is_seen(shown, os)))
    return shown if silent is shown.silent else msgspec.structs.replace(shown, silent=silent)


def _is_seen(shown: Appearance, os: str) -> bool:
    """Whether there is something to show or hear beside the body; Apple's systems need no text for a badge or sound."""
    return bool(shown.title or shown.subtitle or (os in _APPLES and (shown.badge is not None or shown.sound)))


def wakes(message: Message, os: str) -> bool:
    """Whether the app is to be woken, be the message shown (a header asks for both) or silent."""
    return bool(_said(message, os).get("silent", message.appearance.silent))


def custom(message: Message) -> dict[str, str]:
    """The pairs for the app on every system: the form's, and the headers that speak to no single system."""
    if not message.headers:
        return message.appearance.data
    headers = {name: value for name, value in message.headers.items() if not name.startswith(_ALL_PREFIXES)}
    return message.appearance.data | headers


def own(message: Message, os: str) -> dict[str, str]:
    """The headers that speak to the devices of an operating system, for an SDK that reads them itself."""
    prefixes = PREFIXES.get(os, ())
    return {name: value for name, value in message.headers.items() if name.startswith(prefixes)}


def check_headers(message: Message, systems: Iterable[str]) -> None:
    """Pass when the headers that speak to these operating systems have values that can be used.

    Raises:
        InvalidField: names the header and what was expected of it.
    """
    for os in systems if message.headers else ():
        for header in _COUNTS.get(os, ()):
            value = message.headers.get(header)
            if value:
                _part(header, "badge", value)


def _said(message: Message, os: str) -> dict[str, str | int | bool]:
    """The parts that headers set."""
    said: dict[str, str | int | bool] = {}
    if message.headers:
        for header, part in HEADERS.get(os, {}).items():
            value = message.headers.get(header)
            if value and part not in said:
                meant = _part(header, part, value)
                if meant is not None:
                    said[part] = meant
    return said


def _part(header: str, part: str, value: str) -> str | int | bool | None:
    """What a header's value means for its part; None when it is not about that part."""
    if part == "silent":
        return value.lower() in _TRUE
    if part == "badge":
        if header == _PICTURE and value.isalpha():
            return None
        if not (value.isdecimal() and len(value) < len(str(BADGE_MAX)) + 1 and int(value) <= BADGE_MAX):
            raise InvalidField(f"header {header}", f"a whole number from 0 to {BADGE_MAX}")
        return int(value)
    return value
