"""What waits for a time: how late it starts, what it takes to keep, and how fast it is scheduled, cancelled and started.

python -m bench.schedule [--rounds 3] [--publishes 1000] [--scheduled 100000]
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

from bench.record import Record, compare
from clarion import DeliveryOptions, Messaging
from clarion.clock import wall_clock_ms
from clarion.message import State
from clarion.registry import OS, Device, register
from clarion.schedule.promotion import promote
from clarion.status import read
from clarion.storage import Storage, keys, open_storage
from config import redis_server
from config.stack import Stack, running

APP = "demo"
BODY = "A message of a common length, as a chat or a shop would send it."
#: Delays of the publishes whose lateness is measured, seconds.
SOONEST_S, LATEST_S = 1.0, 20.0
#: Devices of the broadcast meanwhile: it is published again when it ends too soon.
BROADCAST = 100_000
#: Cancelled at a time, among few and among many.
CANCELS = 1_000
_HOUR_MS = 3_600_000
_WITHIN_S = 120.0
_POLL_S = 0.1
_PROCESSES = {"express": 1, "bulk": 2, "beat": 1}


def run(rounds: int, publishes: int = 1_000, scheduled: int = 100_000) -> list[Record]:
    """Measure lateness with so many publishes a round, idle and during a broadcast, and the store with `scheduled`.

    Raises:
        RuntimeError: a message arrived before its time, or not at all.
    """
    return _lateness(rounds, publishes) + _store(rounds, scheduled)


def _lateness(rounds: int, publishes: int) -> list[Record]:
    settings = {"CLARION_LOG_LEVEL": "WARNING"}
    with (
        tempfile.TemporaryDirectory(prefix="clarion-bench-") as name,
        running(Path(name), processes=_PROCESSES, settings=settings) as stack,
        Messaging(stack.redis_url, app_id=stack.app) as messaging,
        httpx.Client(base_url=stack.simulator["control"], trust_env=False, timeout=60.0) as control,
    ):
        storage = open_storage(stack.redis_url)
        kept = {"keep_per_token": 2 * publishes, "keep_total": 100 * BROADCAST}
        control.post("/profile", json=kept).raise_for_status()
        _enrol(storage, stack.app)
        load = _Load(stack, storage, messaging)
        _late(messaging, control, 20, lambda: None)  # connections and access tokens are not what is measured
        idle = [late for _ in range(rounds) for late in _late(messaging, control, publishes, lambda: None)]
        busy = [late for _ in range(rounds) for late in _late(messaging, control, publishes, load.keep_on)]
        load.stop()
        storage.close()
    return _quantiles("idle", idle) + _quantiles("in a broadcast", busy)


class _Load:
    """A broadcast that does not end: another one is published when it is over."""

    def __init__(self, stack: Stack, storage: Storage, messaging: Messaging) -> None:
        self._read = lambda message_id: read(storage, stack.app, message_id)
        self._messaging = messaging
        self._message_id: str | None = None

    def keep_on(self) -> None:
        if self._message_id is None or self._read(self._message_id).state.terminal:
            self._message_id = self._messaging.publish("Hello").message_id
            _until(lambda: self._message_id is not None and self._read(self._message_id).state is State.DELIVERING)

    def stop(self) -> None:
        if self._message_id is not None and not self._read(self._message_id).state.terminal:
            self._messaging.cancel(self._message_id)


def _enrol(storage: Storage, app: str) -> None:
    now_ms = wall_clock_ms()
    for start in range(0, BROADCAST, 5_000):
        numbers = range(start, start + 5_000)
        register(storage, app, [Device(f"t{n}", f"d{n}", OS.ANDROID, registered_at=now_ms) for n in numbers])
    register(storage, app, [Device("alone", "alone", OS.ANDROID, channels=("alone",), registered_at=now_ms)])


def _late(messaging: Messaging, control: httpx.Client, publishes: int, meanwhile: Callable[[], None]) -> list[int]:
    """How late (ms) each of so many delayed publishes to one device came to the provider."""
    source, due_ms = random.Random(publishes), {}
    meanwhile()
    for _ in range(publishes):
        at_ms = wall_clock_ms() + round(source.uniform(SOONEST_S, LATEST_S) * 1000)
        delivery = DeliveryOptions(publish_at=at_ms, push_singlecast=["alone"])
        due_ms[messaging.publish(BODY, delivery_options=delivery).message_id] = at_ms
    while wall_clock_ms() < max(due_ms.values()):
        meanwhile()
        time.sleep(_POLL_S)
    arrived_ms: dict[str, int] = {}

    def all_came() -> bool:
        found = control.get("/received", params={"token": "alone"}).raise_for_status().json()["messages"]
        arrived_ms.update({each["message"]["data"]["messageId"]: each["at"] for each in found})
        return due_ms.keys() <= arrived_ms.keys()

    _until(all_came)
    late = [arrived_ms[message_id] - at_ms for message_id, at_ms in due_ms.items()]
    if min(late) < 0:
        raise RuntimeError(f"a message came {-min(late)} ms before its time")
    return late


def _quantiles(load: str, late: Sequence[int]) -> list[Record]:
    quantiles = statistics.quantiles(late, n=100)
    return [
        compare(f"schedule/late, {load}, {name}", value, "ms")
        for name, value in (("p50", quantiles[49]), ("p99", quantiles[98]), ("max", max(late)))
    ]


def _store(rounds: int, scheduled: int) -> list[Record]:
    with tempfile.TemporaryDirectory(prefix="clarion-bench-") as name:
        server = redis_server.start(Path(name))
        try:
            return _measure_store(server.url, rounds, scheduled)
        finally:
            server.stop()


def _measure_store(url: str, rounds: int, scheduled: int) -> list[Record]:
    storage = open_storage(url)
    with Messaging(url, app_id=APP) as messaging:
        among_few = statistics.median(_cancel(messaging, _schedule(messaging, CANCELS)) for _ in range(rounds))
        storage.main.flushall()
        before_bytes, began = _used_bytes(storage), time.perf_counter()
        ids = _schedule(messaging, scheduled)
        schedule_rate = scheduled / (time.perf_counter() - began)
        each_bytes = (_used_bytes(storage) - before_bytes) / scheduled
        random.Random(scheduled).shuffle(ids)
        cancelled = [ids[start : start + CANCELS] for start in range(0, rounds * CANCELS, CANCELS)]
        among_many = statistics.median(_cancel(messaging, some) for some in cancelled)
    promote_rate = _promote(storage)
    storage.close()
    few = compare(f"schedule/cancel among {CANCELS:,}", among_few, "1/s")
    return [
        compare("schedule/one of many scheduled", each_bytes, "bytes"),
        compare("schedule/schedule rate", schedule_rate, "1/s"),
        few,
        compare(f"schedule/cancel among {scheduled:,}", among_many, "1/s", few),
        compare("schedule/start rate of what is overdue", promote_rate, "1/s"),
    ]


def _schedule(messaging: Messaging, number: int) -> list[str]:
    at_ms = wall_clock_ms() + _HOUR_MS
    deliveries = (DeliveryOptions(publish_at=at_ms + n, push_singlecast=[f"d{n}"]) for n in range(number))
    return [messaging.publish(BODY, delivery_options=delivery).message_id for delivery in deliveries]


def _cancel(messaging: Messaging, ids: Sequence[str]) -> float:
    began = time.perf_counter()
    for message_id in ids:
        messaging.cancel(message_id)
    return len(ids) / (time.perf_counter() - began)


def _promote(storage: Storage) -> float:
    """How many a second one scheduler starts, when all of them are due."""
    storage.main.zunionstore(keys.due(APP), {keys.due(APP): 0})
    waiting, began = storage.main.zcard(keys.due(APP)), time.perf_counter()
    while promote(storage).next_s == 0.0:
        pass
    return float(waiting / (time.perf_counter() - began))


def _used_bytes(storage: Storage) -> int:
    return int(storage.main.info("memory")["used_memory"])


def _until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _WITHIN_S
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not done within {_WITHIN_S} s")
        time.sleep(_POLL_S)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--publishes", type=int, default=1_000)
    parser.add_argument("--scheduled", type=int, default=100_000)
    given = parser.parse_args()
    for record in run(given.rounds, given.publishes, given.scheduled):
        print(record)
