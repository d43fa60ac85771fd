"""The device registry: how fast devices are registered, read and resolved, and how much memory each of them takes.

`python -m bench.registry [DEVICES]` runs it on an embedded Redis of its own.
"""

from __future__ import annotations

import base64
import random
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from bench.record import Record, compare, machine
from clarion.audience import count_of, resolve
from clarion.message import PushBroadcast, Target
from clarion.registry import OS, SLOTS, Device, chunk_count, read, register
from clarion.registry.directory import digest
from clarion.registry.record import encode
from clarion.registry.row import Format, write_row
from clarion.registry.transfer import import_devices
from clarion.storage import Storage, keys, open_storage
from config import redis_server

APP = "bench"
#: What a plain load is measured with, and an import: a sample, not everybody.
_SAMPLE = 100_000
#: As many slots as the delivery reads at a time.
_READ_SLOTS = 2000
_REGISTERED_AT = 1_767_225_600_000
_CHANNELS = [("default", f"channel-{number:02}") for number in range(20)]


def made(start: int, stop: int) -> list[Device]:
    """Devices as they are in the field: a 163-byte token, a UUID, `default` and one of 20 channels."""
    source = random.Random(start)
    return [
        Device(
            base64.b64encode(source.randbytes(123), b"-_").decode()[:163],
            str(uuid.UUID(bytes=source.randbytes(16))),
            OS.ANDROID if number % 3 else OS.IOS,
            "14",
            _CHANNELS[number % len(_CHANNELS)],
            _REGISTERED_AT,
        )
        for number in range(start, stop)
    ]


def fill(storage: Storage, app: str, count: int) -> str:
    """Register that many devices, as `made` makes them; returns the id of the first."""
    first = ""
    for start in range(0, count, _SAMPLE):
        some = made(start, min(count, start + _SAMPLE))
        first = first or some[0].device_id
        register(storage, app, some)
    return first


@contextmanager
def _storage() -> Iterator[Storage]:
    with tempfile.TemporaryDirectory(prefix="clarion-bench-") as folder:
        server = redis_server.start(Path(folder))
        storage = open_storage(server.url)
        try:
            yield storage
        finally:
            storage.close()
            server.stop()


def _info(storage: Storage, section: str) -> dict[str, Any]:
    found: dict[str, Any] = storage.registry.info(section)
    return found


def _server_cpu_s(storage: Storage) -> float:
    cpu = _info(storage, "cpu")
    return float(cpu["used_cpu_user"]) + float(cpu["used_cpu_sys"])


def _plain_load(storage: Storage, sample: list[Device]) -> float:
    """Devices/s when the same bytes are sent as plain commands: nothing looked up, nothing checked, not atomic."""
    storage.registry.flushall()
    began = time.perf_counter()
    for start in range(0, len(sample), _READ_SLOTS):
        pipe = storage.registry.pipeline(transaction=False)
        for slot, device in enumerate(sample[start : start + _READ_SLOTS], start):
            pipe.hset(keys.records(APP, 0), str(slot), encode(device))
            for kind, name in (("device", device.device_id), ("token", device.token)):
                place = digest(name)
                bucket = keys.directory(APP, kind, place[0]).encode() + place[1:2]
                pipe.hset(bucket, place[2:], slot)
            for term in (device.os, *device.channels):
                pipe.setbit(keys.index(APP, 0, term), slot, 1)
        pipe.execute()
    return len(sample) / (time.perf_counter() - began)


def _import(storage: Storage, sample: list[Device]) -> float:
    """Devices/s from a file of JSON Lines into an empty registry."""
    storage.registry.flushall()
    with tempfile.TemporaryDirectory(prefix="clarion-bench-") as folder:
        path = Path(folder) / "devices.jsonl"
        path.write_bytes(b"".join(write_row(device, Format.JSONL) for device in sample))
        began = time.perf_counter()
        done = import_devices(storage, APP, path, now_ms=_REGISTERED_AT)
        assert done.registered == len(sample)
        return len(sample) / (time.perf_counter() - began)


def _register(storage: Storage, total: int) -> tuple[float, float, float, float]:
    """Register everybody in an empty Redis.

    Returns:
        Devices/s, CPU of this process and of the server (µs/device), memory (bytes/device).
    """
    memory = _info(storage, "memory")["used_memory"]
    wall = own = server = 0.0
    for start in range(0, total, _SAMPLE):
        some = made(start, min(total, start + _SAMPLE))
        wall -= time.perf_counter()
        own -= time.process_time()
        server -= _server_cpu_s(storage)
        register(storage, APP, some)
        wall += time.perf_counter()
        own += time.process_time()
        server += _server_cpu_s(storage)
    memory = (_info(storage, "memory")["used_memory"] - memory) / total
    return total / wall, own / total * 1e6, server / total * 1e6, memory


def _read(storage: Storage) -> float:
    """Records/s, fetched and decoded in the order of delivery."""
    began = time.perf_counter()
    count = 0
    for chunk in range(chunk_count(storage, APP)):
        for slot in range(0, SLOTS, _READ_SLOTS):
            found = read(storage, APP, chunk, range(slot, min(SLOTS, slot + _READ_SLOTS)))
            count += len(found) - found.count(None)
    return count / (time.perf_counter() - began)


def _fetch(storage: Storage) -> float:
    """Records/s when the same bytes are fetched and left as they are."""
    began = time.perf_counter()
    count = 0
    for chunk in range(chunk_count(storage, APP)):
        for slot in range(0, SLOTS, _READ_SLOTS):
            slots = [str(each) for each in range(slot, min(SLOTS, slot + _READ_SLOTS))]
            found: list[Any] = storage.registry.hmget(keys.records(APP, chunk), slots)
            count += len(found) - found.count(None)
    return count / (time.perf_counter() - began)


def _resolve(storage: Storage) -> float:
    """Seconds until an audience of one system on one channel is known, chunk by chunk, and counted."""
    target = Target(channel="default", broadcast=PushBroadcast.ANDROID)
    times = []
    for _ in range(5):
        began = time.perf_counter()
        audience = resolve(storage, APP, target, range(chunk_count(storage, APP)))
        assert sum(count_of(bitmap) for _, bitmap in audience) > 0
        times.append(time.perf_counter() - began)
    return sorted(times)[len(times) // 2]


def run(devices: int = 1_000_000) -> list[Record]:
    """Measure with that many devices."""
    with _storage() as storage:
        sample = made(0, min(devices, _SAMPLE))
        plain = compare("registry/plain load", _plain_load(storage, sample), "1/s")
        imported = compare("registry/import from JSON Lines", _import(storage, sample), "1/s", plain)
    with _storage() as storage:
        rate, own_us, server_us, memory = _register(storage, devices)
        fetched = compare("registry/plain fetch", _fetch(storage), "1/s")
        resolved_s = _resolve(storage)
        return [
            plain,
            imported,
            compare("registry/register", rate, "1/s", plain),
            compare("registry/register, CPU of the caller", own_us, "µs/device"),
            compare("registry/register, CPU of Redis", server_us, "µs/device"),
            compare("registry/memory", memory, "bytes/device"),
            fetched,
            compare("registry/read", _read(storage), "1/s", fetched),
            compare("audience/resolve", resolved_s, "s"),
            compare("audience/scan", devices / resolved_s, "1/s"),
        ]


def main() -> None:
    """Measure and print."""
    records = run(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
    print(msgspec.json.encode(machine()).decode())
    for record in records:
        ratio = f"  {record['ratio']:.2f} x {record['against']}" if record["against"] else ""
        print(f"{record['name']:45} {record['value']:14.4g} {record['unit']}{ratio}")


if __name__ == "__main__":
    main()
