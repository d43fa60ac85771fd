"""What HMS refuses of a message for every device, looked for before it is sent.

Source: Huawei, Push Kit REST API, "Sending messages".
"""

from __future__ import annotations

import re
from typing import Any

from clarion.providers.base import ContentRefused

TTL_MAX_S = 1_296_000
_TTL = re.compile(r"([0-9]{1,16})(?:\.[0-9]{1,9})?s?", re.IGNORECASE)
_COLLAPSE_KEYS = range(-1, 101)
_URGENCIES = ("HIGH", "NORMAL")
#: Type of a click action -> the members of which it needs one.
_CLICK_ACTIONS: dict[Any, tuple[str, ...]] = {1: ("intent", "action"), 2: ("url",), 3: ()}


def check(document: dict[str, Any]) -> None:
    """Pass when HMS could take a message.

    Raises:
        ContentRefused: it cannot; says which member is to blame.
    """
    shared, android = _member(document, "", "notification"), _member(document, "", "android")
    own = _member(android, "android.", "notification")
    for place, data in (("data", document.get("data")), ("android.data", android.get("data"))):
        if data is not None and not isinstance(data, str):
            raise _refused(place, "is a string")
    if not (shared or own or document.get("data") or android.get("data")):
        raise ContentRefused("HMS cannot carry this message: it has neither a notification nor data.")
    _check_ttl(android.get("ttl"))
    if android.get("urgency") not in (None, *_URGENCIES):
        raise _refused("android.urgency", f"is {' or '.join(_URGENCIES)}")
    if android.get("collapse_key") is not None and not _is_collapse_key(android["collapse_key"]):
        raise _refused("android.collapse_key", f"is a number from {_COLLAPSE_KEYS[0]} to {_COLLAPSE_KEYS[-1]}")
    if shared or own:
        _check_notification(shared, own)


def _check_ttl(ttl: Any) -> None:
    match = _TTL.fullmatch(ttl) if isinstance(ttl, str) else None
    if ttl is not None and (match is None or int(match[1]) > TTL_MAX_S):
        raise _refused("android.ttl", f"is at most {TTL_MAX_S}s")


def _check_notification(shared: dict[str, Any], own: dict[str, Any]) -> None:
    for name in ("title", "body"):
        said = own.get(name) or shared.get(name)
        if not said or not isinstance(said, str):
            raise ContentRefused(f"HMS cannot carry this message: a notification needs a {name}.")
    if not own:
        return
    action = _member(own, "android.notification.", "click_action")
    kind = action.get("type")
    needed = _CLICK_ACTIONS.get(kind) if isinstance(kind, int) and not isinstance(kind, bool) else None
    if needed is None or (needed and not any(action.get(name) for name in needed)):
        raise _refused("android.notification.click_action", "has a type, and what is to be opened")


def _is_collapse_key(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in _COLLAPSE_KEYS


def _member(document: dict[str, Any], path: str, name: str) -> dict[str, Any]:
    value = document.get(name)
    if value is not None and not isinstance(value, dict):
        raise _refused(path + name, "is an object")
    return value or {}


def _refused(place: str, what: str) -> ContentRefused:
    return ContentRefused(f"HMS cannot carry this message: {place} {what}.")
