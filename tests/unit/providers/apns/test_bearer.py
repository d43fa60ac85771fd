from __future__ import annotations

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from clarion.errors import Misconfigured
from clarion.providers.apns import LIFE_S
from clarion.providers.apns.bearer import Signer, load_key

NOW_MS = 1_700_000_000_900


def pem(key, password=None):
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)


def test_a_provider_token_is_what_apple_documents_and_no_more():
    key = ec.generate_private_key(ec.SECP256R1())
    bearer = Signer(key, "KEY4567890", "TEAM567890").bearer(now_ms=NOW_MS)
    assert jwt.get_unverified_header(bearer.token) == {"alg": "ES256", "kid": "KEY4567890"}
    claims = jwt.decode(bearer.token, key.public_key(), algorithms=["ES256"], options={"verify_iat": False})
    assert claims == {"iss": "TEAM567890", "iat": NOW_MS // 1000}


def test_a_provider_token_is_renewed_before_60_minutes_and_not_before_20():
    bearer = Signer(ec.generate_private_key(ec.SECP256R1()), "K", "T").bearer(now_ms=NOW_MS)
    life_s = (bearer.expires_ms - NOW_MS) / 1000
    assert LIFE_S == 20 * 60
    assert life_s < 60 * 60
    # Whoever renews it does so at most five minutes before it ends.
    assert life_s - 300 > LIFE_S


def test_a_key_on_p256_is_read(tmp_path):
    file = tmp_path / "AuthKey.p8"
    file.write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    assert load_key(file).curve.name == "secp256r1"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n",
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(ed25519.Ed25519PrivateKey.generate()),
        pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        pem(ec.generate_private_key(ec.SECP256R1()), b"password"),
    ],
)
def test_any_other_file_is_misconfigured_and_not_quoted(tmp_path, content):
    file = tmp_path / "AuthKey.p8"
    file.write_bytes(content)
    with pytest.raises(Misconfigured, match=r"AuthKey\.p8") as caught:
        load_key(file)
    assert "secret" not in str(caught.value)


def test_a_missing_file_is_misconfigured(tmp_path):
    with pytest.raises(Misconfigured, match="cannot be read"):
        load_key(tmp_path / "AuthKey.p8")
