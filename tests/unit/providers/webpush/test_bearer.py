from __future__ import annotations

import threading

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from clarion.errors import Misconfigured
from clarion.providers.webpush.bearer import ORIGINS_MAX, Signer, load_key, public_key
from tests.unit.providers.webpush.sending import encoded, point

KEY = ec.generate_private_key(ec.SECP256R1())
HOUR_MS = 3_600_000
NOW_MS = 1_800_000_000_000
APPLE = "https://web.push.apple.com"


@pytest.fixture
def signer():
    return Signer(KEY, "mailto:push@example.com")


def parts(value):
    scheme, rest = value.split(" ", 1)
    assert scheme == "vapid"
    return dict(part.split("=", 1) for part in rest.split(", "))


def claims(value):
    options = {"verify_exp": False, "verify_aud": False}
    return jwt.decode(parts(value)["t"], KEY.public_key(), algorithms=["ES256"], options=options)


def pem(key=KEY, form=PrivateFormat.PKCS8, encryption=None):
    return key.private_bytes(Encoding.PEM, form, encryption or NoEncryption())


def test_a_jwt_says_to_whom_it_speaks_until_when_and_for_whom(signer):
    value = signer.authorization(APPLE, now_ms=NOW_MS)
    assert jwt.get_unverified_header(parts(value)["t"]) == {"typ": "JWT", "alg": "ES256"}
    assert claims(value) == {"aud": APPLE, "exp": NOW_MS // 1000 + 12 * 3600, "sub": "mailto:push@example.com"}
    assert parts(value)["k"] == encoded(point(KEY)) == signer.public_key


def test_it_is_kept_for_eleven_hours_and_never_lives_longer_than_a_day(signer):
    first = signer.authorization(APPLE, now_ms=NOW_MS)
    assert signer.authorization(APPLE, now_ms=NOW_MS + 11 * HOUR_MS - 1) is first
    later = signer.authorization(APPLE, now_ms=NOW_MS + 11 * HOUR_MS)
    assert claims(later)["exp"] == claims(first)["exp"] + 11 * 3600


def test_a_clock_set_back_renews_it_at_most_once_an_hour(signer):
    first = signer.authorization(APPLE, now_ms=NOW_MS)
    assert signer.authorization(APPLE, now_ms=NOW_MS - HOUR_MS + 1) is first
    earlier = signer.authorization(APPLE, now_ms=NOW_MS - 24 * HOUR_MS)
    assert claims(earlier)["exp"] == NOW_MS // 1000 - 12 * 3600


def test_each_push_service_has_its_own(signer):
    values = [signer.authorization(origin, now_ms=NOW_MS) for origin in (APPLE, "https://fcm.googleapis.com")]
    assert [claims(value)["aud"] for value in values] == [APPLE, "https://fcm.googleapis.com"]


def test_many_origins_do_not_fill_the_memory_nor_push_out_the_one_in_use(signer):
    first = signer.authorization(APPLE, now_ms=NOW_MS)
    for number in range(ORIGINS_MAX + 10):
        signer.authorization(f"https://{number}.example", now_ms=NOW_MS)
        assert signer.authorization(APPLE, now_ms=NOW_MS) is first
    assert len(signer._signed) == ORIGINS_MAX


def test_threads_share_one_jwt(signer):
    values = []
    start = threading.Barrier(8)

    def ask():
        start.wait(10)
        values.append(signer.authorization(APPLE, now_ms=NOW_MS))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(values) == 8
    assert len(set(values)) == 1


@pytest.mark.parametrize(
    "content",
    [
        pem(),
        pem(form=PrivateFormat.TraditionalOpenSSL),
        b"\n" + pem() + b"\n",
        encoded(KEY.private_numbers().private_value.to_bytes(32, "big")).encode(),
        encoded(KEY.private_numbers().private_value.to_bytes(32, "big")).encode() + b"=\n",
    ],
    ids=["PKCS8", "SEC1", "blank lines", "base64url", "padded"],
)
def test_a_key_is_read_in_the_forms_that_tools_write(tmp_path, content):
    (tmp_path / "key").write_bytes(content)
    assert public_key(load_key(tmp_path / "key")) == encoded(point(KEY))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"secret",
        b"A" * 43 + b"A",
        encoded(bytes(32)).encode(),
        encoded(b"\xff" * 32).encode(),
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        pem(encryption=BestAvailableEncryption(b"secret")),
        b"-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----",
        KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        b"\xff\xfe",
    ],
)
def test_any_other_file_is_refused_without_being_quoted(tmp_path, content):
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(Misconfigured, match="expected a key on P-256") as caught:
        load_key(tmp_path / "key")
    assert "secret" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(Misconfigured, match=r"Web Push private key .*key: cannot be read \(No such file"):
        load_key(tmp_path / "key")
