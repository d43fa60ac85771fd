"""Every provider through every engine, at the simulator: what goes wrong on the way is told apart in the same manner.

What may be repeated is repeated, what may have arrived is not, and no device gets two.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from clarion.delivery.engine import Engine, EngineOptions, make_engine
from clarion.message import Message, Target
from clarion.providers.base import Provider, Result, Verdict, read
from tests.contract.provider.expectation import ANSWERS, EXPECTATIONS, MULTIPLEXING, Expectation
from tests.simulation import Simulation

#: What a result says: verdict and reason.
Said = tuple[Verdict, str]
ACCEPTED: Said = (Verdict.ACCEPTED, "")
ID = "message:0F3B5B5E-6C1D-4B66-9D52-6A2E5B1F0C11"
OTHERS = [f"other-{number:02}" for number in range(20)]


class Sending:
    """One provider at the simulator, and its access token."""

    def __init__(self, simulation: Simulation, expected: Expectation, origin: str | None = None) -> None:
        self.simulation, self.expected, self.origin = simulation, expected, origin
        self.provider: Provider = expected.open(simulation.ready, origin)
        now_ms = int(time.time() * 1000)
        self.bearer = "" if self.provider.signs_itself else self.provider.fetch_bearer(now_ms=now_ms).token

    def send(self, engine: Engine, texts: list[str]) -> dict[str, Said]:
        """What became of a request to each device."""
        return {text: (result.verdict, result.reason) for text, result in self.results(engine, texts).items()}

    def results(self, engine: Engine, texts: list[str]) -> dict[str, Result]:
        """The same in full; fails when a device is answered twice or not at all."""
        now_ms = int(time.time() * 1000)
        message = Message(id=ID, app="demo", body="Hello", target=Target(channel="default"), accepted_ms=now_ms)
        composition = self.provider.compose(message, self.expected.os, now_ms=now_ms)
        tokens = [self.expected.token(self.simulation.ready, text, self.origin) for text in texts]
        requests = (
            self.provider.request(composition, [SimpleNamespace(token=token, environment=None)], (number,), self.bearer)
            for number, token in enumerate(tokens)
        )
        answers = [answer for answer in engine.send(requests) if answer is not None]
        assert sorted(answer.tag[0] for answer in answers) == list(range(len(texts)))
        assert engine.in_flight == 0
        return {texts[answer.tag[0]]: read(self.provider, answer) for answer in answers}

    def copies(self, text: str) -> int:
        """How often the simulator received a message for a device."""
        return int(self._row(text)["received"])

    def accepted(self, text: str) -> int:
        """How often the simulator took one."""
        return int(self._row(text)["accepted"])

    def _row(self, text: str) -> dict[str, Any]:
        name = self.expected.known_as(text)
        return self.simulation.ledger(prefix=name).get(name, {"received": 0, "accepted": 0})


@pytest.fixture(params=["http2", "curl", "portable"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make(kind: str, simulation: Simulation) -> Iterator[object]:
    engines: list[Engine] = []

    def make_one(sending: Sending, **options: float) -> Engine:
        line = sending.provider.line
        given = {"timeout_s": 10.0, "tick_s": 0.1, "connections_max": 2} | options
        trusted = EngineOptions(ca_bundle=str(line.ca_bundle), answer_headers=line.answer_headers, **given)
        engines.append(make_engine(trusted, kind))
        return engines[-1]

    yield make_one
    for engine in engines:
        engine.close()


@pytest.fixture(scope="session")
def opened(running: Simulation) -> dict[str, Sending]:
    """Every provider with its access token, asked for once."""
    return {name: Sending(running, expected) for name, expected in EXPECTATIONS.items()}


@pytest.fixture
def sending(opened: dict[str, Sending], name: str, simulation: Simulation) -> Sending:
    return opened[name]


every_provider = pytest.mark.parametrize("name", EXPECTATIONS)
#: Without the portable engine: httpx gives up all it has on a connection that goes away, and waiting for it takes long.
FAST = ["http2", "curl"]


def assert_answered(results: dict[str, Said], kind: str) -> None:
    """All are accepted; libcurl may lose sight of what it had on a connection that ends right after a GOAWAY."""
    known = (ACCEPTED, (Verdict.UNKNOWN, "LOST")) if kind == "curl" else (ACCEPTED,)
    assert all(result in known for result in results.values()), results


@every_provider
def test_everybody_gets_one(make, sending):
    results = sending.send(make(sending), OTHERS)
    assert results == dict.fromkeys(OTHERS, ACCEPTED)
    assert all(sending.copies(text) == sending.accepted(text) == 1 for text in OTHERS)


@pytest.mark.parametrize(("name", "wrong"), ANSWERS)
def test_what_is_wrong_with_one_device_is_told_apart_and_the_others_get_theirs(make, sending, wrong):
    scenario, verdict, reason = sending.expected.answers[wrong]
    odd = f"sim:{scenario}:device"
    # What ends a connection's credential ends it for all that is on it: APNs' is asked alone.
    others = [] if verdict is Verdict.BEARER else OTHERS
    results = sending.results(make(sending), [*others, odd])
    found = results.pop(odd)
    assert (found.verdict, found.reason) == (verdict, reason)
    assert found.retry_after_s == (7.0 if "_after=7" in scenario else 120.0 if scenario == "errno_201" else None)
    assert {result.verdict for result in results.values()} <= {Verdict.ACCEPTED}


@every_provider
def test_an_answer_that_takes_its_time_is_waited_for(make, sending):
    odd = "sim:SLOW_BODY;ms=150:device"
    results = sending.send(make(sending), [odd, *OTHERS])
    assert results == dict.fromkeys([odd, *OTHERS], ACCEPTED)


@every_provider
@pytest.mark.parametrize("kind", FAST)
def test_a_provider_that_is_not_reached_may_be_asked_again(make, simulation, name):
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:  # accepts, and never speaks
        sending = Sending(simulation, EXPECTATIONS[name], f"https://127.0.0.1:{listener.getsockname()[1]}")
        results = sending.send(make(sending, connect_timeout_s=0.3), OTHERS[:3])
    assert results == dict.fromkeys(OTHERS[:3], (Verdict.RETRY, "TIMEOUT"))


@every_provider
@pytest.mark.parametrize("kind", FAST)
def test_silence_after_the_request_is_ambiguous_and_nothing_is_repeated(make, sending):
    odd = "sim:BLACKHOLE:device"
    results = sending.send(make(sending, timeout_s=1.0), [*OTHERS, odd])
    assert results.pop(odd) == (Verdict.UNKNOWN, "TIMEOUT")
    assert sending.copies(odd) == 1
    # Over HTTP/1.1 libcurl may leave some in its queue behind the silent one, and says that they were not sent.
    given_back = (Verdict.RETRY, "TIMEOUT")
    assert all(results[text] == (ACCEPTED if sending.copies(text) else given_back) for text in OTHERS)


@every_provider
def test_a_connection_lost_after_the_request_is_ambiguous_and_nothing_is_repeated(make, sending):
    odd = "sim:DROP:device"
    results = sending.send(make(sending), [*OTHERS, odd])
    assert results.pop(odd) == (Verdict.UNKNOWN, "LOST")
    assert sending.copies(odd) == 1
    # Whoever was on the same connection shares its fate, once.
    assert all(result in (ACCEPTED, (Verdict.UNKNOWN, "LOST")) for result in results.values())
    assert all(sending.copies(text) <= 1 for text in OTHERS)


@pytest.mark.parametrize("name", MULTIPLEXING)
@pytest.mark.parametrize("kind", FAST)
def test_what_a_goaway_excludes_is_sent_again(make, sending, kind):
    odd = "sim:GOAWAY;times=1:device"
    results = sending.send(make(sending), [*OTHERS[:10], odd, *OTHERS[10:]])
    assert_answered(results, kind)
    assert all(sending.accepted(text) == 1 for text, result in results.items() if result == ACCEPTED)
    assert all(sending.accepted(text) <= 1 for text in results)


@pytest.mark.parametrize("name", MULTIPLEXING)
@pytest.mark.parametrize("kind", FAST)
def test_what_a_goaway_includes_is_answered_and_not_sent_again(make, sending, kind):
    odd = "sim:GOAWAY_COVERED:device"
    results = sending.send(make(sending), [*OTHERS[:10], odd, *OTHERS[10:]])
    assert_answered(results, kind)
    assert sending.copies(odd) == 1


@pytest.mark.parametrize("name", MULTIPLEXING)
@pytest.mark.parametrize("kind", FAST)
def test_a_refused_stream_is_begun_again_and_at_last_given_back(make, sending):
    once, always = "sim:REFUSED_STREAM;times=1:device", "sim:REFUSED_STREAM:device"
    results = sending.send(make(sending), [*OTHERS, once, always])
    assert results.pop(always) == (Verdict.RETRY, "REFUSED_STREAM")
    assert results == dict.fromkeys([*OTHERS, once], ACCEPTED)
    assert (sending.accepted(once), sending.accepted(always)) == (1, 0)


@pytest.mark.parametrize("name", MULTIPLEXING)
@pytest.mark.parametrize("kind", FAST)
def test_a_stream_that_is_reset_is_ambiguous(make, sending):
    odd = "sim:INTERNAL_ERROR:device"
    results = sending.send(make(sending), [*OTHERS, odd])
    assert results.pop(odd) == (Verdict.UNKNOWN, "RESET")
    assert results == dict.fromkeys(OTHERS, ACCEPTED)
    assert sending.copies(odd) == 1


@pytest.mark.parametrize("name", MULTIPLEXING)
@pytest.mark.parametrize("kind", FAST)
def test_a_limit_lowered_to_one_stream_in_mid_flight_is_kept(make, sending):
    odd = "sim:SETTINGS;max_streams=1:device"
    results = sending.send(make(sending), [*OTHERS[:10], odd, *OTHERS[10:]])
    assert results == dict.fromkeys([*OTHERS, odd], ACCEPTED)
    assert all(sending.copies(text) == 1 for text in OTHERS)
