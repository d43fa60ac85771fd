"""Which provider serves which devices of an application."""

from __future__ import annotations

from clarion.app import App
from clarion.providers.base import Provider


def providers(app: App) -> dict[str, Provider]:
    """The configured providers of `app` by the operating system they serve.

    Raises:
        Misconfigured: a credential cannot be read.
    """
    served: dict[str, Provider] = {}
    # Imported when needed: a fleet that sends to one provider does not load the others' libraries.
    if app.fcm is not None:
        from clarion.providers.fcm import FCMProvider  # noqa: PLC0415

        served |= dict.fromkeys(app.fcm.os, FCMProvider.open(app.id, app.fcm))
    if app.apns is not None:
        from clarion.providers.apns import APNsProvider  # noqa: PLC0415

        served |= dict.fromkeys(app.apns.os, APNsProvider.open(app.id, app.apns))
    if app.webpush is not None:
        from clarion.providers.webpush import WebPushProvider  # noqa: PLC0415

        served |= dict.fromkeys(app.webpush.os, WebPushProvider.open(app.id, app.webpush))
    if app.wns is not None:
        from clarion.providers.wns import WNSProvider  # noqa: PLC0415

        served |= dict.fromkeys(app.wns.os, WNSProvider.open(app.id, app.wns))
    if app.hms is not None:
        from clarion.providers.hms import HMSProvider  # noqa: PLC0415

        served |= dict.fromkeys(app.hms.os, HMSProvider.open(app.id, app.hms))
    return served
