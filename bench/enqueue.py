"""How fast a web app can publish: through Python straight to Redis, and over HTTP; against Celery's own `send_task`.

python -m bench.enqueue [--rounds 3] [--publishes 3000]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from celery import Celery

from bench.record import Record, compare
from clarion import Messaging, PublishOptions
from clarion.queue import Queue, Task
from clarion.storage import open_storage
from config.stack import running

#: Callers at once in the concurrent measurements: what a small web app has.
CALLERS = 8
OPTIONS = PublishOptions(headers={"android-content-title": "News", "ios-alert-title": "News"})
BODY = "A message of a common length, as a chat or a shop would send it."


def run(rounds: int, publishes: int = 3_000) -> list[Record]:
    """Publish in each way `publishes` times a round; rates, and the latency that one caller sees."""
    with (
        tempfile.TemporaryDirectory(prefix="clarion-bench-") as name,
        running(Path(name), processes={"web": 1}) as stack,
    ):
        direct = Messaging(stack.redis_url, app_id=stack.app)
        http = Messaging(stack.fleet.api_url, app_id=stack.app, api_key=stack.key)
        celery = Celery("bench", broker=stack.redis_url, set_as_current=False)
        storage = open_storage(stack.redis_url)
        ways: dict[str, tuple[Callable[[], object], int]] = {
            "celery send_task": (
                lambda: celery.send_task(Task.PLAN, (1, "x"), queue=Queue.PLAN, ignore_result=True),
                1,
            ),
            "redis, 1 caller": (lambda: direct.publish(BODY, publish_options=OPTIONS), 1),
            f"redis, {CALLERS} callers": (lambda: direct.publish(BODY, publish_options=OPTIONS), CALLERS),
            "http, 1 caller": (lambda: http.publish(BODY, publish_options=OPTIONS), 1),
            f"http, {CALLERS} callers": (lambda: http.publish(BODY, publish_options=OPTIONS), CALLERS),
        }
        spans: dict[str, list[float]] = defaultdict(list)
        rates: dict[str, list[float]] = defaultdict(list)
        for _ in range(rounds):
            for way, (call, callers) in ways.items():
                rate, took = _measure(call, publishes, callers)
                rates[way].append(rate)
                spans[way] += took
                storage.main.flushall()
        for closing in (direct, http, storage):
            closing.close()
    return _records(rates, spans)


def _measure(call: Callable[[], object], publishes: int, callers: int) -> tuple[float, list[float]]:
    def one(_: int) -> float:
        began = time.perf_counter()
        call()
        return time.perf_counter() - began

    one(0)  # connections and imports are not what is measured
    with ThreadPoolExecutor(callers) as pool:
        began = time.perf_counter()
        took = list(pool.map(one, range(publishes)))
        return publishes / (time.perf_counter() - began), took


def _records(rates: dict[str, list[float]], spans: dict[str, list[float]]) -> list[Record]:
    stock: Record | None = None
    records = []
    for way, measured in rates.items():
        rate = compare(f"enqueue/{way} rate", statistics.median(measured), "1/s", stock)
        stock = stock or rate
        quantiles = statistics.quantiles(spans[way], n=100)
        records.append(rate)
        records.append(compare(f"enqueue/{way} p50", quantiles[49] * 1000, "ms"))
        records.append(compare(f"enqueue/{way} p99", quantiles[98] * 1000, "ms"))
    return records


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--publishes", type=int, default=3_000)
    given = parser.parse_args()
    for record in run(given.rounds, given.publishes):
        print(record)
