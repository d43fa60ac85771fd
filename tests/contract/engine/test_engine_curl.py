"""What only the libcurl engine promises: its connections, its memory, and the errors of libcurl."""

from __future__ import annotations

import socket

import pycurl
import pytest

from clarion.delivery.engine import Failure
from clarion.delivery.engine.connection import cut_if_silent
from clarion.delivery.engine.curl_error import AROUND_REQUEST, BEFORE_REQUEST, is_refused
from tests.contract.engine.sending import bodies, send, send_one
from tests.contract.engine.server import Server


@pytest.fixture
def kind() -> str:
    return "curl"


def test_the_tables_of_errors_do_not_overlap():
    assert not BEFORE_REQUEST.keys() & AROUND_REQUEST.keys()


@pytest.mark.parametrize(
    "name", ["SEND_ERROR", "RECV_ERROR", "HTTP2", "GOT_NOTHING", "PARTIAL_FILE", "OPERATION_TIMEDOUT", "WRITE_ERROR"]
)
def test_an_error_that_can_follow_the_request_is_never_taken_for_one_before_it(name):
    assert getattr(pycurl, f"E_{name}") in AROUND_REQUEST


def test_only_a_rewind_that_nothing_preceded_is_a_refusal():
    assert is_refused(pycurl.E_SEND_FAIL_REWIND, "seek callback returned error 1")
    assert not is_refused(pycurl.E_SEND_FAIL_REWIND, "Recv failure: Connection reset by peer")
    assert not is_refused(pycurl.E_SEND_ERROR, "seek callback returned error 1")


def test_a_body_that_flow_control_holds_back_counts_as_written(make, context):
    """It may leave the moment the window opens: libcurl does not tell."""
    with Server(context, window=0) as server:
        engine = make(timeout_s=0.5)
        assert send_one(engine, server.url, b"").status == 200  # by now the client knows the window
        answer = send_one(engine, server.url, b"x")
        assert (answer.failure, answer.reason) == (Failure.AMBIGUOUS, "TIMEOUT")
        assert server.copies() == {b"": 1}


def test_a_request_that_waits_for_a_stream_until_it_times_out_is_not_sent(make, context):
    with Server(context, lambda exchange: exchange.body == b"warm" and exchange.answer(), max_streams=1) as server:
        engine = make(timeout_s=0.5, connections_max=1)
        send_one(engine, server.url, b"warm")
        answers = send(engine, server.url, [b"written", b"waiting"])
        assert answers[b"written"].failure is Failure.AMBIGUOUS
        # Both time out in the same millisecond, or the second gets the stream of the first for the rest of its time.
        waiting = answers[b"waiting"]
        assert waiting.failure is Failure.NOT_SENT or waiting.reason == "LOST"
        assert waiting.failure is Failure.AMBIGUOUS or b"waiting" not in server.copies()


def test_a_response_beyond_all_measure_is_cut_off(make, context):
    with Server(context, lambda exchange: exchange.answer(200, b"", [("content-length", "9999999")])) as server:
        answer = send_one(make(), server.url)
    assert (answer.status, answer.failure, answer.reason) == (0, Failure.AMBIGUOUS, "PROTOCOL")


def test_connections_follow_latency(make, context):
    with Server(context, lambda exchange: exchange.after(0.1, exchange.answer)) as server:
        send(make(connections_max=3, streams_per_connection=10), server.url, bodies(200))
        assert len(server.connections) == 3
        assert server.peak() <= 10


def test_a_limit_of_the_server_is_learned_before_connections_are_added(make, context):
    with Server(
        context, lambda exchange: exchange.after(0.05, exchange.answer), max_streams=5, is_strict=True
    ) as server:
        answers = send(make(connections_max=4), server.url, bodies(300))
        assert {answer.status for answer in answers.values()} == {200}
        assert len(server.connections) == 4
        assert set(server.copies().values()) == {1}


def test_handles_are_reused(make, context):
    with Server(context) as server:
        engine = make(streams_per_connection=10, connections_max=1)
        for _ in range(3):
            send(engine, server.url, bodies(100))
        assert len(engine._transfers) <= 10


def test_a_plain_http_url_is_refused(make):
    answer = send_one(make(), "http://127.0.0.1:9")
    assert (answer.failure, answer.reason) == (Failure.NOT_SENT, "PROTOCOL")


def test_the_environments_proxy_is_not_used(make, context, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with Server(context) as server:
        assert send_one(make(), server.url).status == 200


def test_a_connection_that_speaks_is_not_cut():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        here = socket.create_connection(listener.getsockname())
        there, _ = listener.accept()
        with here, there:
            there.sendall(b"x")
            assert here.recv(1) == b"x"
            assert not cut_if_silent(here.fileno(), 30.0)
            assert cut_if_silent(here.fileno(), 0.0)
            assert there.recv(1) == b""


def test_a_descriptor_that_is_gone_is_left_alone():
    assert not cut_if_silent(-1, 0.0)
