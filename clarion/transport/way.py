"""Which way in a URL means."""

from __future__ import annotations

import re

from clarion.app import APP_ID, App, Limits
from clarion.errors import Misconfigured
from clarion.transport import Transport


def open_transport(
    url: str,
    app_id: str,
    api_key: str | None,
    *,
    registry_url: str | None,
    broker_url: str | None,
    ca_bundle: str | None,
    limits: Limits | None,
) -> Transport:
    """The way in, with the arguments of `clarion.Messaging`.

    Raises:
        Misconfigured: the URL's scheme is not known, the id is no application's, or a key is missing.
    """
    if not isinstance(app_id, str) or not re.fullmatch(APP_ID, app_id):
        raise Misconfigured("Invalid app_id: expected 1 to 64 letters, digits, - and _.")
    if url.startswith(("redis://", "rediss://", "unix://")):
        return _direct(url, App(app_id, app_id, limits=limits or Limits()), registry_url, broker_url)
    if url.startswith(("http://", "https://")):
        return _http(url, app_id, api_key, ca_bundle)
    raise Misconfigured("Invalid url: expected redis://, rediss://, unix://, http:// or https://.")


def _direct(url: str, app: App, registry_url: str | None, broker_url: str | None) -> Transport:
    from clarion.storage import open_storage  # noqa: PLC0415  # over HTTP no store is opened
    from clarion.transport.direct import DirectTransport  # noqa: PLC0415

    foreign = None if broker_url == url else broker_url
    storage = open_storage(url, registry_url=registry_url, queues_on_main=foreign is None)
    return DirectTransport(storage, app, broker_url=foreign)


def _http(url: str, app_id: str, api_key: str | None, ca_bundle: str | None) -> Transport:
    from clarion.transport.http import HTTPTransport  # noqa: PLC0415  # straight to the store no client is needed

    if not api_key:
        raise Misconfigured("Invalid api_key: expected the application's key, which every HTTP call needs.")
    return HTTPTransport(url, app_id, api_key, ca_bundle=ca_bundle)
