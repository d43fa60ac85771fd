from __future__ import annotations

import io
import json

import pytest

from api.guard import Guard
from clarion import errors
from clarion.errors import ClarionError
from config import logging as clarion_logging
from config.settings import Settings

KEY = "admin-key-0123456789"
MESSAGE = "/demo/admin-key-0123456789/messaging/message:6ED94D19-172B-48AE-BB2C-7AA8E305CD31"


def tree(kind=ClarionError):
    yield kind
    for each in kind.__subclasses__():
        yield from tree(each)


async def parts(count):
    for _ in range(count):
        yield b"x" * 100


def an_error(kind):
    error = kind.__new__(kind)
    ClarionError.__init__(error, "A sentence.", deviceId="d")
    return error


@pytest.mark.parametrize("kind", list(tree()), ids=lambda kind: kind.__name__)
def test_every_error_is_answered_as_json_with_its_code(application, client, kind):
    @application.get("/fail")
    async def fail():
        raise an_error(kind)

    answer = client.get("/fail")

    expected = {
        errors.WrongApplication: 401,
        errors.BodyTooLarge: 413,
        errors.Unavailable: 503,
        errors.Misconfigured: 500,
    }
    assert answer.status_code == expected.get(kind, 400)
    assert answer.json() == {"code": kind.code, "message": "A sentence.", "errorData": {"deviceId": "d"}}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/nowhere", 404),
        ("GET", "/demo/admin-key-0123456789/nowhere", 404),
        ("GET", "/healthz/", 404),
        ("POST", "/healthz", 405),
        ("PUT", MESSAGE, 405),
    ],
)
def test_a_path_or_method_that_is_not_served_is_answered_as_json(client, method, path, status):
    answer = client.request(method, path, follow_redirects=False)
    assert answer.status_code == status
    assert answer.json()["code"] == ClarionError.code
    assert isinstance(answer.json()["message"], str)
    assert answer.json()["errorData"] == {}


@pytest.mark.parametrize("path", ["/demo/wrong-key-0123456789", f"/nobody/{KEY}", "/nobody/nothing"])
@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", "/info"),
        ("POST", "/messaging/default"),
        ("GET", "/messaging/message:1"),
        ("POST", "/messaging/registrations"),
        ("GET", "/messaging/registrations/d"),
        ("DELETE", "/messaging/registrations/d"),
        ("GET", "/clarion/messages"),
        ("POST", "/messaging/push/template"),
    ],
)
def test_a_wrong_application_and_a_wrong_key_are_answered_alike(client, path, method, rest):
    answer = client.request(method, path + rest)
    assert answer.status_code == 401
    assert answer.json()["code"] == 2002
    assert answer.json() == client.get("/else/where/info").json()


def test_the_wrong_key_is_told_before_the_body_is_read(client):
    assert client.post("/demo/wrong/messaging/default", content=b"x" * 10_000).status_code == 401


@pytest.mark.parametrize("rest", ["/messaging/default", "/messaging/registrations"])
def test_a_body_over_the_limit_is_413(client, rest):
    assert client.post(f"/demo/{KEY}{rest}", content=b"x" * 1_001).json()["code"] == 90003
    answer = client.post(f"/demo/{KEY}{rest}", content=parts(11))
    assert (answer.status_code, answer.json()["code"]) == (413, 90003)
    assert client.post(f"/demo/{KEY}{rest}", content=parts(10)).json()["code"] == 90002


def test_a_key_without_the_scope_is_told_5007(client):
    answer = client.post("/demo/read-key-0123456789/messaging/default", json={})
    assert (answer.status_code, answer.json()["code"]) == (400, 5007)


@pytest.mark.parametrize("limit", ["0", "1001", "x", "1.5", ""])
def test_a_parameter_that_cannot_be_used_is_400(client, limit):
    answer = client.get(f"/demo/{KEY}/clarion/messages?limit={limit}")
    assert (answer.status_code, answer.json()["code"]) == (400, 90001)
    assert answer.json()["errorData"]["field"] == "limit"


def test_an_unreachable_store_is_503(client):
    answer = client.get(MESSAGE)
    assert (answer.status_code, answer.json()["code"]) == (503, 90006)
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json() == {"ready": False, "reasons": ["Redis cannot be reached."], "warnings": []}
    assert client.get("/healthz").json() == {"alive": True}


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("POST", "/messaging/push/My%20Template"),
        ("GET", "/messaging/pushtemplates"),
        ("GET", "/messaging/pushtemplates/ANDROID"),
        ("DELETE", "/messaging/channels/news"),
        ("POST", "/messaging/news/subscribe"),
        ("GET", "/messaging/news/some-subscription"),
        ("GET", "/messaging/news/properties"),
        ("GET", "/rt/lookup"),
        ("POST", "/messaging/email"),
        ("POST", "/emailtemplate/send"),
        ("GET", "/messaging/registrations"),
        ("DELETE", "/messaging/registrations"),
        ("POST", "/messaging/channels"),
        ("GET", "/messaging/email"),
    ],
)
def test_what_is_not_provided_is_not_taken_for_a_channel_or_a_message(client, method, rest):
    answer = client.request(method, f"/demo/{KEY}{rest}")
    assert (answer.status_code, answer.json()["code"]) == (400, 90005)


@pytest.mark.parametrize(
    "message_id",
    ["default", "message:1", "message:6ed94d19-172b-48ae-bb2c-7aa8e305cd31", f"message:{'-' * 36}", "a}:b", "a:%00"],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_what_cannot_be_a_message_id_is_unknown(client, message_id, method):
    answer = client.request(method, f"/demo/{KEY}/messaging/{message_id}")
    assert (answer.status_code, answer.json()["code"]) == (400, 5040)


def test_a_browser_may_call_from_anywhere(client):
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,user-token,idempotency-key",
    }
    allowed = client.request("OPTIONS", f"/demo/{KEY}/messaging/default", headers=asked)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "*"
    for path in (f"/demo/{KEY}/info", "/demo/wrong/info", "/nowhere/at/all"):
        answer = client.get(path, headers={"Origin": "https://app.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


def test_every_answer_keeps_browsers_careful(client):
    for path in ("/healthz", "/nowhere", "/demo/wrong/info", "/docs"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"


def test_info_says_where_the_caller_reached_us(client):
    answer = client.get(f"/demo/{KEY}/info", headers={"Host": "push.example:8443"})
    assert answer.json() == {"rtURL": "http://push.example:8443", "appId": "demo", "apiKey": KEY}


def test_an_unexpected_error_says_nothing_to_the_client_and_no_values_to_the_log(application, client):
    @application.post("/{app_id}/{api_key}/fail")
    async def fail(app_id: str, api_key: str):
        raise ValueError("token-of-a-device in a payload")

    log = io.StringIO()
    clarion_logging.configure(Settings(), log)

    answer = client.post(f"/demo/{KEY}/fail", headers={"Origin": "https://app.example"})

    assert (answer.status_code, answer.json()["code"]) == (500, ClarionError.code)
    assert answer.headers["access-control-allow-origin"] == "*"
    [line] = [line for line in log.getvalue().splitlines() if "request_failed" in line]
    record = json.loads(line)
    assert (record["error"], record["route"]) == ("ValueError", "POST /{app_id}/{api_key}/fail")
    assert any("fail" in frame for frame in record["where"])
    assert "token-of-a-device" not in log.getvalue() + answer.text
    assert KEY not in log.getvalue()


def test_an_error_after_the_answer_began_ends_it_without_a_second_one():
    async def broken(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError

    sent = []

    async def send(message):
        sent.append(message)

    coroutine = Guard(broken)({"type": "http", "method": "GET", "path": "/"}, None, send)
    with pytest.raises(StopIteration):
        coroutine.send(None)
    assert [message["type"] for message in sent] == ["http.response.start"]
