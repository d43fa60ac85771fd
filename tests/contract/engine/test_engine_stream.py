"""How an engine keeps the rules of HTTP/2 streams."""

from __future__ import annotations

import h2.errors
import pytest

from clarion.delivery.engine import Failure
from tests.contract.engine.sending import bodies, send, send_one
from tests.contract.engine.server import Server

REFUSED = h2.errors.ErrorCodes.REFUSED_STREAM


def is_warm(exchange) -> bool:
    """Answer the request that opens a connection and brings the engine to its full window."""
    if exchange.body == b"warm":
        exchange.answer()
    return exchange.body == b"warm"


def test_a_refused_stream_is_sent_again_and_answered(make, context):
    refused = set()

    def script(exchange):
        if exchange.body == b"body-2" and exchange.body not in refused:
            refused.add(exchange.body)
            exchange.reset(REFUSED)
        else:
            exchange.after(0.05, exchange.answer)

    with Server(context, script) as server:
        engine = make()
        answers = send(engine, server.url, bodies(5))
        assert {answer.status for answer in answers.values()} == {200}
        assert server.copies()[b"body-2"] == 2  # the first copy was disclaimed by the server


def test_a_stream_refused_again_and_again_is_not_sent(make, context):
    with Server(context, lambda exchange: exchange.reset(REFUSED)) as server:
        answer = send_one(make(), server.url)
        assert (answer.failure, answer.reason) == (Failure.NOT_SENT, "REFUSED_STREAM")
        assert len(server.received) == 3


@pytest.mark.parametrize("code", [h2.errors.ErrorCodes.INTERNAL_ERROR, h2.errors.ErrorCodes.CANCEL])
def test_a_stream_reset_after_the_request_is_ambiguous_and_never_repeated(make, context, code):
    def script(exchange):
        exchange.reset(code) if exchange.body == b"body-1" else exchange.after(0.05, exchange.answer)

    with Server(context, script) as server:
        answers = send(make(), server.url, bodies(4))
        hit = answers.pop(b"body-1")
        assert (hit.failure, hit.reason) == (Failure.AMBIGUOUS, "RESET")
        assert {answer.status for answer in answers.values()} == {200}
        assert set(server.copies().values()) == {1}


def go_away(exchange, *, then_close: bool):
    """After five requests say that the last two were not looked at."""
    server = exchange.connection.server
    if is_warm(exchange) or exchange.connection is not server.connections[0]:
        return None if exchange.body == b"warm" else exchange.answer()
    if len(server.received) == 6:
        exchange.goaway(exchange.stream - 4)
        for held in server.received[1:4]:
            held.after(0.05, held.hang_up if then_close else held.answer)
    return None


def test_streams_above_a_goaway_are_sent_again_on_a_new_connection(make, context):
    with Server(context, lambda exchange: go_away(exchange, then_close=False)) as server:
        engine = make()
        send_one(engine, server.url, b"warm")
        answers = send(engine, server.url, bodies(5))
        accepted = server.received[1:4]
        for exchange in accepted:
            answer = answers.pop(exchange.body)
            # The portable engine gives up on them when it sees the GOAWAY; it must not send them again.
            assert answer.status == 200 or answer.failure is Failure.AMBIGUOUS
            assert server.copies()[exchange.body] == 1
        assert {answer.status for answer in answers.values()} == {200}
        assert len(server.connections) == 2


def test_streams_below_a_goaway_are_ambiguous_when_the_connection_ends(make, context):
    with Server(context, lambda exchange: go_away(exchange, then_close=True)) as server:
        engine = make()
        send_one(engine, server.url, b"warm")
        answers = send(engine, server.url, bodies(5))
        for exchange in server.received[1:4]:
            assert answers.pop(exchange.body).failure is Failure.AMBIGUOUS
            assert server.copies()[exchange.body] == 1
        assert {answer.status for answer in answers.values()} == {200}


def test_a_goaway_between_sends_costs_nothing(make, kind, context):
    def script(exchange):
        exchange.answer()
        exchange.goaway(exchange.stream)
        exchange.after(0, exchange.hang_up)

    with Server(context, script) as server:
        engine = make()
        answers = [send_one(engine, server.url, body) for body in bodies(4)]
        # httpx notices the end of an idle connection only when it has written to it.
        assert all(answer.status == 200 or kind == "portable" for answer in answers)
        assert set(server.copies().values()) == {1}


def test_the_servers_stream_limit_is_kept(make, context):
    with Server(context, lambda exchange: exchange.after(0.01, exchange.answer), max_streams=10) as server:
        answers = send(make(), server.url, bodies(300))
        assert {answer.status for answer in answers.values()} == {200}
        assert server.peak() <= 10
        assert server.violations == []
        assert set(server.copies().values()) == {1}


def test_a_limit_lowered_to_one_in_mid_flight_is_kept(make, kind, context):
    def script(exchange):
        if len(exchange.connection.server.received) == 30:
            exchange.limit(1)
        exchange.after(0.01, exchange.answer)

    with Server(context, script) as server:
        answers = send(make(timeout_s=15.0 if kind == "curl" else 2.0), server.url, bodies(120))
        # httpcore stops reading a connection whose limit falls below what is open on it: those requests time out.
        assert all(
            answer.status == 200 or (kind == "portable" and answer.failure is Failure.AMBIGUOUS)
            for answer in answers.values()
        )
        assert server.violations == []
        assert set(server.copies().values()) == {1}


def test_one_stream_until_the_first_answer_is_kept(make, kind, context):
    """As APNs does: it refuses a second stream until a valid request, then allows many."""

    def script(exchange):
        exchange.connection.server.max_streams = 1000
        exchange.limit(1000)
        exchange.answer()

    with Server(context, script, max_streams=1, is_strict=True) as server:
        answers = send(make(connections_max=1), server.url, bodies(200))
        assert {answer.status for answer in answers.values()} == {200}
        assert len(server.connections) == 1 or kind == "portable"
        assert set(server.copies().values()) == {1}
