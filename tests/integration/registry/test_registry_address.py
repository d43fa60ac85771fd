"""Tokens that are addresses of their own are looked at when they are registered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clarion.app import App, WebPushCredential, WNSCredential
from clarion.errors import InvalidField, UnknownDevice
from clarion.transport.direct import DirectTransport
from tests.unit.providers.webpush.sending import Browser

APP = App(
    id="demo",
    name="Demo",
    webpush=WebPushCredential(private_key=Path("vapid.pem"), subject="mailto:push@example.com"),
    wns=WNSCredential(client_id="id", client_secret=Path("secret")),
)
BROWSER = Browser()
# As long as they come: Edge's and Firefox' have some hundred characters.
ENDPOINT = f"https://wns2-db5p.notify.windows.com/w/?token={'B' * 300}%2b%3d"


@pytest.fixture
def transport(storage):
    return DirectTransport(storage, APP)


def fields(os, token):
    return {"deviceId": "device", "os": os, "deviceToken": token}


@pytest.mark.parametrize(
    "endpoint", [ENDPOINT, "https://fcm.googleapis.com/fcm/send/a:APA91b", "https://web.push.apple.com/Q"]
)
def test_a_browser_registers_with_its_subscription(transport, endpoint):
    token = BROWSER.subscription(endpoint)
    transport.register(fields("WEB", token))
    assert [device.device_token for device in transport.registrations("device")] == [token]


def test_a_windows_device_registers_with_its_channel_uri(transport):
    transport.register(fields("WP", "https://db5p.notify.windows.com/?token=AwYAAA%2bB%3d"))
    assert transport.registrations("device")


@pytest.mark.parametrize(
    ("os", "token"),
    [
        ("WEB", "token"),
        ("WEB", ENDPOINT),
        ("WEB", json.dumps({"endpoint": ENDPOINT, "keys": {}})),
        ("WEB", BROWSER.subscription("https://169.254.169.254/latest/meta-data")),
        ("WEB", BROWSER.subscription("https://user@fcm.googleapis.com/x")),
        ("WP", "token"),
        ("WP", "http://db5p.notify.windows.com/?token=a"),
        ("WP", "https://notify.windows.com.evil.example/?token=a"),
    ],
)
def test_a_token_that_nothing_could_be_sent_to_is_refused(transport, os, token):
    with pytest.raises(InvalidField, match=r"^Invalid deviceToken: expected a "):
        transport.register(fields(os, token))
    with pytest.raises(UnknownDevice):
        transport.registrations("device")


def test_an_app_without_the_credential_takes_any_token(storage):
    DirectTransport(storage, App(id="demo", name="Demo")).register(fields("WEB", "token"))
