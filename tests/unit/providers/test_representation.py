"""Representations end up in logs and in tracebacks: they show no secret, no token, no payload."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from clarion.app import APNsCredential, FCMCredential, HMSCredential, WebPushCredential, WNSCredential
from clarion.message import Appearance, Message, Target
from clarion.providers.apns import APNsProvider
from clarion.providers.exchange import Answer
from clarion.providers.fcm import FCMProvider
from clarion.providers.hms import HMSProvider
from clarion.providers.webpush import WebPushProvider
from clarion.providers.webpush.subscription import parse
from clarion.providers.wns import WNSProvider
from tests.unit.providers.webpush.sending import Browser, encoded

TEXT, BEARER, SECRET, TOKEN, PLACE = "very-private-text", "b34r3r", "s3cr3t", "deadbeef70cafe", "pl4ce"
AUTH = b"sixteen byte key"
#: A bearer of its own, in the form of the header.
HIDDEN = (TEXT, BEARER, SECRET, TOKEN, PLACE, encoded(AUTH), repr(AUTH), "PRIVATE KEY", "vapid t=")


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def files(folder):
    elliptic, account = (
        pem(ec.generate_private_key(ec.SECP256R1())),
        pem(rsa.generate_private_key(65537, 2048)).decode(),
    )
    google = {"project_id": "p", "client_email": "a@b.c", "private_key": account, "token_uri": "https://x.example"}
    huawei = {"key_id": "k", "sub_account": "s", "private_key": account}
    contents = {
        "key": elliptic,
        "secret": SECRET.encode(),
        "google": json.dumps(google).encode(),
        "huawei": json.dumps(huawei).encode(),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {name: folder / name for name in contents}


def opened(folder):
    """Every provider, the system it is asked for, and a device's token."""
    of = files(folder)
    yield FCMProvider.open("demo", FCMCredential(service_account=of["google"])), "ANDROID", TOKEN
    apns = APNsCredential(key_file=of["key"], key_id="KEY4567890", team_id="TEAM567890", topic="b")
    yield APNsProvider.open("demo", apns), "IOS", TOKEN
    webpush = WebPushCredential(private_key=of["key"], subject="mailto:a@b.c")
    token = Browser(auth=AUTH).subscription(f"https://fcm.googleapis.com/fcm/send/{PLACE}")
    yield WebPushProvider.open("demo", webpush), "WEB", token
    wns = WNSCredential(client_id="c", client_secret=of["secret"])
    yield WNSProvider.open("demo", wns), "WP", f"https://x.notify.windows.com/?token={PLACE}"
    yield HMSProvider.open("demo", HMSCredential(client_id="1047", client_secret=of["secret"])), "HMS", TOKEN
    yield HMSProvider.open("demo", HMSCredential(client_id="1047", service_account=of["huawei"])), "HMS", TOKEN


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What all that a request is made of shows of itself."""
    message = Message(
        id="message:0F3B5B5E-6C1D-4B66-9D52-6A2E5B1F0C11",
        app="demo",
        body=TEXT,
        target=Target(channel="default"),
        accepted_ms=0,
        appearance=Appearance(title=TEXT),
        headers={"custom": TEXT},
        collapse_key=TEXT,
    )
    parts = []
    for provider, os, token in opened(tmp_path_factory.mktemp("files")):
        composition = provider.compose(message, os, now_ms=0)
        request = provider.request(composition, [SimpleNamespace(token=token, environment=None)], (7,), BEARER)
        parts += [provider, composition, request]
        parts += [getattr(provider, name) for name in ("signer", "grant", "proof") if hasattr(provider, name)]
        if os == "WEB":
            parts += [parse(token), parse(token)._replace(public_key=b"")]
    parts.append(Answer((7,), 400, TEXT.encode(), headers={"x": TEXT}))
    return [(type(part).__name__, text(part)) for part in parts for text in (repr, str, "{}".format)]


def test_nothing_private_is_shown_of_whatever_a_request_is_made_of(shown):
    assert {name for name, _ in shown} >= {
        *("FCMProvider", "APNsProvider", "WebPushProvider", "WNSProvider", "HMSProvider"),
        *("Composition", "Request", "Answer", "Subscription", "Grant", "Client", "Account", "Signer"),
    }
    assert [(name, hidden) for name, text in shown for hidden in HIDDEN if hidden in text] == []


def test_a_request_and_an_answer_still_say_which_they_are(shown):
    assert ("Request", "Request(tag=(7,))") in shown
    assert ("Answer", "Answer(tag=(7,), status=400, failure=None, reason='')") in shown
