"""The push services, opened on one port, with a VAPID key for the sender and the browsers' side of subscriptions."""

from __future__ import annotations

from simulator.key import p256_key
from simulator.opening import Opening, bracketed
from simulator.webpush.browser import base64url, browser, point
from simulator.webpush.endpoint import WebPushService

SUBJECT = "mailto:push@example.com"


async def open_webpush(opening: Opening) -> dict[str, object]:
    """Serve; return what a sender must know.

    `origin`, with subscriptions at any path below `/push/`, `/apple/` and `/chrome/`; their `p256dh` and `auth`; the
    application's `private_key` (path of a PEM file), `public_key` and `subject`; the `hosts` to allow.
    """
    agent = browser(opening.state)
    path = opening.state / "webpush-vapid.pem"
    public_key = base64url(point(p256_key(path)))
    service = WebPushService(opening.world, agent, public_key)
    service.origin = await opening.listen("webpush", service, service.provider.gauge)
    return {
        "origin": service.origin,
        "private_key": str(path),
        "public_key": public_key,
        "subject": SUBJECT,
        "p256dh": base64url(agent.public),
        "auth": base64url(agent.auth),
        "hosts": [bracketed(opening.host)],
    }
