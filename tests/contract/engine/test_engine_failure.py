"""What an engine says when there is no answer: can the provider have acted on the request or not?"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from clarion.delivery.engine import Failure
from tests.contract.engine.certificate import new_authority, server_context
from tests.contract.engine.sending import bodies, send, send_one
from tests.contract.engine.server import Server


@contextlib.contextmanager
def silent_port() -> Iterator[str]:
    """The URL of a port where the kernel accepts connections and nobody ever speaks."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def http1_server(context) -> Iterator[tuple[str, list[bytes]]]:
    """An HTTP/1.1 server that answers `warm` and closes in good order on anything else; its URL and what it got."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            received.append(self.rfile.read(int(self.headers["content-length"])))
            if received[-1] == b"warm":
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()
            else:
                self.close_connection = True
                self.connection = self.connection.unwrap()

        def log_message(self, *_):
            """Say nothing."""

    context.set_alpn_protocols(["http/1.1"])
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}", received
        server.shutdown()
        thread.join(10)


def hold(exchange):
    """Never answer."""


def test_a_refused_connection_is_not_sent(make):
    with silent_port() as url:
        pass
    answer = send_one(make(), url)
    assert (answer.status, answer.failure, answer.reason) == (0, Failure.NOT_SENT, "CONNECT")


def test_an_unknown_host_is_not_sent(make):
    answer = send_one(make(), "https://no-such-host.invalid")
    assert answer.failure is Failure.NOT_SENT
    assert answer.reason in {"RESOLVE", "CONNECT"}


def test_an_unknown_authority_is_not_sent(make, context, tmp_path):
    stranger = new_authority(tmp_path)
    with Server(context) as server:
        answer = send_one(make(ca_bundle=stranger.bundle), server.url)
        assert (answer.failure, answer.reason) == (Failure.NOT_SENT, "TLS")
        assert server.received == []


def test_a_certificate_for_another_host_is_not_sent(make, authority):
    with Server(server_context(authority, "push.example.com")) as server:
        answer = send_one(make(), server.url)
        assert (answer.failure, answer.reason) == (Failure.NOT_SENT, "TLS")
        assert server.received == []


def test_a_handshake_that_never_ends_is_not_sent(make):
    with silent_port() as url:
        answer = send_one(make(connect_timeout_s=0.3), url)
    assert (answer.failure, answer.reason) == (Failure.NOT_SENT, "TIMEOUT")


def test_a_url_that_is_not_https_is_not_sent(make, context):
    with Server(context) as server:
        answer = send_one(make(), server.url.replace("https:", "ftp:"))
    assert answer.failure is Failure.NOT_SENT


def test_no_answer_after_the_request_was_written_is_ambiguous(make, context):
    with Server(context, hold) as server:
        answer = send_one(make(timeout_s=0.5), server.url)
        assert (answer.status, answer.failure, answer.reason) == (0, Failure.AMBIGUOUS, "TIMEOUT")
        assert server.copies() == {b"one": 1}


def test_a_body_that_never_ends_is_ambiguous(make, context):
    def script(exchange):
        exchange.begin(200)
        exchange.part(b'{"name":')

    with Server(context, script) as server:
        answer = send_one(make(timeout_s=0.5), server.url)
    assert (answer.status, answer.body, answer.failure) == (0, b"", Failure.AMBIGUOUS)


def test_one_request_that_times_out_leaves_the_others_alone(make, context):
    def script(exchange):
        if exchange.body != b"body-3":
            exchange.answer()

    with Server(context, script) as server:
        engine = make(timeout_s=1.0)
        answers = send(engine, server.url, bodies(20))
        assert send_one(engine, server.url).status == 200
    assert answers.pop(b"body-3").failure is Failure.AMBIGUOUS
    assert {answer.status for answer in answers.values()} == {200}


def test_after_a_blackhole_the_next_request_gets_through(make, context):
    def script(exchange):
        if len(exchange.connection.server.connections) > 1 or exchange.body == b"warm":
            exchange.answer()

    with Server(context, script) as server:
        engine = make(timeout_s=0.5)
        assert send_one(engine, server.url, b"warm").status == 200
        answers = send(engine, server.url, bodies(10))
        assert {answer.failure for answer in answers.values()} == {Failure.AMBIGUOUS}
        assert send_one(engine, server.url, b"again").status == 200
        assert max(server.copies().values()) == 1


def lose(exchange, how):
    """Answer `warm`, collect five requests, then end the connection."""
    server = exchange.connection.server
    if exchange.body == b"warm":
        exchange.answer()
    elif len(server.received) == 6:
        exchange.after(0.05, how(exchange))


def test_a_connection_reset_after_the_request_is_ambiguous_and_never_repeated(make, context):
    with Server(context, lambda exchange: lose(exchange, lambda e: e.cut)) as server:
        engine = make()
        send_one(engine, server.url, b"warm")
        answers = send(engine, server.url, bodies(5))
        assert {(answer.failure, answer.reason) for answer in answers.values()} == {(Failure.AMBIGUOUS, "LOST")}
        assert set(server.copies().values()) == {1}


def test_a_connection_closed_after_the_request_is_ambiguous_and_never_repeated(make, context):
    with Server(context, lambda exchange: lose(exchange, lambda e: e.hang_up)) as server:
        engine = make()
        send_one(engine, server.url, b"warm")
        answers = send(engine, server.url, bodies(5))
        assert {(answer.failure, answer.reason) for answer in answers.values()} == {(Failure.AMBIGUOUS, "LOST")}
        assert set(server.copies().values()) == {1}


def test_a_lone_request_on_a_reused_connection_that_is_reset_is_never_repeated(make, context):
    """The case in which libcurl, left to itself, sends a POST twice."""

    def script(exchange):
        exchange.answer() if exchange.body == b"warm" else exchange.after(0.05, exchange.cut)

    with Server(context, script) as server:
        engine = make()
        for body in (b"", b"one", b"x" * 5000):
            send_one(engine, server.url, b"warm")
            answer = send_one(engine, server.url, body)
            assert (answer.failure, answer.reason) == (Failure.AMBIGUOUS, "LOST")
            assert server.copies()[body] == 1


def test_an_engine_recovers_from_a_lost_connection(make, context):
    with Server(context, lambda exchange: lose(exchange, lambda e: e.cut)) as server:
        engine = make()
        send_one(engine, server.url, b"warm")
        send(engine, server.url, bodies(5))
        server.script = lambda exchange: exchange.answer()
        assert {answer.status for answer in send(engine, server.url, [b"a", b"b", b"c"]).values()} == {200}


def test_an_http_1_connection_that_closes_in_good_order_is_ambiguous_and_nothing_is_repeated(make, authority):
    with http1_server(server_context(authority, "127.0.0.1")) as (url, received):
        engine = make()
        assert send_one(engine, url, b"warm").status == 200
        answer = send_one(engine, url, b"one")
        assert (answer.failure, answer.reason) == (Failure.AMBIGUOUS, "LOST")
        assert received == [b"warm", b"one"]
