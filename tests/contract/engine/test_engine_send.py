"""How an engine pulls requests, yields answers, and leaves off."""

from __future__ import annotations

import threading
from itertools import count as count_up
from itertools import islice

import pytest

from clarion.delivery.engine import EngineOptions, Request, make_engine
from tests.contract.engine.sending import HEADERS, bodies, posts, send, send_one
from tests.contract.engine.server import Server


def hold(exchange):
    """Never answer."""


def test_thousands_of_requests_are_each_answered_once(make, kind, context):
    count = 5000 if kind == "curl" else 1000
    with Server(context) as server:
        answers = send(make(), server.url, bodies(count))
        assert {answer.status for answer in answers.values()} == {200}
        assert len(server.received) == count
        assert set(server.copies().values()) == {1}


def test_nothing_to_send_yields_nothing(make):
    assert list(make().send([])) == []


def test_requests_are_pulled_only_when_there_is_room(make, context):
    pulled = 0

    def endless(url):
        nonlocal pulled
        for number in count_up():
            pulled += 1
            yield Request(number, url, HEADERS, b"x")

    with Server(context) as server:
        engine = make(connections_max=1, streams_per_connection=7)
        assert engine.window == 7
        answers = engine.send(endless(server.url))
        for answered, answer in enumerate(islice(answers, 100), 1):
            assert answer is not None
            assert pulled <= answered + 7
        answers.close()
        assert engine.in_flight == 0


def test_a_pull_that_raises_ends_the_send_and_cleans_up(make, context):
    def breaking(url):
        yield from posts(url, bodies(20))
        raise LookupError("no more")

    with Server(context) as server:
        engine = make()
        with pytest.raises(LookupError, match="no more"):
            list(engine.send(breaking(server.url)))
        assert engine.in_flight == 0
        assert send_one(engine, server.url).status == 200


def test_an_abandoned_send_leaves_a_clean_engine(make, kind, context):
    with Server(context, lambda exchange: exchange.after(0.02, exchange.answer)) as server:
        engine = make(connections_max=1)
        for _ in range(3):
            answers = engine.send(posts(server.url, bodies(300)))
            assert len(list(islice(answers, 40))) == 40
            answers.close()
            assert engine.in_flight == 0
        fresh = [b"fresh-%d" % number for number in range(50)]
        assert {answer.status for answer in send(engine, server.url, fresh).values()} == {200}
        assert len(server.connections) == 1 or kind == "portable"
        assert server.violations == []


def test_a_second_send_while_one_is_iterated_is_an_error(make, context):
    with Server(context, hold) as server:
        engine = make(tick_s=0.05)
        first = engine.send(posts(server.url, [b"one"]))
        assert next(first) is None
        with pytest.raises(RuntimeError):
            next(engine.send(posts(server.url, [b"two"])))
        first.close()
        server.script = lambda exchange: exchange.answer()
        assert send_one(engine, server.url, b"three").status == 200


def test_silence_is_broken_by_ticks(make, context):
    released = threading.Event()

    def script(exchange):
        exchange.answer() if released.is_set() else exchange.after(0.05, lambda: script(exchange))

    with Server(context, script) as server:
        answers = make(tick_s=0.1).send(posts(server.url, [b"one"]))
        assert [next(answers) for _ in range(3)] == [None, None, None]
        released.set()
        last = [answer for answer in answers if answer is not None]
    assert [answer.status for answer in last] == [200]


def test_an_engine_is_reused_over_one_connection(make, context):
    with Server(context) as server:
        engine = make()
        for _ in range(5):
            send(engine, server.url, bodies(50))
        assert len(server.connections) == 1


def test_closing_twice_is_harmless(make):
    engine = make()
    engine.close()
    engine.close()


def test_auto_makes_the_fast_engine():
    engine = make_engine(EngineOptions())
    assert type(engine).__name__ == "HTTP2Engine"
    engine.close()
