from __future__ import annotations

import http.client

import pytest

from api import remainder

ADMIN = "admin-key-0123456789"
MEBIBYTE = 1_048_576


def chunks(count):
    for _ in range(count):
        yield b"x" * 100_000


@pytest.mark.parametrize(("key", "status"), [(ADMIN, 413), ("wrong-key-0123456789", 401)])
@pytest.mark.parametrize("size", [300_000, 5 * MEBIBYTE, 20 * MEBIBYTE])
def test_a_connection_serves_the_next_request_after_one_whose_body_was_not_wanted(api, key, status, size):
    for content in (b"x" * size, chunks(size // 100_000)):
        answer = api.ask("POST", "/messaging/default", key=key, content=content)
        assert answer.status_code in (status, 400)  # 300 kB are within the limit, and no JSON
        assert api.get("/info").status_code == 200


def test_a_client_that_writes_all_before_it_reads_gets_its_answer(api):
    connection = http.client.HTTPConnection(api.url.removeprefix("http://"), timeout=30)
    connection.request("POST", f"/demo/{ADMIN}/messaging/default", b"x" * 10 * MEBIBYTE)
    answer = connection.getresponse()
    assert answer.status == 413
    assert answer.getheader("Connection") is None
    answer.read()
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize(
    "header", [("Content-Length", str(remainder.BYTES_MAX + 1)), ("Expect", "100-continue")], ids=lambda each: each[0]
)
def test_a_body_that_is_not_worth_reading_ends_the_connection(api, header):
    connection = http.client.HTTPConnection(api.url.removeprefix("http://"), timeout=30)
    connection.putrequest("POST", "/demo/wrong-key-0123456789/messaging/default")
    if header[0] == "Expect":
        connection.putheader("Content-Length", "10")
    connection.putheader(*header)
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Connection")) == (401, "close")
    connection.close()
