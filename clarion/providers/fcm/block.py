"""The parts of FCM's message that belong to one platform: `android`, `apns`, `webpush`.

Source: Firebase documentation, REST resource `projects.messages`.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from clarion.app import FCMStyle
from clarion.message import Appearance, Message
from clarion.message.look import wakes

Object = dict[str, Any]
COLLAPSE_ID_MAX_BYTES = 64


def android(message: Message, shown: Appearance, style: FCMStyle, *, now_ms: int) -> Object:
    """For Android: drawn by the system in the notification style, by the app in the data style."""
    remaining = _remaining_s(message, now_ms)
    drawn = style is FCMStyle.NOTIFICATION and not shown.silent
    return _set(
        collapse_key=message.collapse_key,
        priority=_priority(message, shown),
        ttl=None if remaining is None else f"{remaining}s",
        notification=_android_notification(message, shown) if drawn else None,
    )


def apple(message: Message, shown: Appearance, os: str, *, now_ms: int) -> Object:
    """For Apple's systems, where FCM passes it to APNs."""
    remaining = _remaining_s(message, now_ms)
    headers = _set(
        **{
            "apns-priority": "10" if _priority(message, shown) == "high" and not shown.silent else "5",
            "apns-push-type": "background" if shown.silent else "alert",
            "apns-collapse-id": _collapse_id(message),
            "apns-expiration": None if remaining is None else str(now_ms // 1000 + remaining),
        }
    )
    if shown.silent:  # Apple allows nothing beside it
        return {"headers": headers, "payload": {"aps": {"content-available": 1}}}
    aps = _set(**_alert(shown), **{"content-available": 1 if wakes(message, os) else None})
    image = {"image": shown.image} if shown.image else None
    return _set(headers=headers, payload={"aps": aps}, fcm_options=image)


def web(message: Message, shown: Appearance, *, now_ms: int) -> Object:
    """For browsers that registered through Firebase's JavaScript SDK."""
    remaining = _remaining_s(message, now_ms)
    headers = _set(Urgency=_priority(message, shown), TTL=None if remaining is None else str(remaining))
    if shown.silent:
        return {"headers": headers}
    link = shown.click_action
    return _set(
        headers=headers,
        notification=_set(
            title=shown.title,
            body=shown.body,
            icon=message.headers.get("web-icon"),
            image=shown.image,
            tag=message.collapse_key or message.id,
            actions=[{"action": button.id, "title": button.title} for button in shown.buttons] or None,
        ),
        fcm_options={"link": link} if link and link.startswith("https://") else None,
    )


def _android_notification(message: Message, shown: Appearance) -> Object:
    action = shown.click_action
    return _set(
        title=shown.title,
        body=shown.body,
        ticker=message.headers.get("android-ticker-text"),
        sound=shown.sound,
        image=shown.image,
        # The name of an intent's action: with a URL here a tap would open nothing. The app finds it in its data.
        click_action=None if action is None or "://" in action else action,
        notification_count=shown.badge or None,
        notification_priority="PRIORITY_MAX" if shown.time_sensitive else None,
        tag=message.collapse_key or message.id,
    )


def _alert(shown: Appearance) -> Object:
    return {
        "alert": _set(title=shown.title, subtitle=shown.subtitle, body=shown.body),
        "badge": shown.badge,
        "sound": shown.sound,
        "mutable-content": 1 if shown.image else None,
        "interruption-level": "time-sensitive" if shown.time_sensitive else None,
    }


def _set(**members: Any) -> Object:
    return {name: value for name, value in members.items() if value is not None}


def _priority(message: Message, shown: Appearance) -> str:
    return message.priority or ("normal" if shown.silent else "high")


def _collapse_id(message: Message) -> str:
    """The app's own key or the message's id; APNs takes 64 bytes, so a longer key is its digest."""
    key = (message.collapse_key or message.id).encode()
    return key.decode() if len(key) <= COLLAPSE_ID_MAX_BYTES else blake2b(key, digest_size=32).hexdigest()


def _remaining_s(message: Message, now_ms: int) -> int | None:
    expires = message.expires_ms()
    return None if expires is None else max(0, (expires - now_ms) // 1000)
