"""Whom a token endpoint is trusted by: authorities that cannot be read are somebody's mistake, not an outage."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from clarion.errors import Misconfigured
from clarion.providers.fcm.bearer import fetch
from clarion.providers.grant import ask

NOWHERE = "https://127.0.0.1:1/token"


@pytest.fixture(params=["missing", "no certificate", "binary"])
def bundle(request, tmp_path):
    file = tmp_path / "ca.pem"
    if request.param != "missing":
        file.write_bytes(b"private" if request.param == "no certificate" else b"\xff\x00")
    return file


def test_an_unreadable_bundle_is_a_misconfiguration_of_the_grant(bundle):
    with pytest.raises(Misconfigured, match=r"X ca_bundle .*ca\.pem") as caught:
        ask("X", NOWHERE, {}, bundle, now_ms=0)
    assert "private" not in str(caught.value)


def test_an_unreadable_bundle_is_a_misconfiguration_of_fcm(bundle):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    account = {"client_email": "a@b.c", "private_key": pem, "token_uri": NOWHERE, "project_id": "p"}
    with pytest.raises(Misconfigured, match=r"FCM ca_bundle .*ca\.pem"):
        fetch(account, bundle, now_ms=0)
