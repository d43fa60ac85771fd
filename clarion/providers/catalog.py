"""Which provider serves which devices of an application."""

from __future__ import annotations

from clarion.app import App
from clarion.providers.base import Provider
from clarion.providers.fcm import FCMProvider


def providers(app: App) -> dict[str, Provider]:
    """The configured providers of `app` by the operating system they serve.

    Raises:
        Misconfigured: a credential cannot be read.
    """
    served: dict[str, Provider] = {}
    if app.fcm is not None:
        fcm = FCMProvider.open(app.id, app.fcm)
        served |= dict.fromkeys(app.fcm.os, fcm)
    return served
