"""What the tests of Web Push send, and a browser that reads it."""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from clarion.message import Message, Target

ENDPOINT = "https://updates.push.services.mozilla.com/wpush/v2/gAAA"


class Device(NamedTuple):
    token: str
    environment: str | None = None


class Browser:
    """A user agent: gives out subscriptions, and decrypts by http_ece what comes."""

    def __init__(self, key=None, auth=None):
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.auth = auth or os.urandom(16)

    def subscription(self, endpoint=ENDPOINT, **keys):
        keys = {"p256dh": encoded(point(self.key)), "auth": encoded(self.auth)} | keys
        return json.dumps({"endpoint": endpoint, "expirationTime": None, "keys": keys}, separators=(",", ":"))

    def decrypt(self, body):
        return http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm")


def point(key):
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def encoded(content):
    return urlsafe_b64encode(content).decode().rstrip("=")


def decoded(text):
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def message(body="Hello", **fields):
    given = {"id": "message:1", "app": "demo", "target": Target(channel="default"), "accepted_ms": 0}
    return Message(body=body, **(given | fields))
