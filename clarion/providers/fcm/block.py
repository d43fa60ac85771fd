"""The parts of FCM's message that belong to one platform: `android`, `apns`, `webpush`.

Source: Firebase documentation, REST resource `projects.messages`.
"""

from __future__ import annotations

from typing import Any

from clarion.app import FCMStyle
from clarion.message import Appearance, Message
from clarion.message.look import wakes
from clarion.providers.content import collapse_id, remaining_s

Object = dict[str, Any]


def android(message: Message, shown: Appearance, style: FCMStyle, *, now_ms: int) -> Object:
    """For Android: drawn by the system in the notification style, by the app in the data style."""
    remaining = remaining_s(message, now_ms)
    drawn = style is FCMStyle.NOTIFICATION and not shown.silent
    return _set(
        collapse_key=message.collapse_key,
        priority=_priority(message, shown),
        ttl=None if remaining is None else f"{remaining}s",
        notification=_android_notification(message, shown) if drawn else None,
    )


def apple(message: Message, shown: Appearance, os: str, *, now_ms: int) -> Object:
    """For Apple's systems, where FCM passes it to APNs; what shows nothing there may have no other priority than 5."""
    remaining = remaining_s(message, now_ms)
    alert = {} if shown.silent else _alert(shown)
    headers = _set(
        **{
            "apns-priority": "10" if alert and _priority(message, shown) == "high" else "5",
            "apns-push-type": "alert" if alert else "background",
            "apns-collapse-id": collapse_id(message),
            "apns-expiration": None if remaining is None else str(now_ms // 1000 + remaining),
        }
    )
    if not alert:  # Apple allows nothing beside it
        return {"headers": headers, "payload": {"aps": {"content-available": 1}}}
    further = {
        "mutable-content": 1 if shown.image else None,
        "interruption-level": "time-sensitive" if shown.time_sensitive else None,
        "content-available": 1 if wakes(message, os) else None,
    }
    aps = alert | _set(**further)
    image = {"image": shown.image} if shown.image else None
    return _set(headers=headers, payload={"aps": aps}, fcm_options=image)


def web(message: Message, shown: Appearance, *, now_ms: int) -> Object:
    """For browsers that registered through Firebase's JavaScript SDK."""
    remaining = remaining_s(message, now_ms)
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
    """What is seen or heard on Apple's systems."""
    texts = {"title": shown.title, "subtitle": shown.subtitle, "body": shown.body}
    said = {name: value for name, value in texts.items() if value}
    return _set(alert=said or None, badge=shown.badge, sound=shown.sound or None)


def _set(**members: Any) -> Object:
    return {name: value for name, value in members.items() if value is not None}


def _priority(message: Message, shown: Appearance) -> str:
    return message.priority or ("normal" if shown.silent else "high")
