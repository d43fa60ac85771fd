from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clarion.app import WebPushCredential
from clarion.errors import Misconfigured
from clarion.providers.base import AddressRefused, Budget, RetryRule
from clarion.providers.webpush import WebPushProvider
from tests.unit.providers.webpush.sending import ENDPOINT, Browser, Device, encoded, message, point

KEY = ec.generate_private_key(ec.SECP256R1())
BROWSER = Browser()
NOW_MS = 1_800_000_000_000


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "vapid.pem"
    path.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    credential = WebPushCredential(private_key=path, subject="mailto:push@example.com", rate_per_s=5.0, ramp_up_s=2.0)
    return WebPushProvider.open("demo", credential)


@pytest.fixture
def composition(provider):
    return provider.compose(message(), "WEB", now_ms=NOW_MS)


def request(provider, composition, token, tag=7):
    return provider.request(composition, [Device(token)], [tag], "")


def test_the_credential_is_named_after_its_public_key(provider):
    assert provider.credential == encoded(point(KEY))[:16]
    assert (provider.retry, provider.budget) == (RetryRule(10.0, 60.0, 3600.0), Budget(5.0, 2.0))


def test_a_request_goes_to_the_endpoint_and_only_the_browser_reads_it(provider, composition):
    sent = request(provider, composition, BROWSER.subscription())
    assert (sent.url, sent.tag, sent.own) == (ENDPOINT, [7], ())
    assert json.loads(BROWSER.decrypt(sent.body))["body"] == "Hello"


def test_requests_to_one_push_service_share_their_headers(provider, composition):
    other = "https://web.push.apple.com/x"
    first, second, apart = (
        request(provider, composition, BROWSER.subscription(endpoint)).headers
        for endpoint in (ENDPOINT, ENDPOINT + "1", other)
    )
    assert first is second
    assert first[:-1] == apart[:-1]
    assert first[-1] != apart[-1]
    assert first[-1].startswith("Authorization: vapid t=")


def test_an_empty_message_is_sent_without_a_body(provider):
    composition = provider.compose(message(""), "WEB", now_ms=NOW_MS)
    assert request(provider, composition, BROWSER.subscription()).body == b""


@pytest.mark.parametrize(
    "endpoint",
    ["https://evil.example/x", "https://fcm.googleapis.com:22/x", "https://fcm.googleapis.com.evil.example/x"],
)
def test_nothing_goes_to_a_host_that_is_not_allowed(provider, composition, endpoint):
    for _ in range(2):
        with pytest.raises(AddressRefused, match=r"^ENDPOINT_NOT_ALLOWED$"):
            request(provider, composition, BROWSER.subscription(endpoint))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "token",
        BROWSER.subscription("http://fcm.googleapis.com/x"),
        BROWSER.subscription(p256dh=encoded(b"\4" + bytes(64))),
        BROWSER.subscription(p256dh=encoded(b"\4" + b"\xff" * 64)),
    ],
)
def test_a_token_that_is_no_subscription_is_refused_in_one_word(provider, composition, token):
    with pytest.raises(AddressRefused, match=r"^BAD_SUBSCRIPTION$"):
        request(provider, composition, token)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(min_size=64, max_size=64), st.binary(min_size=16, max_size=16))
def test_no_point_beside_the_curve_is_anything_but_a_bad_subscription(provider, composition, coordinates, auth):
    with pytest.raises(AddressRefused, match=r"^BAD_SUBSCRIPTION$"):
        request(provider, composition, BROWSER.subscription(p256dh=encoded(b"\4" + coordinates), auth=encoded(auth)))


def test_there_is_no_access_token(provider):
    assert provider.signs_itself
    with pytest.raises(RuntimeError):
        provider.fetch_bearer(now_ms=NOW_MS)


def test_what_is_private_stays_out_of_the_representation(provider):
    assert "signer" not in repr(provider)


def test_a_key_file_that_is_none_stops_the_start(tmp_path):
    (tmp_path / "key").write_text("secret")
    with pytest.raises(Misconfigured, match="P-256"):
        WebPushProvider.open("demo", WebPushCredential(private_key=tmp_path / "key", subject="mailto:a@b.c"))
