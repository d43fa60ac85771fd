"""The push services judge a request as RFC 8030, 8188, 8291 and 8292 say, each maker in its own words."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from simulator.webpush.browser import Browser, Undecipherable, browser
from simulator.webpush.error import BARE
from tests.contract.provider.document import documented
from tests.contract.simulator.webpush_peer import CURVE, Sender, bytes_of, point
from tests.simulation import Simulation

CHROME_TEXT = {
    "CHROME_MISMATCH": (403, "do not correspond to the credentials used to create the subscriptions."),
    "CHROME_INVALID_JWT": (403, "invalid JWT provided"),
    "CHROME_UNSUBSCRIBED": (410, "push subscription has unsubscribed or expired."),
    "CHROME_INVALID_REGISTRATION": (400, "InvalidRegistration"),
}
MOZILLA_ERRORS = [(row.status, int(row.reason)) for row in documented("webpush") if row.kind == "errno"]
APPLE_ERRORS = [(row.status, row.reason) for row in documented("webpush") if row.kind == "reason"]


@pytest.fixture(params=[True, False], ids=["HTTP/2", "HTTP/1.1"])
def sender(request: pytest.FixtureRequest, simulation: Simulation) -> Iterator[Sender]:
    made = Sender(simulation, http2=request.param)
    yield made
    made.client.close()


def test_a_message_is_created_and_its_plaintext_kept(sender: Sender, simulation: Simulation) -> None:
    answer = sender.post("/push/a", b'{"title":"T"}', topic="t" * 32, urgency="high")
    assert (answer.status_code, answer.headers["ttl"], answer.content) == (201, "60", b"")
    assert answer.headers["location"].startswith(sender.ready["origin"] + "/message/")
    (received,) = simulation.received("/push/a")
    assert received["message"] == {"title": "T"}
    assert received["headers"] == {"ttl": "60", "urgency": "high", "topic": "t" * 32, "content-encoding": "aes128gcm"}
    counts = simulation.counts()
    assert (counts["providers"]["webpush"], counts["accepted"]) == ({"OK": 1}, 1)
    assert sum(counts["per_second"][f"webpush:{sender.ready['public_key'][:16]}"].values()) == 1


def test_apple_names_the_message_too(sender: Sender) -> None:
    assert sender.post("/apple/a").headers["apns-id"]


def test_a_longer_time_to_live_is_granted_as_thirty_days(sender: Sender) -> None:
    assert sender.post(ttl="99999999").headers["ttl"] == "2592000"


def test_a_push_without_a_body_is_taken(sender: Sender, simulation: Simulation) -> None:
    headers = sender.headers() | {"ttl": "0"}
    del headers["content-encoding"]
    assert sender.raw("/push/a", b"", headers).status_code == 201
    assert simulation.ledger()["/push/a"]["seen"] == 0


def test_a_topic_replaces_what_is_shown(sender: Sender, simulation: Simulation) -> None:
    for topic, content in (("a", b'{"title":"1"}'), ("a", b'{"title":"2"}'), ("b", b'{"silent":true}')):
        sender.post("/push/a", content, topic=topic)
    assert simulation.counts()["seen"] == {"total": 1, "tokens": 1, "max_per_token": 1, "replaced": 1}


@pytest.mark.parametrize(("status", "errno"), MOZILLA_ERRORS)
def test_every_error_of_mozilla_can_be_had(sender: Sender, simulation: Simulation, status: int, errno: int) -> None:
    answer = sender.post(f"/push/sim:errno_{errno}:a")
    error = answer.json()
    assert (answer.status_code, error["code"], error["errno"]) == (status, status, errno)
    assert error.keys() == {"code", "errno", "error", "message", "more_info"}
    assert answer.headers.get("retry-after") == ("120" if status == 503 else None)
    assert answer.headers.get("cache-control") == ("max-age=86400" if status == 410 else None)
    assert simulation.counts()["accepted"] == 0


@pytest.mark.parametrize(("status", "reason"), APPLE_ERRORS)
def test_every_error_of_apple_can_be_had(sender: Sender, status: int, reason: str) -> None:
    answer = sender.post(f"/apple/sim:{reason}:a")
    assert (answer.status_code, answer.json()) == (status, {"reason": reason})


@pytest.mark.parametrize("scenario", CHROME_TEXT)
def test_every_text_of_chrome_can_be_had(sender: Sender, scenario: str) -> None:
    answer = sender.post(f"/chrome/sim:{scenario}:a")
    status, text = CHROME_TEXT[scenario]
    assert answer.status_code == status
    assert text in answer.text


@pytest.mark.parametrize("scenario", BARE)
def test_every_status_can_be_had_alone(sender: Sender, scenario: str) -> None:
    answer = sender.post(f"/push/sim:{scenario}:a")
    assert (f"HTTP_{answer.status_code}", answer.content) == (scenario, b"")


def test_the_path_carries_the_scenario_encoded_or_not(sender: Sender, simulation: Simulation) -> None:
    for path in ("/push/sim:errno_201;retry_after=7:a", "/push/sim%3Aerrno_201%3Bretry_after%3D7%3Aa"):
        assert sender.post(path).headers["retry-after"] == "7"
        assert simulation.ledger()[path]["outcomes"] == {"errno_201": 1}
    assert sender.post("/apple/sim:VapidPkHashMismatch;status=400:a").status_code == 400
    assert [sender.post("/push/sim:HTTP_500;times=1:a").status_code for _ in range(2)] == [500, 201]


def test_a_rule_meets_one_sender_or_some_subscriptions(sender: Sender, simulation: Simulation) -> None:
    account = sender.ready["public_key"][:16]
    rule = {"provider": "webpush", "fault": "errno_103", "project": account, "token_prefix": "/push/a"}
    simulation.rules(rule)
    assert [sender.post(path).status_code for path in ("/push/a1", "/push/b1")] == [410, 201]


@pytest.mark.parametrize("scenario", ["NOPE", "errno_103;speed=3", "errno_115"])
def test_a_misspelt_scenario_is_loud(sender: Sender, simulation: Simulation, scenario: str) -> None:
    answer = sender.post(f"/push/sim:{scenario}:a")
    assert answer.status_code == 400
    assert "Simulator" in answer.text
    assert simulation.counts()["outcomes"] == {"UNKNOWN_SCENARIO": 1}


def test_another_path_is_no_subscription(sender: Sender) -> None:
    assert sender.post("/wpush/a").json()["errno"] == 102
    assert sender.post("/push/").status_code == 404


@pytest.mark.parametrize(("maker", "status"), [("push", 405), ("apple", 405), ("chrome", 405)])
def test_a_subscription_is_only_posted_to(sender: Sender, maker: str, status: int) -> None:
    assert sender.client.get(f"/{maker}/a").status_code == status


# -- VAPID ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "status"), [("/push/a", 401), ("/apple/a", 403), ("/chrome/a", 401)])
def test_nobody_sends_without_saying_who(sender: Sender, simulation: Simulation, path: str, status: int) -> None:
    assert sender.post(path, authorization=None).status_code == status
    assert simulation.ledger()[path]["outcomes"] == {"VAPID_MISSING": 1}


@pytest.mark.parametrize(
    "header", ["Bearer x", "vapid", "vapid t=x", "vapid k=x", "vapid t=x, k=", "vapid t=a, k=b, x=c"]
)
def test_a_header_that_is_not_vapid_is_refused(sender: Sender, header: str) -> None:
    assert sender.post("/push/a", authorization=header).json()["errno"] == 109
    assert sender.post("/apple/a", authorization=header).json() == {"reason": "BadAuthorizationHeader"}


def test_parameters_come_in_any_order(sender: Sender) -> None:
    t, k = sender.authorization().removeprefix("vapid ").split(", ")
    assert sender.post(authorization=f"Vapid {k},{t}").status_code == 201


def test_a_key_must_be_a_point(sender: Sender) -> None:
    header = sender.authorization().partition(" k=")[0] + " k=" + "A" * 87
    assert sender.post("/apple/a", authorization=header).json() == {"reason": "BadVapidPublicKey"}


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://web.push.apple.com"},
        {"exp": 1_000_000_000},
        {"exp": 24 * 3600 + 60},
        {"exp": "soon"},
        {"sub": "push@example.com"},
        {"sub": "mailto:"},
        {"drop": "aud"},
        {"drop": "exp"},
        {"drop": "sub"},
    ],
)
def test_a_jwt_must_be_for_this_origin_within_a_day_and_name_somebody(
    sender: Sender, claims: dict[str, object]
) -> None:
    if isinstance(claims.get("exp"), int) and claims["exp"] == 24 * 3600 + 60:
        claims = {"exp": int(time.time()) + 24 * 3600 + 60}
    authorization = sender.authorization(**claims)  # type: ignore[arg-type]
    assert sender.post("/push/a", authorization=authorization).json()["errno"] == 109
    assert sender.post("/apple/a", authorization=authorization).json() == {"reason": "BadJwtToken"}
    assert sender.post("/chrome/a", authorization=authorization).text == "invalid JWT provided\n"


def test_a_jwt_must_be_signed_with_the_key_it_names(sender: Sender) -> None:
    other = sender.authorization(ec.generate_private_key(CURVE)).partition(",")[0]
    assert sender.post(authorization=f"{other}, k={sender.ready['public_key']}").status_code == 401


def test_a_subscription_belongs_to_one_key(sender: Sender) -> None:
    other = sender.authorization(ec.generate_private_key(CURVE))
    for path in ("/push/a", "/chrome/a"):
        answer = sender.post(path, authorization=other)
        assert answer.status_code == 403
        assert "do not correspond to the credentials" in answer.text
    assert sender.post("/apple/a", authorization=other).json() == {"reason": "VapidPkHashMismatch"}


def test_a_proof_ends_although_it_was_good_before(simulation: Simulation) -> None:
    sender = Sender(simulation, http2=True)
    authorization = sender.authorization(exp=time.time() + 1)
    answers = []
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and (not answers or answers[-1] == 201):
        answers.append(sender.post(authorization=authorization).status_code)
    sender.client.close()
    assert (answers[0], answers[-1]) == (201, 401)


# -- headers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ttl", "errno"), [(None, 111), ("", 112), ("soon", 112), ("1.5", 112), ("-1", 114)])
def test_a_time_to_live_is_mandatory(sender: Sender, ttl: str | None, errno: int) -> None:
    answer = sender.post("/push/a", ttl=ttl)
    assert (answer.status_code, answer.json()["errno"]) == (400, errno)
    assert sender.post("/apple/a", ttl=ttl).json() == {"reason": "BadTtl"}


@pytest.mark.parametrize("urgency", ["very-low", "low", "normal", "high", "urgent", "High"])
def test_an_urgency_is_one_of_four(sender: Sender, urgency: str) -> None:
    fine = urgency in ("very-low", "low", "normal", "high")
    answer = sender.post("/apple/a", urgency=urgency)
    assert answer.status_code == (201 if fine else 400)
    assert fine or answer.json() == {"reason": "BadUrgency"}


@pytest.mark.parametrize("topic", ["a b", "a+b", "t" * 33, ""])
def test_a_topic_is_at_most_32_characters_of_base64url(sender: Sender, topic: str) -> None:
    assert sender.post("/push/a", topic=topic).json()["errno"] == 113
    assert sender.post("/apple/a", topic=topic).json() == {"reason": "BadWebPushTopic"}


@pytest.mark.parametrize(
    ("length", "status"), [(1, 400), (2, 201), (21, 400), (22, 201), (24, 201), (29, 400), (32, 201)]
)
def test_apple_decodes_the_topic(sender: Sender, length: int, status: int) -> None:
    assert sender.post("/apple/a", topic="t" * length).status_code == status
    assert sender.post("/push/a", topic="t" * length).status_code == 201


# -- body -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "told"), [("/push/a", "errno"), ("/apple/a", "PayloadTooLarge"), ("/chrome/a", "")])
def test_4096_bytes_are_taken_and_not_one_more(sender: Sender, simulation: Simulation, path: str, told: str) -> None:
    assert sender.post(path, b"x" * 3993).status_code == 201
    assert simulation.received(path)[0]["message"] == "x" * 3993
    answer = sender.post(path, b"x" * 3994)
    assert answer.status_code == 413
    assert told in answer.text


def test_what_the_browser_cannot_read_is_refused(sender: Sender) -> None:
    good = sender.encrypt(b"hello")
    stranger = point(ec.generate_private_key(CURVE))
    bodies = [
        b"x",
        b"x" * 200,
        good[:-1],
        good[:-1] + bytes([good[-1] ^ 1]),
        good[:86],
        sender.encrypt(b"hello", p256dh=stranger),
        sender.encrypt(b"hello", auth=bytes(16)),
    ]
    for body in bodies:
        assert sender.raw("/push/a", body, sender.headers()).json()["errno"] == 110
    assert sender.raw("/apple/a", b"x", sender.headers()).json() == {"reason": "BadWebPushRequest"}


@pytest.mark.parametrize("encoding", [None, "aesgcm", "gzip"])
def test_a_body_must_be_aes128gcm(sender: Sender, encoding: str | None) -> None:
    assert sender.post(content_encoding=encoding).json()["errno"] == 110


def test_a_load_test_can_do_without_decryption(sender: Sender, simulation: Simulation) -> None:
    simulation.profile(webpush_decrypt=False)
    assert sender.raw("/push/a", b"x" * 200, sender.headers()).status_code == 201
    assert simulation.counts()["accepted"] == 1


def test_the_browser_reads_the_example_of_the_rfc() -> None:
    number = int.from_bytes(bytes_of("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), "big")
    key = ec.derive_private_key(number, CURVE)
    body = bytes_of(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3"
        "jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    agent = Browser(key, point(key), bytes_of("BTBZMqHH6r4Tts7J_aSIgg"))
    assert agent.decrypt(body) == b"When I grow up, I want to be a watermelon"
    with pytest.raises(Undecipherable):
        Browser(key, point(key), bytes(16)).decrypt(body)


def test_subscriptions_outlive_a_restart(tmp_path: Path) -> None:
    first, second = browser(tmp_path), browser(tmp_path)
    assert (first.public, first.auth) == (second.public, second.auth)
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}


def test_a_sender_is_told_all_it_needs(simulation: Simulation) -> None:
    ready = simulation.ready["providers"]["webpush"]
    assert ready.keys() == {"origin", "private_key", "public_key", "subject", "p256dh", "auth", "hosts"}
    assert (len(bytes_of(ready["p256dh"])), len(bytes_of(ready["auth"]))) == (65, 16)
    assert ready["hosts"] == ["127.0.0.1"]
    assert json.dumps(ready["origin"]).startswith('"https://127.0.0.1:')
