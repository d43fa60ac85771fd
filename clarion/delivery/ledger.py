"""The ledger of a message, one byte a device, and the leases on its shards. It alone says who is still pending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import compress
from typing import NamedTuple

import msgspec

from clarion.delivery.shard import Shard
from clarion.message import Outcome, State
from clarion.storage import Storage, keys
from clarion.storage.connection import call

#: A shard may be claimed this much before it is due: worker and Redis need not agree to the millisecond.
CLAIM_SLACK_MS = 1000
#: What devices wait for that is no provider: their own time, and the gate of a throttled message. These waits end by
#: Redis' clock, to the millisecond; those for a provider by a worker's.
TIME, THROTTLE = "time", "throttle"
OURS = frozenset({TIME, THROTTLE})

_PENDING = 1
#: Turns a slice of the ledger into selectors: 1 for pending, 0 for all else.
_SELECT_PENDING = bytes(code == _PENDING for code in range(256))
_pack = msgspec.msgpack.Encoder().encode


class Lease(NamedTuple):
    """The right to send a shard until the lease ends; recording renews it, and the fence tells a stale holder off.

    Attributes:
        shard: what is leased.
        fence: grows with every claim.
        attempt: attempts before that ended in an error of our own.
        state: the message's.
        pending: slots without an outcome, ascending.
        waits: what they wait for, by provider, TIME or THROTTLE; empty when nobody does, or nobody knows.
        now_ms: when it was claimed, by Redis' clock.
    """

    shard: Shard
    fence: int
    attempt: int
    state: State
    pending: Sequence[int]
    waits: Mapping[str, Wait] = {}
    now_ms: int = 0


class Wait(NamedTuple):
    """What the open devices of a shard wait for at one provider, or until one time.

    Attributes:
        due_ms: when they are to be tried again (epoch ms).
        attempts: how often they were tried in vain; a closed gate does not count.
        since_ms: when that was for the first time; 0 when it never was. Of TIME, when the devices were last looked at.
    """

    due_ms: int
    attempts: int = 0
    since_ms: int = 0


class LeaseLost(Exception):
    """Another worker holds the shard by now: stop, and write nothing."""


_unpack = msgspec.msgpack.Decoder(dict[str, Wait]).decode


@lru_cache(maxsize=1024)  # asked for each device; a message has a few dozen at most
def entry(outcome: Outcome, provider: str = "", reason: str = "") -> str:
    """A line of the books: `outcome|provider|reason`."""
    return f"{outcome}|{provider}|{reason}"


def claim(storage: Storage, message_id: str, shard: Shard, *, owner: str, lease_ms: int) -> Lease | str:
    """Lease a shard; otherwise a word: `busy`, `closed`, `paused` or `early`."""
    arguments = [shard.reference, owner, lease_ms, shard.chunk, shard.first, shard.last, CLAIM_SLACK_MS, message_id]
    reply = call(storage.main, "shard_claim", [keys.message_prefix(message_id), keys.active()], arguments)
    if reply[0] != b"claimed":
        return str(reply[0].decode())
    _, fence, attempt, state, cells, waits, now_ms = reply
    waiting = _unpack(waits) if waits else {}
    return Lease(shard, fence, attempt, State(state.decode()), _pending(shard, cells), waiting, now_ms)


def record(
    storage: Storage, message_id: str, lease: Lease, outcomes: Mapping[str, Sequence[int]], *, lease_ms: int
) -> State:
    """Write outcomes (entry -> slots) into ledger and books and renew the lease; returns the message's state.

    Raises:
        LeaseLost: nothing was written.
    """
    groups = _pack([[line, list(slots)] for line, slots in outcomes.items()])
    arguments = [lease.shard.reference, lease.fence, lease_ms, lease.shard.chunk, groups]
    return _state(call(storage.main, "shard_record", [keys.message_prefix(message_id)], arguments))


def close(storage: Storage, message_id: str, lease: Lease) -> State:
    """Give the shard back, done: the last one closes the message's books.

    Raises:
        LeaseLost: somebody else holds it.
    """
    return _release(storage, message_id, lease, [], [""])


def reopen(
    storage: Storage,
    message_id: str,
    lease: Lease,
    *,
    app: str,
    due_ms: int,
    later: bool,
    burned: bool,
    queue: str,
    task: bytes,
    waits: Mapping[str, Wait] | None = None,
) -> State:
    """Give the shard back for a later attempt.

    Args:
        storage: where the message is stored.
        message_id: the message.
        lease: the claim on the shard.
        app: the message's application.
        due_ms: when it is due, by Redis' clock.
        later: whether beats are to open it then. What is cancelled does not wait.
        burned: whether the attempt counts.
        queue: where `task` is queued, in the same step, unless it is for later or the message is paused.
        task: the task message; empty leaves that to the rescue.
        waits: what its open devices wait for, all of them; None when nobody knows.

    Raises:
        LeaseLost: somebody else holds it.
    """
    how: list[int | str | bytes] = [
        due_ms,
        int(burned),
        task,
        _pack(waits) if waits else b"",
        "1" if later else "",
        app,
    ]
    return _release(storage, message_id, lease, [queue, keys.due(app), keys.due_apps()], how)


def _release(
    storage: Storage, message_id: str, lease: Lease, names: list[str], how: Sequence[int | str | bytes]
) -> State:
    names = [keys.message_prefix(message_id), keys.active(), keys.outbox(), *names]
    return _state(call(storage.main, "shard_release", names, [message_id, lease.shard.reference, lease.fence, *how]))


def _state(reply: bytes) -> State:
    if reply == b"fenced":
        raise LeaseLost
    return State(reply.decode())


def _pending(shard: Shard, cells: bytes | list[bytes]) -> list[int]:
    if isinstance(cells, bytes):
        return list(compress(range(shard.first, shard.last + 1), cells.translate(_SELECT_PENDING)))
    codes = zip(map(int, cells[::2]), map(int, cells[1::2]), strict=True)
    return sorted(slot for slot, code in codes if code == _PENDING and shard.first <= slot <= shard.last)
