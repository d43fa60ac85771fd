"""The control plane tells what arrived and changes how the provider behaves."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.simulation import ROOT, Simulation


def send(client: httpx.Client, simulation: Simulation, token: str, **message: Any) -> int:
    return client.post(simulation.send_url(), json={"message": {"token": token} | message}).status_code


def test_counts_tell_tokens_from_duplicates(client: httpx.Client, simulation: Simulation) -> None:
    for token in ("a", "a", "b", "sim:UNREGISTERED:c"):
        send(client, simulation, token)
    counts = simulation.counts()
    assert counts["requests"] == 4
    assert counts["outcomes"] == {"OK": 3, "UNREGISTERED": 1}
    assert (counts["tokens"], counts["tokens_accepted"], counts["accepted"]) == (3, 2, 3)
    assert (counts["duplicates"], counts["max_accepted_per_token"]) == (1, 2)
    ((_, seconds),) = counts["per_second"].items()
    assert sum(seconds.values()) == 4


def test_a_notification_with_the_same_tag_replaces_the_first(client: httpx.Client, simulation: Simulation) -> None:
    def notify(token: str, tag: str | None) -> None:
        send(client, simulation, token, android={"notification": {"title": "t", "tag": tag}})

    for tag in ("m1", "m1", "m2", None, None):
        notify("a", tag)
    notify("b", "m1")
    send(client, simulation, "c", data={"k": "v"})
    send(client, simulation, "sim:UNAVAILABLE:d", notification={"title": "t"})
    assert simulation.counts()["seen"] == {"total": 5, "tokens": 2, "max_per_token": 4, "replaced": 1}
    assert simulation.ledger("a")["a"]["seen"] == 4


def test_an_apns_collapse_id_and_a_web_tag_replace_too(client: httpx.Client, simulation: Simulation) -> None:
    apns = {"headers": {"apns-collapse-id": "m1"}, "payload": {"aps": {"alert": "x"}}}
    web = {"notification": {"title": "t", "tag": "m1"}}
    for _ in range(2):
        send(client, simulation, "a", apns=apns)
        send(client, simulation, "b", webpush=web)
    assert simulation.counts()["seen"] == {"total": 2, "tokens": 2, "max_per_token": 1, "replaced": 2}


def test_the_ledger_is_listed_by_prefix_and_limit(client: httpx.Client, simulation: Simulation) -> None:
    for token in ("a1", "a2", "b1", "a3"):
        send(client, simulation, token, data={"k": token})
    assert list(simulation.ledger("a", 2)) == ["a1", "a2"]
    assert simulation.ledger("b")["b1"] == {
        "received": 1,
        "accepted": 1,
        "seen": 0,
        "outcomes": {"OK": 1},
        "last": {"token": "b1", "data": {"k": "b1"}},
    }


def test_only_the_latest_payloads_are_kept_and_all_are_counted(client: httpx.Client, simulation: Simulation) -> None:
    simulation.profile(keep_per_token=2, keep_total=3)
    before = int(time.time() * 1000)
    for number in range(4):
        send(client, simulation, "a", data={"n": str(number)})
    kept = simulation.received("a")
    assert [message["message"]["data"]["n"] for message in kept] == ["2", "3"]
    assert all(before <= message["at"] <= time.time() * 1000 for message in kept)
    for token in ("b", "c", "d"):
        send(client, simulation, token)
    assert simulation.received("a") == []
    assert [len(simulation.received(token)) for token in ("b", "c", "d")] == [1, 1, 1]
    assert simulation.ledger("a")["a"]["received"] == 4


def test_the_first_matching_rule_wins_over_the_tokens_scenario(client: httpx.Client, simulation: Simulation) -> None:
    simulation.rules(
        {"fault": "UNAVAILABLE;retry_after=3", "token_prefix": "a", "skip": 1, "count": 2},
        {"fault": "INTERNAL", "token_prefix": "sim:", "project": "first"},
        {"fault": "QUOTA_EXCEEDED", "project": "second"},
    )
    assert [send(client, simulation, "a") for _ in range(4)] == [200, 503, 503, 200]
    assert send(client, simulation, "sim:UNREGISTERED:x") == 500
    assert [rule["applied"] for rule in simulation.rules()] == [2, 1, 0]
    simulation.drop_rules()
    assert send(client, simulation, "sim:UNREGISTERED:x") == 404


def test_a_rule_is_removed_by_its_id(client: httpx.Client, simulation: Simulation) -> None:
    first, second = simulation.rules({"fault": "INTERNAL"}, {"fault": "UNAVAILABLE"})
    simulation.control("DELETE", "/rules", id=first["id"])
    assert [rule["id"] for rule in simulation.rules()] == [second["id"]]
    assert send(client, simulation, "a") == 503


def test_probability_hits_a_share_of_the_requests(client: httpx.Client, simulation: Simulation) -> None:
    simulation.rules({"fault": "INTERNAL", "probability": 0.5})
    statuses = [send(client, simulation, "a") for _ in range(60)]
    assert {200, 500} == set(statuses)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/rules", {"fault": "NOPE"}),
        ("/rules", {"fault": "UNREGISTERED", "endpoint": "token"}),
        ("/rules", {"fault": "OK", "prefix": "a"}),
        ("/profile", {"latency": 1}),
        ("/profile", {"max_concurrent_streams": "many"}),
        ("/connections", {"action": "explode"}),
        ("/nothing", {}),
    ],
)
def test_a_mistaken_order_is_refused(simulation: Simulation, path: str, content: Any) -> None:
    with httpx.Client(base_url=simulation.ready["control"], trust_env=False) as control:
        assert control.post(path, json=content).status_code in (400, 404)


def test_the_quota_is_per_project_and_says_so(client: httpx.Client, simulation: Simulation) -> None:
    simulation.profile(rate_per_minute=2)
    answers = [client.post(simulation.send_url(), json={"message": {"token": "a"}}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["error"]["details"][1]["@type"].endswith("QuotaFailure")
    headers = {"authorization": f"Bearer {simulation.access_token('second')}"}
    other = client.post(simulation.send_url("second"), json={"message": {"token": "a"}}, headers=headers)
    assert other.status_code == 200


def test_latency_applies_to_every_answer(client: httpx.Client, simulation: Simulation) -> None:
    simulation.profile(latency_ms=60, latency_p99_ms=61)
    started = time.monotonic()
    assert send(client, simulation, "a") == 200
    assert time.monotonic() - started > 0.05


def test_reset_forgets_everything_but_access_tokens(client: httpx.Client, simulation: Simulation) -> None:
    simulation.rules({"fault": "INTERNAL"})
    simulation.profile(rate_per_minute=1)
    send(client, simulation, "a")
    simulation.reset()
    counts = simulation.counts()
    assert (counts["requests"], counts["tokens"], counts["mints"], simulation.rules()) == (0, 0, 0, [])
    assert [send(client, simulation, "a") for _ in range(2)] == [200, 200]


def test_streams_and_connections_are_counted(client: httpx.Client, simulation: Simulation) -> None:
    send(client, simulation, "a")
    counted = simulation.counts()["connections"]
    assert counted["open"] >= 1
    assert counted["opened"] >= 1
    assert (counted["streams_open"], counted["streams_peak"]) == (0, 1)


def test_the_process_ends_with_the_one_that_started_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulator", "--state", str(tmp_path), "--until-eof"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline()
        process.stdin.close()
        assert process.wait(timeout=10) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_announces_itself_and_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    def run() -> dict[str, Any]:
        command = [sys.executable, "-m", "simulator", "--state", str(tmp_path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            ready: dict[str, Any] = json.loads(process.stdout.readline())
            process.send_signal(number)
            output, errors = process.communicate(timeout=10)
            assert (process.returncode, output, errors) == (0, b"", b"")
        assert json.loads((tmp_path / "simulator.json").read_bytes()) == ready
        return ready

    first = run()
    files = {name: Path(first[name]).read_bytes() for name in ("ca", "credentials")}
    second = run()
    assert Path(second["ca"]).read_bytes() == files["ca"]
    key = json.loads(Path(second["credentials"]).read_bytes())
    assert key["private_key"] == json.loads(files["credentials"])["private_key"]
    assert key["token_uri"] == second["token_uri"]
