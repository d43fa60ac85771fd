"""What a token endpoint may answer, and what becomes of it; a server that says anything stands for the endpoint."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from clarion.errors import Misconfigured
from clarion.providers.base import Bearer
from clarion.providers.grant import ask


@pytest.fixture
def endpoint():
    """Start a server that gives one answer; returns its address."""
    servers = []

    def start(status, body):
        class Answer(BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = HTTPServer(("127.0.0.1", 0), Answer)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}/token"

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


def asked(url):
    return ask("X", url, {"client_secret": "s3cret"}, None, now_ms=1_000)


@pytest.mark.parametrize(
    ("ends", "expires_ms"),
    [
        (b'"86399"', 86_400_000),
        (b"60", 61_000),
        (b"0", 1_000),
        (b"null", 3_601_000),
        (b'"soon"', 3_601_000),
        (b"-5", 3_601_000),
        (b'"inf"', 3_601_000),
    ],
)
def test_a_life_is_a_number_or_its_digits_or_else_an_hour(endpoint, ends, expires_ms):
    url = endpoint(200, b'{"access_token":"t","expires_in":%b}' % ends)
    assert asked(url) == Bearer("t", expires_ms)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (400, b'{"error":"invalid_client"}', "invalid_client"),
        (401, b'{"error":1101,"sub_error":20003}', "1101 20003"),
        (403, b"<html>", "HTTP 403"),
        (400, b'{"error":"no\\nword"}', "HTTP 400"),
        (200, b'{"access_token":"a b"}', "no header can carry"),
        (200, b'{"access_token":"a\\r\\nb"}', "no header can carry"),
    ],
)
def test_a_refusal_of_the_client_is_a_misconfiguration(endpoint, status, body, words):
    with pytest.raises(Misconfigured, match=words) as caught:
        asked(endpoint(status, body))
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b"{}"),
        (200, b"[" * 100_000),
        (200, b'{"access_token":5}'),
        (302, b""),
        (408, b""),
        (429, b"{}"),
        (500, b""),
        (503, b'{"error":1301}'),
    ],
)
def test_anything_else_is_an_endpoint_that_cannot_be_used_now(endpoint, status, body):
    with pytest.raises(ConnectionError):
        asked(endpoint(status, body))


def test_an_endpoint_that_is_not_there_cannot_be_reached(endpoint):
    with pytest.raises(ConnectionError, match="reached"):
        asked("http://127.0.0.1:1/token")
