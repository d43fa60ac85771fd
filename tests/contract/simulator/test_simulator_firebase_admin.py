"""Google's own client is the judge: it must work against the simulator and read every error as the real one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import firebase_admin
import pytest
import requests
from firebase_admin import credentials, exceptions, messaging
from google.auth.credentials import CredentialsWithRegionalAccessBoundary

from tests.simulation import Simulation

ERRORS: dict[str, type[Exception]] = {
    "INVALID_ARGUMENT": exceptions.InvalidArgumentError,
    "INVALID_ARGUMENT_TOKEN": exceptions.InvalidArgumentError,
    "INVALID_ARGUMENT_BARE": exceptions.InvalidArgumentError,
    "UNAUTHENTICATED": exceptions.UnauthenticatedError,
    "THIRD_PARTY_AUTH_ERROR": messaging.ThirdPartyAuthError,
    "APNS_AUTH_ERROR": messaging.ThirdPartyAuthError,
    "SENDER_ID_MISMATCH": messaging.SenderIdMismatchError,
    "PERMISSION_DENIED": exceptions.PermissionDeniedError,
    "SERVICE_DISABLED": exceptions.PermissionDeniedError,
    "UNREGISTERED": messaging.UnregisteredError,
    "NOT_FOUND": exceptions.NotFoundError,
    "QUOTA_EXCEEDED": messaging.QuotaExceededError,
    "INTERNAL": exceptions.InternalError,
    "UNAVAILABLE": exceptions.UnavailableError,
    "BAD_GATEWAY": exceptions.UnavailableError,
    "BAD_GATEWAY_HTML": exceptions.UnknownError,
    "GATEWAY_TIMEOUT": exceptions.DeadlineExceededError,
    "UNSPECIFIED_ERROR": exceptions.UnknownError,
    "NOT_JSON": exceptions.InternalError,
    "EMPTY_ERROR": exceptions.UnavailableError,
}


@pytest.fixture
def app(simulation: Simulation, monkeypatch: pytest.MonkeyPatch) -> Iterator[firebase_admin.App]:
    monkeypatch.setenv("SSL_CERT_FILE", simulation.ready["ca"])
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", simulation.ready["ca"])
    monkeypatch.setattr(messaging._MessagingService, "FCM_URL", simulation.fcm + "/v1/projects/{0}/messages:send")
    # google-auth would look up a region at iamcredentials.googleapis.com in the background
    lookup = "_is_regional_access_boundary_lookup_required"
    monkeypatch.setattr(CredentialsWithRegionalAccessBoundary, lookup, lambda _: False)
    app = firebase_admin.initialize_app(credentials.Certificate(simulation.ready["credentials"]), {"httpTimeout": 10})
    yield app
    firebase_admin.delete_app(app)


def messages(*tokens: str) -> list[Any]:
    notification = messaging.Notification(title="Title", body="Body")
    android = messaging.AndroidConfig(
        priority="high",
        ttl=3600,
        collapse_key="k",
        notification=messaging.AndroidNotification(tag="m1", color="#00ff00"),
    )
    apns = messaging.APNSConfig(
        headers={"apns-priority": "10"}, payload=messaging.APNSPayload(aps=messaging.Aps(badge=1, sound="default"))
    )
    return [
        messaging.Message(token=token, notification=notification, android=android, apns=apns, data={"k": "v"})
        for token in tokens
    ]


def send_sync(app: firebase_admin.App, *tokens: str) -> list[Any]:
    service = messaging._get_messaging_service(app)
    # without firebase-admin's own retries, which wait up to 7 seconds
    adapter = requests.adapters.HTTPAdapter(pool_maxsize=100, max_retries=0)
    service._client.session.mount("https://127.0.0.1", adapter)
    return list(messaging.send_each(messages(*tokens), app=app).responses)


def send_async(app: firebase_admin.App, *tokens: str) -> list[Any]:
    async def run() -> list[Any]:
        service = messaging._get_messaging_service(app)
        try:
            return list((await messaging.send_each_async(messages(*tokens), app=app)).responses)
        finally:
            await service._async_client.aclose()

    return asyncio.run(run())


pytestmark = pytest.mark.filterwarnings("ignore:.*token.*deprecated:DeprecationWarning")


@pytest.mark.parametrize("send", [send_sync, send_async])
def test_messages_arrive(app: firebase_admin.App, simulation: Simulation, send: Any) -> None:
    responses = send(app, *(f"device-{number}" for number in range(20)))
    assert [response.exception for response in responses] == [None] * 20
    assert all(response.message_id.startswith("projects/first/messages/0:") for response in responses)
    counts = simulation.counts()
    assert counts["tokens_accepted"] == counts["seen"]["total"] == 20
    (message,) = simulation.received("device-7")
    assert message["message"]["android"]["notification"] == {"tag": "m1", "color": "#00ff00"}


@pytest.mark.parametrize("send", [send_sync, send_async])
def test_each_error_is_read_as_the_real_one(app: firebase_admin.App, send: Any) -> None:
    responses = send(app, *(f"sim:{name}:device" for name in ERRORS))
    read = {name: type(response.exception) for name, response in zip(ERRORS, responses, strict=True)}
    assert read == ERRORS


def test_retry_after_is_readable(app: firebase_admin.App) -> None:
    (response,) = send_async(app, "sim:QUOTA_EXCEEDED;retry_after=17:device")
    assert response.exception.http_response.headers["retry-after"] == "17"


def test_a_dry_run_reaches_nobody(app: firebase_admin.App, simulation: Simulation) -> None:
    messaging._get_messaging_service(app)
    (message,) = messages("device")
    assert messaging.send(message, dry_run=True, app=app) == "projects/first/messages/fake_message_id"
    counts = simulation.counts()
    assert (counts["outcomes"], counts["accepted"]) == ({"VALIDATED": 1}, 0)


def test_a_revoked_access_token_is_replaced(app: firebase_admin.App, simulation: Simulation) -> None:
    assert send_sync(app, "a")[0].success
    assert simulation.counts()["mints"] == 1
    simulation.control("POST", "/revoke", {"project": "first"})
    assert send_sync(app, "b")[0].success
    counts = simulation.counts()
    assert counts["mints"] == 2
    assert counts["outcomes"] == {"OK": 2, "UNAUTHENTICATED": 1}
