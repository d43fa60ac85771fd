"""What FCM refuses of a whole message: its size, and names and values of pairs.

Source: Firebase documentation, REST resource `projects.messages`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from clarion.providers.base import ContentRefused

#: FCM's limit for one message to a token.
CONTENT_MAX_BYTES = 4096
_RESERVED = ("from", "message_type", "notification")
_RESERVED_PREFIXES = ("google", "gcm")
#: Where pairs may be: those that the app gets, and headers.
_DATA = ((), ("android",), ("webpush",))
_HEADERS = (("apns",), ("webpush",))

Object = dict[str, Any]
_encode = msgspec.json.Encoder().encode


def size(document: Object) -> int:
    """How many bytes of a message count: names and values of data and notification, as UTF-8, not as JSON.

    A platform's own data go in the place of the common ones; the payloads of APNs and of browsers are JSON anyway. Of a
    message with several platforms the largest counts.
    """
    data, shown = _within(document, "data"), _within(document, "notification")
    android, webpush = _within(document, "android"), _within(document, "webpush")
    apple, web = _within(document, "apns", "payload"), _within(webpush, "notification")
    return max(
        _weight(_within(android, "data") or data) + _weight(shown | _within(android, "notification")),
        _weight(data) + _weight(shown) + (len(_encode(apple)) if apple else 0),
        _weight(_within(webpush, "data") or data) + _weight(shown) + (len(_encode(web)) if web else 0),
    )


def check_pairs(document: Object) -> None:
    """Pass when all data and headers have strings as values, and no datum has a name of Google's.

    Raises:
        ContentRefused: they do not.
    """
    for path in _DATA:
        for name, value in _within(document, *path, "data").items():
            if name in _RESERVED or name.startswith(_RESERVED_PREFIXES):
                raise ContentRefused(f"FCM cannot carry this message: {name} is a reserved name.")
            _check_string((*path, "data"), value)
    for path in _HEADERS:
        for value in _within(document, *path, "headers").values():
            _check_string((*path, "headers"), value)


def _check_string(path: tuple[str, ...], value: Any) -> None:
    if not isinstance(value, str):
        raise ContentRefused(f"FCM cannot carry this message: {'.'.join(path)} must have strings as values.")


def _weight(pairs: Object) -> int:
    return sum(
        len(name.encode()) + len(value.encode() if isinstance(value, str) else _encode(value))
        for name, value in pairs.items()
    )


def _within(document: Object, *path: str) -> Object:
    """The object at a path; an empty one when there is none."""
    found: Any = document
    for name in path:
        found = found.get(name) or {}
    return dict(found)
