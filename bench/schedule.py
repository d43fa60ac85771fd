"""What waits for a time: how late it starts, what it takes to keep, how fast it is scheduled, cancelled and started.

python -m bench.schedule [--rounds 3] [--publishes 1000] [--scheduled 100000]
"""

from __future__ import annotations

import argparse
import logging
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import structlog

from bench import broadcast, sink
from bench.record import Record, compare
from bench.registry import fill
from clarion import DeliveryOptions, Messaging
from clarion.clock import wall_clock_ms
from clarion.message import State
from clarion.registry import OS, Device, register
from clarion.schedule.promotion import promote
from clarion.status import read
from clarion.storage import Storage, keys, open_storage
from config import redis_server
from config.stack import Simulator, provider_tables, running, simulator

APP = "demo"
BODY = "A message of a common length, as a chat or a shop would send it."
#: Delays of the publishes whose lateness is measured, seconds.
SOONEST_S, LATEST_S = 1.0, 20.0
#: They are published so many a second at most, so that some 50 a second are due.
PER_S = 500
#: Pushes before anything is measured: every thread has its connection and access token then.
WARM_UP = 100
#: Devices of the broadcast meanwhile: it is published again when it ends too soon.
BROADCAST = 200_000
#: Cancelled at a time, among few and among many.
CANCELS = 1_000
_HOUR_MS = 3_600_000
_WITHIN_S = 120.0
_POLL_S = 0.1
_PROCESSES = {"express": 1, "bulk": 2, "beat": 1}


def run(rounds: int, publishes: int = 1_000, scheduled: int = 100_000) -> list[Record]:
    """Measure the lateness of so many publishes, idle and during a broadcast, and the store with `scheduled`.

    Raises:
        RuntimeError: a message arrived before its time, or not at all, or nginx is missing.
    """
    return _lateness(publishes) + _store(rounds, scheduled)


def _lateness(publishes: int) -> list[Record]:
    with tempfile.TemporaryDirectory(prefix="clarion-bench-") as name, _system(Path(name)) as system:
        idle = _late(system, publishes, lambda: None)
        rate = _at_once(system, publishes // 2)
        load = _Load(system)
        busy = _late(system, publishes, load.keep_on)
        load.stop()
    at_once = compare("schedule/single pushes, all due at once", rate, "1/s")
    return [*_quantiles("idle", idle), *_quantiles("in a broadcast", busy), at_once]


@dataclass(frozen=True)
class _System:
    """Two applications of one fleet: one publishes to a device at the simulator, one broadcasts to a sink."""

    storage: Storage
    delayed: Messaging
    broadcast: Messaging
    control: httpx.Client

    def arrivals(self) -> dict[str, int]:
        """When (epoch ms) each message came to the device's provider."""
        found = self.control.get("/received", params={"token": "alone"}).raise_for_status().json()["messages"]
        return {each["message"]["data"]["messageId"]: each["at"] for each in found}


@contextmanager
def _system(folder: Path) -> Iterator[_System]:
    settings = {"CLARION_LOG_LEVEL": "WARNING", "CLARION_BULK_CONCURRENCY": "1"}
    with (
        sink.serve() as target,
        simulator(folder / "simulator", folder / "log" / "simulator.log") as played,
        running(folder, apps_file=_apps_file(folder, target, played), processes=_PROCESSES, settings=settings) as stack,
        Messaging(stack.redis_url, app_id=APP) as delayed,
        Messaging(stack.redis_url, app_id=broadcast.APP) as broadcasting,
        httpx.Client(base_url=played.announced["control"], trust_env=False, timeout=60.0) as control,
    ):
        control.post("/profile", json={"keep_per_token": 100_000, "keep_total": 100_000}).raise_for_status()
        storage = open_storage(stack.redis_url)
        broadcast.give_bearer(storage)
        fill(storage, broadcast.APP, BROADCAST)
        register(storage, APP, [Device("alone", "alone", OS.ANDROID, registered_at=wall_clock_ms())])
        system = _System(storage, delayed, broadcasting, control)
        first = {delayed.publish(BODY).message_id for _ in range(WARM_UP)}
        _until(lambda: first <= system.arrivals().keys())  # connections and access tokens are not what is measured
        yield system
        storage.close()


def _apps_file(folder: Path, target: sink.Sink, played: Simulator) -> Path:
    file = broadcast.apps_file(folder, target)
    key = ["[[apps.demo.keys]]", 'key = "0123456789abcdeg"', 'scopes = ["publish"]']
    lines = [f"[apps.{APP}]", 'name = "Demo"', *key, *provider_tables(APP, played.announced)]
    file.write_text("\n".join([file.read_text(), *lines]))
    return file


class _Load:
    """A broadcast that does not end: another one is published when it is over."""

    def __init__(self, system: _System) -> None:
        self._system = system
        self._message_id = ""

    def keep_on(self) -> None:
        """See to it that one is being delivered."""
        if not self._message_id or self._state().terminal:
            self._message_id = self._system.broadcast.publish(BODY).message_id
            _until(lambda: self._state() is not State.ACCEPTED)

    def stop(self) -> None:
        """Cancel the last one."""
        if not self._state().terminal:
            self._system.broadcast.cancel(self._message_id)

    def _state(self) -> State:
        return read(self._system.storage, broadcast.APP, self._message_id).state


def _late(system: _System, publishes: int, meanwhile: Callable[[], None]) -> list[int]:
    """How late (ms) each of so many delayed publishes to one device came to its provider."""
    source = random.Random(publishes)
    due_ms: dict[str, int] = {}
    began = time.monotonic()
    for number in range(publishes):
        meanwhile()
        at_ms = wall_clock_ms() + round(source.uniform(SOONEST_S, LATEST_S) * 1000)
        delivery = DeliveryOptions(publish_at=at_ms, push_singlecast=["alone"])
        due_ms[system.delayed.publish(BODY, delivery_options=delivery).message_id] = at_ms
        time.sleep(max(0.0, began + (number + 1) / PER_S - time.monotonic()))
    while wall_clock_ms() < max(due_ms.values()):
        meanwhile()
        time.sleep(_POLL_S)
    _until(lambda: due_ms.keys() <= system.arrivals().keys())
    arrived_ms = system.arrivals()
    late = [arrived_ms[message_id] - at_ms for message_id, at_ms in due_ms.items()]
    if min(late) < 0:
        raise RuntimeError(f"a message came {-min(late)} ms before its time")
    return late


def _at_once(system: _System, publishes: int) -> float:
    """How many a second come to the provider, when so many publishes to one device are due at one instant."""
    at_ms = wall_clock_ms() + 5_000
    delivery = DeliveryOptions(publish_at=at_ms, push_singlecast=["alone"])
    ids = {system.delayed.publish(BODY, delivery_options=delivery).message_id for _ in range(publishes)}
    _until(lambda: ids <= system.arrivals().keys())
    arrived_ms = system.arrivals()
    return publishes * 1000 / (max(arrived_ms[message_id] for message_id in ids) - at_ms)


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
    # It says of each batch that it is late.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
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
