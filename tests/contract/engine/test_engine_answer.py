"""What an engine makes of HTTP answers."""

from __future__ import annotations

import email.utils
import time

import pytest

from clarion.delivery.engine import Request
from tests.contract.engine.sending import bodies, posts, send, send_one
from tests.contract.engine.server import Server


def test_a_success_carries_the_tag_the_status_and_the_body(make, context):
    with Server(context, lambda exchange: exchange.answer(200, b'{"name":"m/1"}')) as server:
        answer = send_one(make(), server.url)
    assert (answer.tag, answer.status, answer.body) == (b"one", 200, b'{"name":"m/1"}')
    assert (answer.failure, answer.reason, answer.retry_after_s, answer.headers) == (None, "", None, {})


def test_the_server_sees_the_method_the_path_the_headers_and_the_body(make, context):
    with Server(context) as server:
        send_one(make(user_agent="clarion/test"), server.url, b'{"message":{}}')
    (exchange,) = server.received
    assert exchange.headers[":method"] == "POST"
    assert exchange.path == "/send"
    assert exchange.headers["content-type"] == "application/json"
    assert exchange.headers["authorization"] == "Bearer secret"
    assert exchange.headers["user-agent"] == "clarion/test"
    assert exchange.body == b'{"message":{}}'


def test_requests_with_other_urls_headers_and_lengths_share_one_engine(make, context):
    with Server(context) as server:
        engine = make()
        requests = posts(server.url, [b"a", b"bb", b"a", b"", b"ccc"])
        for number, request in enumerate(requests):
            request.url = f"{server.url}/3/device/{number}"
            request.headers = (f"apns-id: {number}",)
        assert len(list(engine.send(requests))) == 5
    seen = {exchange.path: (exchange.headers["apns-id"], exchange.body) for exchange in server.received}
    assert seen == {f"/3/device/{n}": (str(n), body) for n, body in enumerate([b"a", b"bb", b"a", b"", b"ccc"])}


def test_a_request_has_headers_of_its_own_besides_the_common_ones(make, context):
    common = ("authorization: bearer secret", "apns-topic: com.example")
    with Server(context) as server:
        requests = [
            Request(n, f"{server.url}/3/device/{n}", common, b"{}", (f"APNs-Id: id-{n}", "x-long: v" + "v" * 200 * n))
            for n in range(30)
        ]
        requests.append(Request(30, server.url + "/3/device/30", common, b"{}"))
        assert {answer.status for answer in make().send(requests) if answer} == {200}
    for exchange in server.received:
        number = int(exchange.path.rpartition("/")[2])
        assert exchange.headers["authorization"] == "bearer secret"
        assert exchange.headers["apns-topic"] == "com.example"
        if number < 30:
            assert exchange.headers["apns-id"] == f"id-{number}"
            assert exchange.headers["x-long"] == "v" + "v" * 200 * number
        else:
            assert "apns-id" not in exchange.headers


def test_answers_come_in_the_order_the_server_gives_them(make, context):
    def script(exchange):
        if exchange.body == b"slow":
            exchange.after(0.3, exchange.answer)
        else:
            exchange.answer()

    with Server(context, script) as server:
        engine = make()
        send_one(engine, server.url)
        tags = [answer.tag for answer in engine.send(posts(server.url, [b"slow", b"quick"])) if answer]
    assert tags == [b"quick", b"slow"]


@pytest.mark.parametrize("status", [201, 400, 401, 403, 404, 410, 413, 429, 500, 503])
def test_any_status_is_an_answer_with_its_body(make, context, status):
    with Server(context, lambda exchange: exchange.answer(status, b'{"reason":"x"}')) as server:
        answer = send_one(make(), server.url)
    assert (answer.status, answer.body, answer.failure, answer.reason) == (status, b'{"reason":"x"}', None, "")


def test_a_page_of_html_comes_back_as_it_is(make, context):
    page = b"<html><title>Error 502 (Server Error)!!1</title></html>"
    with Server(context, lambda exchange: exchange.answer(502, page, [("content-type", "text/html")])) as server:
        answer = send_one(make(), server.url)
    assert (answer.status, answer.body) == (502, page)


def test_an_empty_body_is_empty_bytes(make, context):
    with Server(context, lambda exchange: exchange.answer(200, b"")) as server:
        assert send_one(make(), server.url).body == b""


def test_a_body_in_pieces_is_joined(make, context):
    def script(exchange):
        exchange.begin(200)
        exchange.part(b'{"na')
        exchange.after(0.05, lambda: exchange.part(b'me":'))
        exchange.after(0.1, lambda: exchange.finish(b"1}"))

    with Server(context, script) as server:
        assert send_one(make(), server.url).body == b'{"name":1}'


def test_bodies_never_leak_into_the_next_answer(make, context):
    with Server(context, lambda exchange: exchange.answer(200, exchange.body)) as server:
        engine = make()
        answers = send(engine, server.url, bodies(150)) | send(engine, server.url, [b"x"])
    assert all(answer.body == body for body, answer in answers.items())


def test_retry_after_in_seconds(make, context):
    with Server(context, lambda exchange: exchange.answer(429, b"", [("retry-after", "37")])) as server:
        assert send_one(make(), server.url).retry_after_s == 37.0


def test_retry_after_as_a_date_becomes_seconds_from_now(make, context):
    def script(exchange):
        exchange.answer(503, b"", [("retry-after", email.utils.formatdate(time.time() + 90, usegmt=True))])

    with Server(context, script) as server:
        retry_after_s = send_one(make(), server.url).retry_after_s
    assert retry_after_s is not None
    assert 60 < retry_after_s <= 91


@pytest.mark.parametrize("value", ["soon", "-5", "0", "Mon, 01 Jan 2001 00:00:00 GMT"])
def test_a_retry_after_that_says_nothing_is_none(make, context, value):
    with Server(context, lambda exchange: exchange.answer(429, b"", [("retry-after", value)])) as server:
        assert send_one(make(), server.url).retry_after_s is None


def test_only_the_headers_asked_for_come_back(make, context):
    headers = [("apns-id", "A-1"), ("x-other", "no")]
    with Server(context, lambda exchange: exchange.answer(200, b"", headers)) as server:
        engine = make(answer_headers=("apns-id", "apns-unique-id"))
        first = send_one(engine, server.url)
        second = send_one(engine, server.url)
    assert first.headers == second.headers == {"apns-id": "A-1"}
