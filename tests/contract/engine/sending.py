"""Short words for what nearly every test of an engine does."""

from __future__ import annotations

from collections.abc import Iterable

from clarion.delivery.engine import Answer, Engine, Request

HEADERS = ("content-type: application/json", "authorization: Bearer secret")


def bodies(count: int) -> list[bytes]:
    return [b"body-%d" % number for number in range(count)]


def posts(url: str, contents: Iterable[bytes]) -> list[Request]:
    """A request for each body; the body is the tag too."""
    return [Request(body, url + "/send", HEADERS, body) for body in contents]


def send(engine: Engine, url: str, contents: Iterable[bytes]) -> dict[bytes, Answer]:
    """Send each body and return the answers by body; fails when one is answered twice or not at all."""
    requests = posts(url, contents)
    answers = [answer for answer in engine.send(requests) if answer is not None]
    by_body = {answer.tag: answer for answer in answers}
    assert len(answers) == len(by_body) == len(requests)
    assert engine.in_flight == 0
    return by_body


def send_one(engine: Engine, url: str, body: bytes = b"one") -> Answer:
    return send(engine, url, [body])[body]
