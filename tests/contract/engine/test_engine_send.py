"""How an engine pulls requests, yields answers, and leaves off."""

from __future__ import annotations

import threading
import time
from itertools import count as count_up
from itertools import islice

import pytest

from clarion.delivery.engine import EngineOptions, Pause, Request, make_engine
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


def paused(url, contents, pause_s, seen):
    """A request for each body, each before a pause; writes down what is pulled."""
    for request in posts(url, contents):
        seen.append((b"pull", request.tag, time.monotonic()))
        yield request
        seen.append((b"pause", request.tag, time.monotonic()))
        yield Pause(pause_s)


def test_nothing_is_pulled_in_a_pause_and_answers_go_on_coming(make, context):
    with Server(context, lambda exchange: exchange.after(0.05, exchange.answer)) as server:
        engine = make(tick_s=0.1)
        send_one(engine, server.url)
        seen: list[tuple[bytes, bytes, float]] = []
        for answer in engine.send(paused(server.url, [b"a", b"b"], 0.4, seen)):
            if answer is not None:
                assert answer.status == 200
                seen.append((b"answer", answer.tag, time.monotonic()))
    assert [(what, tag) for what, tag, _ in seen] == [
        (what, tag) for tag in (b"a", b"b") for what in (b"pull", b"pause", b"answer")
    ]
    assert seen[3][2] - seen[1][2] >= 0.4


def test_many_pauses_lose_nothing(make, context):
    with Server(context) as server:
        seen: list[tuple[bytes, bytes, float]] = []
        answers = [answer for answer in make().send(paused(server.url, bodies(40), 0.005, seen)) if answer]
        assert {answer.status for answer in answers} == {200}
        assert set(server.copies().values()) == {1}
        assert len(answers) == 40
    pulls = [at for what, _, at in seen if what == b"pull"]
    pauses = [at for what, _, at in seen if what == b"pause"]
    assert all(after - before >= 0.005 for before, after in zip(pauses, pulls[1:], strict=False))


def test_a_pause_ticks_and_costs_no_processor_time(make):
    before = time.process_time()
    assert set(make(tick_s=0.2).send([Pause(1.0)])) == {None}
    assert time.process_time() - before < 0.5


def test_pauses_of_nothing_are_no_pauses(make, context):
    with Server(context) as server:
        requests = [each for request in posts(server.url, bodies(20)) for each in (Pause(0.0), request, Pause(-1.0))]
        assert {answer.status for answer in make().send(requests) if answer} == {200}


def test_a_send_is_abandoned_in_a_pause(make, context):
    with Server(context, hold) as server:
        engine = make(tick_s=0.05)
        answers = engine.send([*posts(server.url, [b"one"]), Pause(60.0), *posts(server.url, [b"two"])])
        assert next(answers) is None
        answers.close()
        server.script = lambda exchange: exchange.answer()
        assert send_one(engine, server.url, b"three").status == 200
        assert b"two" not in server.copies()


def test_after_a_renewal_requests_go_on_a_new_connection_and_the_old_one_ends_what_it_has(make, context):
    with Server(context, lambda exchange: exchange.after(0.05, exchange.answer)) as server:
        engine = make(connections_max=1, streams_per_connection=20)
        later = set()
        is_renewed = False

        def requests():
            for request in posts(server.url, bodies(200)):
                if is_renewed:
                    later.add(request.body)
                yield request

        answers = []
        for answer in engine.send(requests()):
            if answer is not None:
                answers.append(answer)
                if len(answers) == 50:
                    engine.renew()
                    is_renewed = True
        assert [answer.status for answer in answers] == [200] * 200
        assert set(server.copies().values()) == {1}
        assert len(later) >= 100
        old, new = server.connections
        assert {exchange.connection for exchange in server.received if exchange.body in later} == {new}
        assert len([exchange for exchange in server.received if exchange.connection is old]) >= 50


def test_a_renewal_between_sends_opens_a_new_connection(make, context):
    with Server(context) as server:
        engine = make()
        engine.renew()
        for number in range(1, 4):
            send(engine, server.url, bodies(5))
            assert len(server.connections) == number
            engine.renew()


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
