"""The library that most Python senders use must work against the simulator unchanged."""

from __future__ import annotations

from typing import Any

import pytest
from pywebpush import WebPushException, webpush

from tests.simulation import Simulation


@pytest.fixture
def ready(simulation: Simulation, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", simulation.ready["ca"])
    announced: dict[str, Any] = simulation.ready["providers"]["webpush"]
    return announced


def send(ready: dict[str, Any], path: str, data: str | None = "Hello", **options: Any) -> Any:
    subscription = {
        "endpoint": ready["origin"] + path,
        "expirationTime": None,
        "keys": {"p256dh": ready["p256dh"], "auth": ready["auth"]},
    }
    return webpush(
        subscription,
        data,
        vapid_private_key=ready["private_key"],
        vapid_claims={"sub": ready["subject"]},
        timeout=10,
        **options,
    )


def test_its_message_arrives(ready: dict[str, Any], simulation: Simulation) -> None:
    answer = send(ready, "/push/a", '{"title":"Grüße"}', ttl=60, headers={"Urgency": "low", "Topic": "news"})
    assert (answer.status_code, answer.headers["ttl"]) == (201, "60")
    (received,) = simulation.received("/push/a")
    assert received["message"] == {"title": "Grüße"}
    assert (received["headers"]["urgency"], received["headers"]["topic"]) == ("low", "news")


def test_a_message_without_data_arrives(ready: dict[str, Any], simulation: Simulation) -> None:
    assert send(ready, "/push/a", None).status_code == 201
    assert simulation.ledger()["/push/a"]["received"] == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [("/push/sim:errno_103:a", 410), ("/apple/sim:BadWebPushTopic:a", 400), ("/chrome/sim:CHROME_MISMATCH:a", 403)],
)
def test_it_hears_of_errors(ready: dict[str, Any], path: str, status: int) -> None:
    with pytest.raises(WebPushException) as caught:
        send(ready, path)
    assert caught.value.response is not None
    assert caught.value.response.status_code == status
