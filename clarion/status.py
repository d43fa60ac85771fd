"""Where a message stands: the status a caller sees, the books, and the outcome of one device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from clarion.app import PROVIDERS
from clarion.errors import UnknownMessage
from clarion.message import Message, MessageStatus, Outcome, PublishStatus, State, Target
from clarion.message.message import decode
from clarion.standing import Standing, standings
from clarion.standing import State as Gate
from clarion.storage import Storage, keys
from clarion.storage.connection import storage_errors

#: The ledger's code of a device without an outcome.
PENDING = 1
#: Slots of a chunk, as the registry counts them.
CHUNK_SLOTS = 65_536

_FIELDS = (
    "app",
    "state",
    "was",
    "audience",
    "error",
    "accepted_ms",
    "began_ms",
    "planned_ms",
    "settled_ms",
    "due_ms",
    "runs",
    "missed",
    "paused_ms",
    "parent",
    "rate",
)
_STATUS = {
    State.SCHEDULED: PublishStatus.SCHEDULED,
    State.ACCEPTED: PublishStatus.SCHEDULED,
    State.PLANNING: PublishStatus.IN_PROGRESS,
    State.DELIVERING: PublishStatus.IN_PROGRESS,
    State.CANCELLING: PublishStatus.CANCELLED,
    State.PUBLISHED: PublishStatus.PUBLISHED,
    State.FAILED: PublishStatus.FAILED,
    State.CANCELLED: PublishStatus.CANCELLED,
}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the books: so many devices ended so, at that provider, for that reason ('' for accepted)."""

    outcome: Outcome
    provider: str
    reason: str
    devices: int


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """The books of a message: `audience` is always the sum of pending and of all outcomes."""

    audience: int
    pending: int
    entries: tuple[Entry, ...]

    def total(self, outcome: Outcome) -> int:
        """The devices that ended with `outcome`, whatever the provider and reason."""
        return sum(entry.devices for entry in self.entries if entry.outcome is outcome)

    @property
    def closed(self) -> bool:
        """Whether every device of the audience has its outcome, and the sums agree."""
        return self.pending == 0 and self.audience == sum(entry.devices for entry in self.entries)


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a message.

    Attributes:
        status: what a Backendless client sees.
        state: where it stands here.
        books: who was reached, and who not.
        planned: whether the audience is complete.
        open_shards: shards that wait or are being delivered.
        unmatched: device ids of a singlecast that no registered device answers to.
        held: credentials that somebody of the audience waits for.
        accepted_ms, began_ms, planned_ms, settled_ms: when it was published, when a worker began with it, when its
            audience was complete, when its books were closed (epoch ms); None when it has not come to that.
        due_ms: when it starts, or, repeated, when its next run does; None when it waits for no time. With `local`, it
            starts when the first clocks show its time: 14 hours before UTC's do.
        local: whether the time that it waits for is by each device's own clock.
        runs, missed: of a repeated message, how many runs were started, and how many were not in time.
        paused_ms: since when it is paused (epoch ms); None when it is not.
        parent: the repeated message whose run this is.
        rate_per_s: devices a second that got their outcome since it began; None before.
        limit_per_s: devices a second that it may have at most, where it says so.
        ends_ms: when its books will be closed, as far as can be told; None when it cannot.
    """

    status: MessageStatus
    state: State
    books: Books
    planned: bool
    open_shards: int
    unmatched: tuple[str, ...]
    held: tuple[Standing, ...] = ()
    accepted_ms: int
    began_ms: int | None = None
    planned_ms: int | None
    settled_ms: int | None
    due_ms: int | None = None
    local: bool = False
    runs: int | None = None
    missed: int | None = None
    paused_ms: int | None = None
    parent: str | None = None
    rate_per_s: float | None = None
    limit_per_s: float | None = None
    ends_ms: int | None = None


class Headline(msgspec.Struct, frozen=True, kw_only=True):
    """A message in a list: `audience` is what is known of it so far, `accepted_ms` epoch milliseconds."""

    message_id: str
    status: PublishStatus
    state: State
    audience: int
    accepted_ms: int


def read(storage: Storage, app: str, message_id: str) -> Progress:
    """The progress of a message of `app`.

    Raises:
        UnknownMessage: the app has no such message, or its retention is over.
    """
    pipe = storage.main.pipeline(transaction=True)
    pipe.hmget(keys.message(message_id), (*_FIELDS, *(f"held:{provider}" for provider in PROVIDERS)))
    pipe.hgetall(keys.books(message_id))
    pipe.zcard(keys.waiting(message_id))
    pipe.zcard(keys.leased(message_id))
    pipe.zcard(keys.later(message_id))
    pipe.zrange(keys.later(message_id), -1, -1, withscores=True)
    pipe.smembers(keys.unmatched(message_id))
    pipe.time()
    with storage_errors():
        values, book, *open_shards, later, unmatched, (now_s, _) = pipe.execute()
    values, held_at = values[: len(_FIELDS)], values[len(_FIELDS) :]
    row = {name: None if value is None else value.decode() for name, value in zip(_FIELDS, values, strict=True)}
    if row["app"] != app:
        raise UnknownMessage(message_id)
    state, books = State(str(row["state"])), _books(int(row["audience"] or 0), book)
    was = State(str(row["was"])) if state is State.PAUSED else state
    met = {name for name, value in zip(PROVIDERS, held_at, strict=True) if value is not None}
    held = _held(storage, app, met) if books.pending and met else ()
    due_ms = _whole(row["due_ms"]) if was is State.SCHEDULED else None
    return Progress(
        status=MessageStatus(
            message_id=message_id, status=_STATUS[was], error_message=_error(state, row["error"], books, held)
        ),
        state=state,
        books=books,
        planned=row["planned_ms"] is not None,
        open_shards=sum(open_shards),
        unmatched=tuple(sorted(device.decode() for device in unmatched)),
        held=held,
        accepted_ms=int(row["accepted_ms"] or 0),
        began_ms=_whole(row["began_ms"]),
        planned_ms=_whole(row["planned_ms"]),
        settled_ms=_whole(row["settled_ms"]),
        due_ms=due_ms,
        local=due_ms is not None and _content(storage, app, message_id).local,
        runs=_whole(row["runs"]),
        missed=_whole(row["missed"]),
        paused_ms=_whole(row["paused_ms"]) if state is State.PAUSED else None,
        parent=row["parent"],
        **_speed(row, state, books, now_s * 1000, int(later[0][1]) if later else 0, waits=bool(held)),
    )


def _speed(
    row: Mapping[str, str | None], state: State, books: Books, now_ms: int, later_ms: int, *, waits: bool
) -> dict[str, Any]:
    """How fast a message goes, may go, and when it will be over: the fields of `Progress` that say so."""
    limit = None if row["rate"] is None else float(row["rate"])
    began_ms = _whole(row["began_ms"])
    if began_ms is None:
        return {"limit_per_s": limit}
    settled = books.audience - books.pending
    rate = settled * 1000 / max(1, (_whole(row["settled_ms"]) or now_ms) - began_ms)
    ends_ms = None
    if state is State.DELIVERING and not waits and (speed := limit or rate):
        ends_ms = max(now_ms + int(books.pending * 1000 / speed), later_ms)
    return {"rate_per_s": rate, "limit_per_s": limit, "ends_ms": ends_ms}


def target(storage: Storage, app: str, message_id: str) -> Target:
    """Whom a message of `app` addresses.

    Raises:
        UnknownMessage: the app has no such message, or its retention is over.
    """
    return _content(storage, app, message_id).target


def _content(storage: Storage, app: str, message_id: str) -> Message:
    with storage_errors():
        owner, content = storage.main.hmget(keys.message(message_id), ("app", "content"))
    if owner is None or content is None or owner.decode() != app:
        raise UnknownMessage(message_id)
    return decode(content)


def recent(storage: Storage, app: str, limit: int) -> list[Headline]:
    """The latest messages of `app`, newest first, at most `limit` of them; those past their retention are left out."""
    fields = ("state", "was", "audience", "accepted_ms")
    with storage_errors():
        ids = [each.decode() for each in storage.main.zrevrange(keys.recent(app), 0, limit - 1)]
        pipe = storage.main.pipeline(transaction=False)
        for message_id in ids:
            pipe.hmget(keys.message(message_id), fields)
        rows = pipe.execute()
    return [_headline(message_id, *row) for message_id, row in zip(ids, rows, strict=True) if row[0] is not None]


def _headline(message_id: str, state: bytes, was: bytes | None, audience: bytes, accepted_ms: bytes) -> Headline:
    stands = State(state.decode())
    return Headline(
        message_id=message_id,
        status=_STATUS[State(was.decode()) if stands is State.PAUSED and was else stands],
        state=stands,
        audience=int(audience),
        accepted_ms=int(accepted_ms),
    )


def outcomes(storage: Storage, app: str, message_id: str) -> Iterator[tuple[int, str]]:
    """Every device of the audience as (ordinal, entry of the books or `pending`), in the order of ordinals."""
    read(storage, app, message_id)
    with storage_errors():
        chunks = sorted(int(chunk) for chunk in storage.main.smembers(keys.chunks(message_id)))
    for chunk in chunks:
        cells = sorted(_cells(storage, message_id, chunk))
        entries = _entries(storage, message_id)  # after the cells: whatever code they hold has its entry by then
        yield from ((chunk * CHUNK_SLOTS + slot, entries[code]) for slot, code in cells)


def _held(storage: Storage, app: str, providers: set[str]) -> tuple[Standing, ...]:
    """Of the providers whose gate the message found closed, those that are closed still."""
    found = standings(storage, app)
    return tuple(each for each in found if each.provider in providers and each.state is not Gate.OPEN)


def _entries(storage: Storage, message_id: str) -> dict[int, str]:
    with storage_errors():
        codes = storage.main.hgetall(keys.codes(message_id))
    return {PENDING: "pending"} | {int(code): entry.decode() for entry, code in codes.items()}


def _cells(storage: Storage, message_id: str, chunk: int) -> Iterator[tuple[int, int]]:
    key = keys.ledger(message_id, chunk)
    with storage_errors():
        if storage.main.type(key) == b"hash":
            yield from ((int(slot), int(code)) for slot, code in storage.main.hgetall(key).items())
        else:
            ledger = storage.main.get(key) or b""
            yield from ((slot, code) for slot, code in enumerate(ledger) if code)


def _books(audience: int, book: Mapping[bytes, bytes]) -> Books:
    counts = {entry.decode(): int(devices) for entry, devices in book.items()}
    pending = counts.pop("pending", 0)
    lines = (_entry(text, devices) for text, devices in sorted(counts.items()) if devices)
    return Books(audience=audience, pending=pending, entries=tuple(lines))


def _entry(text: str, devices: int) -> Entry:
    outcome, provider, reason = text.split("|", 2)
    return Entry(outcome=Outcome(outcome), provider=provider, reason=reason, devices=devices)


def _error(state: State, error: str | None, books: Books, held: Sequence[Standing]) -> str | None:
    if state is State.PAUSED:
        return "Waiting: it is paused."
    if held and not state.terminal:
        return "Waiting: " + ", ".join(f"{each.provider} is {each.state} ({each.reason})" for each in held) + "."
    if error is not None or state is not State.FAILED:
        return error
    worst = max(books.entries, key=lambda entry: entry.devices)
    by = f" by {worst.provider}" if worst.provider else ""
    return f"No device accepted the message; most often {worst.outcome}{by}: {worst.reason or 'no reason given'}."


def _whole(text: str | None) -> int | None:
    return None if text is None else int(text)
