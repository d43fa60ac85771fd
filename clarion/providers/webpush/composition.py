"""A message as the JSON that a service worker reads, and the headers that say how the push service keeps it."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import msgspec

from clarion.message import Message
from clarion.message.appearance import Appearance
from clarion.message.look import HEADERS, custom, own, text
from clarion.providers.content import collapse_digest, fit, looks, merged, remaining_s

#: What fits into 4096 encrypted bytes, which every push service must take (RFC 8030, section 7.2).
CONTENT_MAX_BYTES = 3993
#: Google keeps a message for four weeks, Mozilla and Apple for 30 days.
TTL_MAX_S = 28 * 86_400
#: Marks a message that Safari can show without a service worker.
DECLARATIVE = 8030
_TOPIC_DIGEST_BYTES = 24  # 32 characters of base64url; Apple refuses lengths that do not decode


@dataclass(frozen=True, slots=True, repr=False)
class Composition:
    """What all browsers get.

    Attributes:
        content: the plaintext; empty is a push without a body.
        headers: the header lines that are the same for every push service.
        now_ms: when it was composed, epoch milliseconds.
        by_origin: the header lines by push service, with its authorization; only those where requests may go.
    """

    content: bytes
    headers: tuple[str, ...]
    now_ms: int
    by_origin: dict[str, tuple[str, ...]] = field(default_factory=dict)


def compose(message: Message, os: str, *, now_ms: int) -> Composition:
    """The Web Push form of a message for the devices of one operating system.

    Raises:
        ContentRefused: no push service would take it.
    """
    shown = looks(message, os)
    content = b"" if _says_nothing(message, os, shown) else _content(message, os, shown)
    left_s = remaining_s(message, now_ms)
    headers: tuple[str, ...] = (
        f"TTL: {TTL_MAX_S if left_s is None else min(TTL_MAX_S, left_s)}",
        f"Urgency: {message.priority or ('normal' if shown.silent else 'high')}",
        f"Topic: {urlsafe_b64encode(collapse_digest(message, _TOPIC_DIGEST_BYTES)).decode()}",
    )
    if content:
        headers += ("Content-Encoding: aes128gcm", "Content-Type: application/octet-stream")
    return Composition(content, headers, now_ms)


def _says_nothing(message: Message, os: str, shown: Appearance) -> bool:
    return not (custom(message) or own(message, os) or message.raw.get("webpush")) and shown == Appearance(body="")


def _content(message: Message, os: str, shown: Appearance) -> bytes:
    data = _data(message, os, shown)

    def write(cut: Appearance) -> bytes:
        return msgspec.json.encode(merged(_payload(message, cut, data), message.raw.get("webpush", {})))

    return fit("Web Push", CONTENT_MAX_BYTES, shown, write)


def _data(message: Message, os: str, shown: Appearance) -> dict[str, Any]:
    """What the app finds in `notification.data`. The message itself only where the body is not that already."""
    written = HEADERS.get(os, {})
    headers = {name: value for name, value in own(message, os).items() if name not in written}
    data: dict[str, Any] = custom(message) | headers | {"messageId": message.id}
    said = text(message)
    if shown.silent or shown.body != said:
        data["message"] = said
    if shown.click_action:
        data["clickAction"] = shown.click_action
    urls = {button.id: button.url for button in shown.buttons if button.url}
    if urls:
        data["clickActions"] = urls
    return data


def _payload(message: Message, shown: Appearance, data: dict[str, Any]) -> dict[str, Any]:
    """The options of `showNotification` by their own names, with the title among them."""
    badge = {} if shown.badge is None else {"app_badge": shown.badge}
    if shown.silent:
        return {"silent": True} | badge | {"data": data}
    members = {
        "title": shown.title,
        "subtitle": shown.subtitle,
        "body": shown.body,
        "image": shown.image,
        "requireInteraction": shown.time_sensitive,
        "actions": [{"action": button.id, "title": button.title} for button in shown.buttons],
    }
    kept = {name: value for name, value in members.items() if value}
    tag = message.collapse_key or message.id
    return kept | {"tag": tag} | badge | {"data": data} | _declarative(shown, badge | {"tag": tag})


def _declarative(shown: Appearance, members: dict[str, Any]) -> dict[str, Any]:
    """The same once more in the form that Safari shows by itself; it needs a title and a page to open."""
    if not shown.title or not (shown.click_action or "").startswith("https://"):
        return {}
    notification = {"title": shown.title, "body": shown.body or "", "navigate": shown.click_action}
    return {"web_push": DECLARATIVE, "notification": notification | members}
