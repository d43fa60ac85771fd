"""The application itself, with stores that nobody answers at: what these tests ask for never reaches them."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from api.app import build
from clarion.app import ApiKey, App, Limits, Scope
from clarion.storage import open_storage
from config.settings import Settings

KEY = "admin-key-0123456789"


@pytest.fixture
def application():
    limits = Limits(body_bytes=1_000)
    keys = (ApiKey(KEY, frozenset({Scope.ADMIN})), ApiKey("read-key-0123456789", frozenset({Scope.READ})))
    app = App(id="demo", name="Demo", keys=keys, limits=limits)
    return build(Settings(), {"demo": app}, open_storage("redis://127.0.0.1:1/0"))


class Client:
    """Asks an ASGI application without a network; errors that it lets through are raised here."""

    def __init__(self, application):
        self._transport = httpx.ASGITransport(application)

    def request(self, method, path, **options):
        return asyncio.run(self._request(method, path, options))

    async def _request(self, method, path, options):
        async with httpx.AsyncClient(transport=self._transport, base_url="http://clarion.test") as client:
            return await client.request(method, path, **options)

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)


@pytest.fixture
def client(application):
    return Client(application)
