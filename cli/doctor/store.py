"""The stores: reachable, of a version that was tested, durable, never evicting, with room, and on time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any

from clarion.errors import ClarionError
from clarion.storage import open_storage
from clarion.storage.connection import storage_errors
from cli.doctor.finding import Finding, fail, ok, warn

#: The oldest version that the tests run on.
OLDEST = (7, 0)
#: Shares of the memory from which on it gets tight, and from which on publishes are about to be refused.
TIGHT, FULL = 0.75, 0.95
#: Clocks that differ by more than this make times in reports wrong; by more than that, workers seem dead.
SKEW_MS, SKEW_MAX_MS = 1_000, 5_000


class Purpose(Enum):
    """What a Redis is for; the words that its checks carry."""

    MAIN = "Redis"
    REGISTRY = "registry Redis"
    BROKER = "broker Redis"


def check_store(purpose: Purpose, url: str, clock: Callable[[], int]) -> Iterator[Finding]:
    """Look at the Redis at `url`; `clock` gives our epoch milliseconds."""
    name = purpose.value
    try:
        storage = open_storage(url)
        try:
            with storage_errors():
                info = storage.main.info()
                before_ms, time, after_ms = clock(), storage.main.time(), clock()
        finally:
            storage.close()
    except ClarionError as error:
        yield fail(name, error.message, "Is it running, and is the URL right? Nothing works without it.")
        return
    except Exception as error:  # noqa: BLE001  # such as a user who may not ask: the other checks go on
        yield fail(name, f"refuses INFO or TIME ({type(error).__name__})", "Allow its user these two commands.")
        return
    yield ok(name, "answers")
    yield from judge(purpose, info)
    theirs_ms = time[0] * 1000 + time[1] // 1000
    yield judge_clock(name, theirs_ms - (before_ms + after_ms) // 2)


def judge(purpose: Purpose, info: Mapping[str, Any]) -> Iterator[Finding]:
    """What Redis' own INFO (as a mapping) says about its fitness."""
    name = purpose.value
    yield _version(name, info)
    if info.get("role") == "slave":
        yield fail(f"{name}: role", "a replica, which takes no writes", "Name the primary.")
    yield _append_only(purpose, info)
    policy = info.get("maxmemory_policy")
    if policy == "noeviction":
        yield ok(f"{name}: eviction", "maxmemory-policy noeviction")
    else:
        advice = "Set maxmemory-policy noeviction: a full store must refuse publishes, not forget devices."
        yield fail(f"{name}: eviction", f"maxmemory-policy {policy}", advice)
    yield _memory(name, info)


def _version(name: str, info: Mapping[str, Any]) -> Finding:
    text = str(info.get("redis_version", "0"))
    said = f"Valkey {info['valkey_version']}" if "valkey_version" in info else f"Redis {text}"
    if tuple(int(part) for part in text.split(".")[:2]) < OLDEST:
        return warn(f"{name}: version", said, f"Use {'.'.join(map(str, OLDEST))} or later: nothing older was tested.")
    return ok(f"{name}: version", said)


def _append_only(purpose: Purpose, info: Mapping[str, Any]) -> Finding:
    check = f"{purpose.value}: append-only file"
    if info.get("aof_last_write_status", "ok") != "ok":
        return fail(check, "cannot be written", "Is the disk full? See the server's log.")
    if info.get("aof_enabled"):
        return ok(check, "appendonly yes")
    if purpose is Purpose.BROKER:
        return warn(check, "appendonly no", "Set appendonly yes; else a restart delays what was queued by seconds.")
    return fail(check, "appendonly no", "Set appendonly yes: without it a restart loses messages and devices.")


def _memory(name: str, info: Mapping[str, Any]) -> Finding:
    check = f"{name}: memory"
    used, limit = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    limit = limit or int(info.get("total_system_memory", 0))
    if not limit:
        return ok(check, f"{_mib(used)} used")
    said = f"{_mib(used)} of {_mib(limit)} used"
    if used >= FULL * limit:
        return fail(check, said, "Give it more memory: at the limit it refuses publishes and registrations.")
    if used >= TIGHT * limit:
        return warn(check, said, "Give it more memory soon.")
    return ok(check, said)


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB".replace(",", " ")


def judge_clock(name: str, skew_ms: int) -> Finding:
    """How far the server's clock is ahead of ours."""
    check, said = f"{name}: clock", f"{abs(skew_ms)} ms {'ahead of' if skew_ms > 0 else 'behind'} this machine"
    advice = "Synchronise the clocks (NTP) of this machine and the server."
    if abs(skew_ms) > SKEW_MAX_MS:
        return fail(check, said, advice)
    return warn(check, said, advice) if abs(skew_ms) > SKEW_MS else ok(check, said)
