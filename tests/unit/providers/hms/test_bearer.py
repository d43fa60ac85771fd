from __future__ import annotations

import json

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from clarion.app import HMSCredential
from clarion.errors import Misconfigured
from clarion.providers.hms import HMSProvider

NOW_MS = 1_700_000_000_500


def pem(key):
    encoding, form, bare = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(encoding, form, bare).decode()


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def opened(tmp_path, content):
    file = tmp_path / "account.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return HMSProvider.open("demo", HMSCredential(client_id="1047", service_account=file, project_id="73"))


def test_a_service_account_signs_its_own_access_token(tmp_path, key):
    account = {"key_id": "k1", "private_key": pem(key), "sub_account": "s1", "project_id": "73"}
    bearer = opened(tmp_path, account).fetch_bearer(now_ms=NOW_MS)
    audience = "https://oauth-login.cloud.huawei.com/oauth2/v3/token"
    claims = jwt.decode(bearer.token, key.public_key(), ["PS256"], audience=audience, options={"verify_exp": False})
    assert claims == {"iss": "s1", "aud": audience, "iat": 1_700_000_000, "exp": 1_700_003_600}
    assert jwt.get_unverified_header(bearer.token) == {"alg": "PS256", "typ": "JWT", "kid": "k1"}
    assert bearer.expires_ms == 1_700_003_600_000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "JSON"),
        ([], "fields"),
        ({"key_id": "k1", "private_key": "p"}, "sub_account"),
        ({"key_id": "k1", "private_key": "s3cret", "sub_account": "s1"}, "cannot be used"),
    ],
)
def test_a_file_that_is_no_service_account_is_refused_without_a_quotation(tmp_path, content, words):
    with pytest.raises(Misconfigured, match=words) as caught:
        opened(tmp_path, content)
    assert "s3cret" not in str(caught.value)


def test_a_key_of_another_kind_is_refused(tmp_path):
    account = {"key_id": "k1", "private_key": pem(ec.generate_private_key(ec.SECP256R1())), "sub_account": "s1"}
    with pytest.raises(Misconfigured, match="RSA"):
        opened(tmp_path, account)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(Misconfigured, match="nowhere"):
        HMSProvider.open("demo", HMSCredential(client_id="1047", service_account=tmp_path / "nowhere"))
