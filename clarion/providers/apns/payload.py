"""The JSON that a device gets: `aps` for the system, and beside it what the app reads.

Source: Apple, "Generating a remote notification"; the names beside `aps` are those of Backendless' SDKs.
"""

from __future__ import annotations

from typing import Any

import msgspec

from clarion.message import Message
from clarion.message.appearance import Appearance
from clarion.message.look import HEADERS, custom, own, text, wakes
from clarion.providers.apns.push_type import ALERT, BACKGROUND, LIVE_ACTIVITY, MDM
from clarion.providers.base import ContentRefused
from clarion.providers.content import merged

#: The category that the SDK registers for buttons.
BUTTON_CATEGORY = "buttonActionsTemplate"
INTERRUPTION_LEVELS = ("passive", "active", "time-sensitive", "critical")
BADGE_MAX = 2**31 - 1
#: Headers that only Apple's systems have, after `ios-` or `osx-`.
OWN_HEADERS = ("push-type", "thread-id", "category", "target-content-id", "relevance-score", "interruption-level")
_READ_HERE = {*HEADERS["IOS"], *HEADERS["OSX"], *(f"{os}-{name}" for os in ("ios", "osx") for name in OWN_HEADERS)}
#: Headers by which the SDK's notification extension draws the message: it runs for mutable content only.
_DRAWN_BY_EXTENSION = ("template_name", "ios_immediate_push")
_START = "start"
_EVENTS = (_START, "update", "end")
_STARTED_BY = ("alert", "attributes-type", "attributes")
#: What a background push cannot have.
_SHOWN = ("alert", "badge", "sound")


def payload(message: Message, os: str, shown: Appearance, kind: str, *, whole: bool) -> dict[str, Any]:
    """The payload of a message for the devices of one operating system.

    Args:
        message: what is sent.
        os: the devices' operating system.
        shown: how it looks, its body perhaps cut.
        kind: its push type.
        whole: whether the body is the message itself, so that the app gets that cut as well.

    Raises:
        ContentRefused: APNs would refuse it, or show nothing.
    """
    raw = message.raw.get("apns", {})
    if kind == MDM:
        return raw
    made = _custom(message, os, shown, whole=whole) | {"aps": _aps(message, os, shown, kind)}
    joined = merged(made, raw)
    _check(joined.get("aps"), kind)
    return joined


def _check(aps: Any, kind: str) -> None:
    if not isinstance(aps, dict):
        raise ContentRefused("APNs cannot carry this message: aps is an object.")
    if kind == ALERT and not (aps.get("alert") or aps.get("sound") or "badge" in aps):
        raise ContentRefused("APNs would show nothing: the message has no text, sound or badge, and is not silent.")
    if kind == BACKGROUND and any(aps.get(name) is not None for name in _SHOWN):
        raise ContentRefused(f"APNs cannot carry this message: a background push has no {', '.join(_SHOWN)}.")
    if kind == LIVE_ACTIVITY and aps.get("event") not in _EVENTS:
        raise ContentRefused("APNs cannot carry this message: a Live Activity needs event, start, update or end.")
    if kind == LIVE_ACTIVITY and aps["event"] == _START and not all(aps.get(name) is not None for name in _STARTED_BY):
        raise ContentRefused(f"APNs cannot carry this message: a Live Activity is started by {', '.join(_STARTED_BY)}.")


def _aps(message: Message, os: str, shown: Appearance, kind: str) -> dict[str, Any]:
    if kind == BACKGROUND:
        return {"content-available": 1}
    if kind == LIVE_ACTIVITY:
        return {"timestamp": message.begins_ms // 1000}
    if kind != ALERT:
        return {}
    header = {name: message.headers.get(f"{os.lower()}-{name}") for name in OWN_HEADERS}
    alert = {"title": shown.title, "subtitle": shown.subtitle, "body": shown.body}
    extended = shown.image or any(name in message.headers for name in _DRAWN_BY_EXTENSION)
    fields = {
        "alert": {name: value for name, value in alert.items() if value},
        "badge": _badge(shown.badge),
        "sound": shown.sound,
        "mutable-content": 1 if extended else None,
        "content-available": 1 if wakes(message, os) else None,
        "category": header["category"] or (BUTTON_CATEGORY if shown.buttons else None),
        "thread-id": header["thread-id"],
        "target-content-id": header["target-content-id"],
        "interruption-level": _level(os, header["interruption-level"], shown),
        "relevance-score": _score(os, header["relevance-score"]),
    }
    return {name: value for name, value in fields.items() if value not in (None, {}, "")}


def _badge(badge: int | None) -> int | None:
    if badge is not None and badge > BADGE_MAX:
        raise ContentRefused(f"APNs cannot carry this message: a badge is at most {BADGE_MAX}.")
    return badge


def _level(os: str, given: str | None, shown: Appearance) -> str | None:
    if given and given not in INTERRUPTION_LEVELS:
        raise ContentRefused(
            f"Invalid header {os.lower()}-interruption-level: one of {', '.join(INTERRUPTION_LEVELS)}."
        )
    return given or ("time-sensitive" if shown.time_sensitive else None)


def _score(os: str, given: str | None) -> float | None:
    if not given:
        return None
    try:
        score = float(given)
    except ValueError:
        score = -1.0
    if not 0 <= score <= 1:
        raise ContentRefused(f"Invalid header {os.lower()}-relevance-score: expected a number from 0 to 1.")
    return score


def _custom(message: Message, os: str, shown: Appearance, *, whole: bool) -> dict[str, Any]:
    """What stands beside `aps`: headers and data for the app, then what the SDKs know by name."""
    told = custom(message) | {name: value for name, value in own(message, os).items() if name not in _READ_HERE}
    if "aps" in told:
        raise ContentRefused("APNs cannot carry this message: the name aps is reserved.")
    known = {
        "message": shown.body if whole else text(message),
        "messageId": message.id,
        "ios-alert-title": shown.title,
        "ios-alert-subtitle": shown.subtitle,
        "attachment-url": shown.image,
        "click_action": shown.click_action,
        "buttons": [msgspec.to_builtins(button) for button in shown.buttons],
    }
    return told | {name: value for name, value in known.items() if value}
