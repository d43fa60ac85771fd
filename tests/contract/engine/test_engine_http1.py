"""Servers that speak only HTTP/1.1: how answers are told apart, and what a connection is used for."""

from __future__ import annotations

from itertools import chain

import pytest

from clarion.delivery.engine import Failure, Request
from tests.contract.engine.certificate import server_context
from tests.contract.engine.sending import bodies, posts, send, send_one
from tests.contract.engine.serial_server import SerialServer
from tests.contract.engine.server import Server


@pytest.fixture
def old(authority):
    """A context of its own: it agrees to nothing but HTTP/1.1."""
    return server_context(authority, "127.0.0.1")


def test_a_request_is_written_as_asked_for(make, old):
    with SerialServer(old) as server:
        request = Request(1, server.url + "/?token=a%2Fb", ("X-WNS-Type: wns/toast",), b"<toast/>", ("x-own: 1",))
        assert [answer.status for answer in make(user_agent="clarion/test").send([request]) if answer] == [200]
    head = server.lines[0].heads[0].lower()
    assert head.startswith(b"post /?token=a%2fb http/1.1\r\n")
    for line in (b"host: " + server.url.encode()[8:], b"x-wns-type: wns/toast", b"x-own: 1", b"content-length: 8"):
        assert b"\r\n" + line + b"\r\n" in head
    assert b"user-agent: clarion/test" in head
    assert b"transfer-encoding" not in head
    assert server.received == [b"<toast/>"]


def test_every_request_is_answered_once(make, kind, old):
    count = 200 if kind == "portable" else 1000
    with SerialServer(old, lambda line, body: line.answer(body=body)) as server:
        answers = send(make(), server.url, bodies(count))
        assert all(answer.status == 200 and answer.body == body for body, answer in answers.items())
        assert set(server.copies().values()) == {1}


def test_a_connection_is_used_again(make, old):
    with SerialServer(old) as server:
        engine = make()
        for body in bodies(5):
            assert send_one(engine, server.url, body).status == 200
        assert len(server.lines) == 1


ANSWERS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "no reason": b"HTTP/1.1 200\r\ncontent-length:2\r\n\r\n{}",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\nX: y\r\n\r\n",
    "until the end": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "an interim answer": b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("raw", ANSWERS.values(), ids=ANSWERS)
def test_a_body_ends_where_the_server_says(make, old, raw):
    def script(line, _):
        line.write(raw)
        if b"chunked" not in raw and b"Length" not in raw and b"length" not in raw:
            line.after(0.05, line.close)

    with SerialServer(old, script) as server:
        engine = make()
        for body in bodies(3):
            answer = send_one(engine, server.url, body)
            assert (answer.status, answer.body, answer.failure) == (200, b"{}", None)
        assert set(server.copies().values()) == {1}


def test_an_answer_in_single_bytes_is_an_answer(make, old):
    raw = ANSWERS["chunks"]

    def script(line, _):
        for at in range(len(raw)):
            line.after(at / 1000, lambda at=at: line.write(raw[at : at + 1]))

    with SerialServer(old, script) as server:
        assert send_one(make(), server.url).body == b"{}"


def test_an_answer_without_a_body_needs_no_length(make, old):
    with SerialServer(old, lambda line, _: line.write(b"HTTP/1.1 204 No Content\r\n\r\n")) as server:
        engine = make()
        assert [send_one(engine, server.url, body).status for body in bodies(2)] == [204, 204]
        assert len(server.lines) == 1


def test_a_connection_that_the_server_will_close_is_not_used_again(make, old):
    with SerialServer(old, lambda line, _: line.answer(b"200 OK", b"", b"Connection: Close")) as server:
        engine = make()
        assert {answer.status for answer in send(engine, server.url, bodies(5)).values()} == {200}
        assert len(server.lines) == 5


def test_headers_and_retry_after_come_back(make, old):
    headers = (b"X-WNS-Status: dropped", b"Retry-After: 37")
    with SerialServer(old, lambda line, _: line.answer(b"406 Not Acceptable", b"", *headers)) as server:
        answer = send_one(make(answer_headers=("x-wns-status",)), server.url)
    assert (answer.status, answer.headers, answer.retry_after_s) == (406, {"x-wns-status": "dropped"}, 37.0)


def test_no_answer_in_time_is_ambiguous_and_the_connection_is_given_up(make, old):
    with SerialServer(old, lambda line, body: body == b"one" or line.answer()) as server:
        engine = make(timeout_s=0.5)
        answer = send_one(engine, server.url, b"one")
        assert (answer.failure, answer.reason) == (Failure.AMBIGUOUS, "TIMEOUT")
        assert send_one(engine, server.url, b"two").status == 200
        assert server.copies() == {b"one": 1, b"two": 1}


@pytest.mark.parametrize("how", ["close", "cut"])
def test_a_connection_lost_in_mid_answer_is_ambiguous_and_nothing_is_repeated(make, old, how):
    def script(line, body):
        if body == b"warm":
            line.answer()
        else:
            line.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
            line.after(0.05, getattr(line, how))

    with SerialServer(old, script) as server:
        engine = make()
        assert send_one(engine, server.url, b"warm").status == 200
        answer = send_one(engine, server.url)
        assert (answer.failure, answer.reason) == (Failure.AMBIGUOUS, "LOST")
        assert server.copies()[b"one"] == 1


def test_a_server_that_hangs_up_at_once_is_not_dialled_without_end(make, old):
    with SerialServer(old, lambda line, _: line.close()) as server:
        answers = send(make(timeout_s=5.0), server.url, bodies(5))
        assert {answer.status for answer in answers.values()} == {0}
        assert max(server.copies().values()) == 1
        assert len(server.lines) <= 15


def test_both_kinds_of_servers_in_one_send_are_each_answered_once(make, context, old):
    with Server(context) as new, SerialServer(old) as server:
        mixed = list(chain.from_iterable(zip(posts(new.url, bodies(100)), posts(server.url, bodies(100)), strict=True)))
        for number, request in enumerate(mixed):
            request.tag = number
        answers = [answer for answer in make().send(mixed) if answer]
        assert sorted(answer.tag for answer in answers) == list(range(200))
        assert {answer.status for answer in answers} == {200}
        assert set(new.copies().values()) == set(server.copies().values()) == {1}
        assert (len(new.copies()), len(server.copies())) == (100, 100)


def test_more_connections_are_opened_when_answers_take_long(make, old):
    with SerialServer(old, lambda line, _: line.after(0.02, line.answer)) as server:
        answers = send(make(connections_max=4), server.url, bodies(150))
        assert {answer.status for answer in answers.values()} == {200}
        assert len(server.lines) > 2
