"""What only the http2 engine promises: its waiting, its origins, and what becomes of odd requests and servers."""

from __future__ import annotations

import contextlib
import gc
import select
import socket
import threading
import time
from collections.abc import Iterator
from itertools import chain

import pytest

from clarion.delivery.engine import Failure, Request
from clarion.delivery.engine.http2 import origin
from clarion.delivery.engine.http2.stream import Stream
from tests.contract.engine.certificate import server_context
from tests.contract.engine.sending import HEADERS, bodies, posts, send, send_one
from tests.contract.engine.serial_server import SerialServer
from tests.contract.engine.server import Server


@pytest.fixture(params=["http2"])
def kind(request) -> str:
    return request.param


def hold(exchange):
    """Never answer."""


@contextlib.contextmanager
def listening(handle) -> Iterator[tuple[str, list[socket.socket]]]:
    """A port whose connections are given to `handle`; its URL and the connections so far."""
    accepted = []

    def accept(listener):
        with contextlib.suppress(OSError):
            while True:
                accepted.append(listener.accept()[0])
                with contextlib.suppress(OSError):
                    handle(accepted[-1])

    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        thread = threading.Thread(target=accept, args=[listener])
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}", accepted
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
    for line in accepted:
        line.close()


@pytest.mark.parametrize("line", ["x-id: a\r\nx: b", "no header"])
def test_a_request_that_cannot_be_written_is_not_sent_and_the_others_are(make, context, line):
    with Server(context) as server:
        requests = posts(server.url, bodies(30))
        requests[7].headers = (line,)
        answers = {answer.tag: answer for answer in make().send(requests) if answer}
        odd = answers.pop(b"body-7")
        assert (odd.failure, odd.reason) == (Failure.NOT_SENT, "HEADER")
        assert {answer.status for answer in answers.values()} == {200}
        assert (len(server.copies()), server.violations) == (29, [])


@pytest.mark.parametrize("path", ["/a b", "/a\r\nb", "/ä"])
def test_a_path_that_cannot_be_written_is_not_sent(make, context, path):
    with Server(context) as server:
        requests = [Request(n, server.url + p, HEADERS, b"x") for n, p in enumerate(["/a", path, "/b#c"])]
        answers = {answer.tag: answer for answer in make().send(requests) if answer}
        assert (answers[1].failure, answers[1].reason) == (Failure.NOT_SENT, "URL")
        assert {exchange.path for exchange in server.received} == {"/a", "/b"}


def test_a_limit_of_no_streams_is_waited_out(make, context):
    def script(exchange):
        exchange.answer()
        if len(exchange.connection.server.received) == 5:
            exchange.limit(0)
            exchange.after(0.2, lambda: exchange.limit(100))

    with Server(context, script) as server:
        assert {answer.status for answer in send(make(), server.url, bodies(300)).values()} == {200}
        assert set(server.copies().values()) == {1}


def test_bodies_larger_than_the_windows_arrive_whole(make, context):
    with Server(context, window=1000) as server:
        contents = [b"%d" % number + b"x" * (900 * number) for number in range(30)]
        assert {answer.status for answer in send(make(), server.url, contents).values()} == {200}
        assert set(server.copies()) == set(contents)


def test_a_host_that_is_silent_does_not_hold_up_another(make, context):
    with Server(context) as server, listening(hold) as (dead, _):
        engine = make(connect_timeout_s=1.0)
        mixed = chain.from_iterable(zip(posts(dead, bodies(50)), posts(server.url, bodies(50)), strict=True))
        answers = [(answer.failure, answer.reason) for answer in engine.send(mixed) if answer]
        assert answers == [(None, "")] * 50 + [(Failure.NOT_SENT, "TIMEOUT")] * 50


def test_the_addresses_of_a_host_are_tried_one_after_the_other(make, authority):
    """A host often has an IPv6 address first that does not answer."""
    with Server(server_context(authority, "localhost")) as server:
        assert send_one(make(), server.url.replace("127.0.0.1", "localhost")).status == 200


def test_a_server_that_closes_after_the_handshake_is_not_dialled_without_end(make, context):
    def handle(line):
        context.wrap_socket(line, server_side=True).close()

    with listening(handle) as (url, accepted):
        answers = send(make(timeout_s=5.0), url, bodies(3))
        assert {answer.reason for answer in answers.values()} == {"LOST"}
        assert len(accepted) <= 6


def test_a_connection_that_ended_between_two_sends_is_not_used(make, context):
    with Server(context, lambda exchange: (exchange.answer(), exchange.after(0, exchange.hang_up))) as server:
        engine = make()
        for body in bodies(3):
            assert send_one(engine, server.url, body).status == 200
            (only,) = engine._origins
            # What the server said last: that it closes.
            assert all(select.select([connection.link], [], [], 10)[0] for connection in only.connections)
        assert set(server.copies().values()) == {1}


def test_requests_stay_in_flight_while_nobody_asks_for_answers(make, context):
    with Server(context, hold) as server:
        engine = make(tick_s=0.05, streams_before_answer=5)
        answers = engine.send(posts(server.url, bodies(5)))
        assert next(answers) is None
        assert engine.in_flight == 5
        answers.close()
        assert engine.in_flight == 0


def test_waiting_for_a_silent_server_costs_no_processor_time(make, context):
    with Server(context, hold) as server:
        engine = make(timeout_s=2.0, tick_s=0.5)
        before = time.process_time()
        assert send_one(engine, server.url).reason == "TIMEOUT"
        assert time.process_time() - before < 1.0


def test_one_request_without_an_answer_keeps_no_others_in_memory(make, context):
    def script(exchange):
        if exchange.body != b"body-3":
            exchange.answer()

    with Server(context, script) as server:
        answers = make().send(posts(server.url, bodies(2000)))
        for _ in range(1999):
            assert next(answers) is not None
        assert sum(isinstance(one, Stream) for one in gc.get_objects()) < 300
        answers.close()


def test_growth_asks_for_more_connections_when_answers_take_long(make, context):
    with Server(context, lambda exchange: exchange.after(0.05, exchange.answer), max_streams=10) as server:
        send(make(connections_max=4), server.url, bodies(400))
        assert len(server.connections) == 4
        assert server.peak() <= 10


@pytest.fixture
def old(authority):
    """A context that agrees to nothing but HTTP/1.1."""
    return server_context(authority, "127.0.0.1")


def test_a_slow_old_server_does_not_hold_up_a_new_one(make, context, old):
    released = threading.Event()

    def script(line, body):
        line.answer() if released.is_set() else line.after(0.02, lambda: script(line, body))

    with Server(context) as new, SerialServer(old, script) as server:
        requests = [*posts(server.url, [b"slow"]), *posts(new.url, bodies(50))]
        tags = []
        for answer in make().send(requests):
            if answer is not None:
                tags.append(answer.tag)
                if len(tags) == 50:
                    released.set()
    assert tags[-1] == b"slow"
    assert len(tags) == 51


def test_lines_of_a_serial_request_that_cannot_be_written_are_not_sent(make, old):
    with SerialServer(old) as server:
        requests = posts(server.url, bodies(3))
        requests[1].own = ("x: a\r\ny: b",)
        answers = {answer.tag: answer for answer in make().send(requests) if answer}
        assert (answers[b"body-1"].failure, answers[b"body-1"].reason) == (Failure.NOT_SENT, "HEADER")
        assert sorted(server.received) == [b"body-0", b"body-2"]


def test_connections_of_one_request_each_double_when_answers_take_long(make, old):
    with SerialServer(old, lambda line, _: line.after(0.03, line.answer)) as server:
        send(make(http1_connections_max=16), server.url, bodies(300))
        assert len(server.lines) == 16


def test_hosts_that_nobody_asks_for_any_more_are_forgotten(make, context, monkeypatch):
    monkeypatch.setattr(origin, "FORGET_AFTER_S", 0.0)
    with Server(context) as server:
        engine = make(connect_timeout_s=1.0)
        assert send_one(engine, server.url).status == 200
        dead = [Request(n, f"https://no-such-host-{n}.invalid/", HEADERS, b"x") for n in range(20)]
        assert {answer.reason for answer in engine.send(dead) if answer} == {"RESOLVE"}
        assert send_one(engine, server.url).status == 200
        assert [one.prefix for one in engine._origins] == [server.url + "/"]
        assert len(server.connections) == 1


def test_the_name_of_one_host_does_not_hold_up_another(make, context, monkeypatch):
    asked, released = threading.Event(), threading.Event()
    ask = socket.getaddrinfo

    def getaddrinfo(host, *arguments, **options):
        if host == "slow.example" and not options["flags"]:
            asked.set()
            released.wait(10)
            raise socket.gaierror
        return ask(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with Server(context) as server:
        answers = make().send([Request(b"slow", "https://slow.example/", HEADERS, b"x"), *posts(server.url, bodies(5))])
        assert [next(answers).status for _ in range(5)] == [200] * 5
        assert asked.is_set()
        released.set()
        assert [answer.reason for answer in answers if answer] == ["RESOLVE"]


def test_a_name_that_takes_too_long_is_given_up(make, monkeypatch):
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, flags, **__: [] if flags else released.wait(10) and [])
    answer = send_one(make(connect_timeout_s=0.2, tick_s=0.1), "https://slow.example")
    released.set()
    assert (answer.failure, answer.reason) == (Failure.NOT_SENT, "RESOLVE")
