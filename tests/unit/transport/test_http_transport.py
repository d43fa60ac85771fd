"""The HTTP way in, against a real server that says what a test tells it to."""

from __future__ import annotations

import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from clarion import Appearance, Button, ClarionError, DeliveryOptions, Messaging, PublishOptions, PublishStatus
from clarion.errors import RemoteError, Unavailable

KEY = "a key/with-signs!"
QUOTED = "a%20key%2Fwith-signs%21"
MESSAGE = "message:6ED94D19-172B-48AE-BB2C-7AA8E305CD31"


class _Handler(BaseHTTPRequestHandler):
    def _answer(self):
        self.server.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        self.server.paths.append(self.path)
        status, body = self.server.says
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.says, server.paths, server.bodies = (200, b""), [], []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def url(server):
    return f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def messaging(url):
    with Messaging(url, app_id="demo", api_key=KEY) as opened:
        yield opened


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("in_progress", PublishStatus.IN_PROGRESS),
        ("in-progress", PublishStatus.IN_PROGRESS),
        ("CANCELLED", PublishStatus.CANCELLED),
        ("canceled", PublishStatus.CANCELLED),
        ("paused", PublishStatus.UNKNOWN),
        ("", PublishStatus.UNKNOWN),
    ],
)
def test_a_status_is_understood_and_a_new_word_is_unknown(server, messaging, word, status):
    server.says = 200, json.dumps({"messageId": MESSAGE, "status": word}).encode()
    assert messaging.get_message_status(MESSAGE).status is status


def test_a_form_travels_by_its_camel_case_names(server, messaging):
    server.says = 200, json.dumps({"messageId": MESSAGE, "status": "scheduled"}).encode()
    looks = Appearance(title="T", badge=0, click_action="OPEN", data={"a": "1"}, buttons=(Button("yes", "Yes"),))
    messaging.publish("x", publish_options=PublishOptions(appearance=looks, raw={"wns": {"type": "raw"}}))
    assert json.loads(server.bodies[0]) == {
        "message": "x",
        "appearance": {
            "title": "T",
            "badge": 0,
            "clickAction": "OPEN",
            "data": {"a": "1"},
            "buttons": [{"id": "yes", "title": "Yes"}],
        },
        "raw": {"wns": {"type": "raw"}},
    }


CALLS = [
    lambda messaging: messaging.publish("x"),
    lambda messaging: messaging.get_message_status(MESSAGE),
    lambda messaging: messaging.cancel(MESSAGE),
    lambda messaging: messaging.pause(MESSAGE),
    lambda messaging: messaging.schedules(),
    lambda messaging: messaging.schedule(MESSAGE),
    lambda messaging: messaging.preview(DeliveryOptions()),
    lambda messaging: messaging.register_device("t", "d", "IOS"),
    lambda messaging: messaging.get_registrations("d"),
]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"5", b"{}", b'{"messageId": 5, "registrationId": 5}', b"[5]"])
@pytest.mark.parametrize("call", CALLS)
def test_an_answer_that_is_no_answer_is_an_error_of_ours(server, messaging, call, body):
    server.says = 200, body
    if body == b"[]" and call is CALLS[-1]:
        assert call(messaging) == []
        return
    with pytest.raises(ClarionError):
        call(messaging)


def test_a_registration_that_cannot_be_read_is_an_error_that_quotes_nothing(server, messaging):
    server.says = 200, b'[{"id": "i", "deviceId": "d", "deviceToken": ["secret"], "os": "IOS"}]'
    with pytest.raises(ClarionError) as caught:
        messaging.get_registrations("d")
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_errors_of_other_servers_are_errors_of_ours(server, messaging):
    server.says = 400, b'{"code": 4711, "message": "No."}'
    with pytest.raises(RemoteError, match=r"No\."):
        messaging.publish("x")
    server.says = 502, b"Bad gateway"
    with pytest.raises(ClarionError, match="502"):
        messaging.publish("x")


def test_a_server_that_is_away_is_unavailable():
    with Messaging("http://127.0.0.1:1", app_id="demo", api_key=KEY) as messaging, pytest.raises(Unavailable) as caught:
        messaging.publish("x")
    assert KEY not in str(caught.value)
    assert QUOTED not in str(caught.value)


@pytest.mark.parametrize("level", [logging.INFO, logging.DEBUG])
def test_the_key_is_in_the_path_and_never_in_a_web_apps_log(server, messaging, caplog, level):
    server.says = 200, json.dumps({"messageId": MESSAGE, "status": "scheduled"}).encode()
    with caplog.at_level(level), caplog.at_level(level, logger="httpx"), caplog.at_level(level, logger="httpcore"):
        messaging.publish("x", "news")
    assert server.paths == [f"/demo/{QUOTED}/messaging/news"]
    assert "/…/messaging/news" in caplog.text
    assert QUOTED not in caplog.text
    assert KEY not in caplog.text


def test_the_log_of_other_clients_is_left_alone(server, url, messaging, caplog):
    with caplog.at_level(logging.INFO), caplog.at_level(logging.INFO, logger="httpx"):
        httpx.get(f"{url}/elsewhere/{KEY}")
    assert "/elsewhere/" in caplog.text
    assert "…" not in caplog.text


def test_a_closed_client_leaves_the_loggers_as_they_were(url):
    before = list(logging.getLogger("httpx").filters)
    Messaging(url, app_id="demo", api_key=KEY).close()
    assert logging.getLogger("httpx").filters == before
