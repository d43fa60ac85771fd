"""A message as the JSON that a service worker reads, and the headers that say how the push service keeps it."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import msgspec

from clarion.errors import InvalidField
from clarion.message import Message
from clarion.message.appearance import Appearance
from clarion.message.look import look, text
from clarion.providers.base import ContentRefused
from clarion.providers.content import fit

#: What fits into 4096 encrypted bytes, which every push service must take (RFC 8030, section 7.2).
CONTENT_MAX_BYTES = 3993
#: Google keeps a message for four weeks, Mozilla and Apple for 30 days.
TTL_MAX_S = 28 * 86_400
#: Marks a message that Safari can show without a service worker.
DECLARATIVE = 8030
_TOPIC_DIGEST_BYTES = 24  # 32 characters of base64url; Apple refuses lengths that do not decode


@dataclass(frozen=True, slots=True)
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
    try:
        shown = look(message, os)
    except InvalidField as refused:
        raise ContentRefused(refused.message) from None
    content = b"" if _says_nothing(message, shown) else _content(message, shown)
    headers: tuple[str, ...] = (
        f"TTL: {_remaining_s(message, now_ms)}",
        f"Urgency: {message.priority or ('normal' if shown.silent else 'high')}",
        f"Topic: {_topic(message)}",
    )
    if content:
        headers += ("Content-Encoding: aes128gcm", "Content-Type: application/octet-stream")
    return Composition(content, headers, now_ms)


def _says_nothing(message: Message, shown: Appearance) -> bool:
    return not message.headers and not message.raw.get("webpush") and shown == Appearance(body="")


def _content(message: Message, shown: Appearance) -> bytes:
    whole = shown.body

    def write(cut: Appearance) -> bytes:
        payload = _payload(message, cut, _data(message, cut, whole))
        return msgspec.json.encode(_merged(payload, message.raw.get("webpush", {})))

    return fit("Web Push", CONTENT_MAX_BYTES, shown, write)


def _data(message: Message, shown: Appearance, whole: str | None) -> dict[str, Any]:
    """What the app finds in `notification.data`. The message itself only where the body is not that already."""
    data: dict[str, Any] = message.headers | shown.data | {"messageId": message.id}
    said = text(message)
    if shown.silent or whole != said:
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


def _merged(payload: dict[str, Any], raw: dict[str, Any]) -> dict[str, Any]:
    """The app's own members over ours: they replace ours, or join them where both are objects."""
    for name, value in raw.items():
        ours = payload.get(name)
        payload[name] = ours | value if isinstance(ours, dict) and isinstance(value, dict) else value
    return payload


def _remaining_s(message: Message, now_ms: int) -> int:
    expires_ms = message.expires_ms()
    return TTL_MAX_S if expires_ms is None else min(TTL_MAX_S, max(0, (expires_ms - now_ms) // 1000))


def _topic(message: Message) -> str:
    key = message.collapse_key or message.id
    return urlsafe_b64encode(blake2b(key.encode(), digest_size=_TOPIC_DIGEST_BYTES).digest()).decode()
