"""What waits for a time: the messages of an application, the runs of one of them, and the next runs of a repetition."""

from __future__ import annotations

from itertools import chain

import msgspec

from clarion.app import Limits
from clarion.calendar.repeat import upcoming
from clarion.errors import UnknownMessage
from clarion.message import DeliveryOptions, Message, State
from clarion.message.message import decode
from clarion.message.timing import check_timing
from clarion.schedule.appointment import Appointment, Timetable
from clarion.schedule.run import history
from clarion.schedule.start import lead_ms
from clarion.storage import Storage, keys
from clarion.storage.connection import storage_errors

_FIELDS = ("app", "state", "was", "due_ms", "runs", "missed", "paused_ms", "content")
_NEVER = "+inf"


def appointments(storage: Storage, app: str, limit: int) -> list[Appointment]:
    """What of an application waits for a time: at most `limit`, the soonest first, and then as many paused ones."""
    due, page = keys.due(app), {"start": 0, "num": limit, "withscores": True}
    with storage_errors(), storage.main.pipeline(transaction=False) as pipe:
        pipe.zrangebyscore(due, "-inf", f"({_NEVER}", **page)
        pipe.zrangebyscore(due, _NEVER, _NEVER, **page)
        entries = list(chain(*pipe.execute()))
        for message_id, _ in entries:
            pipe.hmget(keys.message(message_id.decode()), _FIELDS)
        rows = pipe.execute()
    return [_appointment(row, score) for (_, score), row in zip(entries, rows, strict=True) if row[0] is not None]


def waiting(storage: Storage, app: str) -> int:
    """How many messages of an application wait for a time, paused ones included."""
    with storage_errors():
        return int(storage.main.zcard(keys.due(app)))


def timetable(storage: Storage, app: str, message_id: str, *, now_ms: int, limit: int) -> Timetable:
    """One message: at most `limit` of its runs that were, and as many of those to come.

    Raises:
        UnknownMessage: the app has no such message.
    """
    with storage_errors():
        row = storage.main.hmget(keys.message(message_id), _FIELDS)
        score = storage.main.zscore(keys.due(app), message_id)
    if row[0] is None or row[0].decode() != app:
        raise UnknownMessage(message_id)
    found, message = _appointment(row, score), decode(row[-1])
    return Timetable(
        appointment=found,
        history=tuple(history(storage, message_id, limit)),
        upcoming=_upcoming(message, found, now_ms, limit),
    )


def preview(delivery: DeliveryOptions, limits: Limits, *, now_ms: int, limit: int) -> list[int]:
    """The instants (epoch ms) at which a publish with these options would start, without publishing it.

    Raises:
        InvalidField: as a publish with them would.
    """
    timing = check_timing(delivery, limits, now_ms=now_ms)
    begins_ms = now_ms if timing.starts_ms is None else timing.starts_ms
    if timing.repeat is None:
        return [begins_ms]
    return upcoming(timing.repeat, begins_ms, min(begins_ms, now_ms), limit)


def _appointment(row: list[bytes | None], score: float | None) -> Appointment:
    _, stands, was, due, runs, missed, paused, content = row
    state, message = State((stands or b"").decode()), decode(content or b"")
    # The time that it had stays with a message that has started.
    before = State.SCHEDULED in (state, (was or b"").decode())
    waits_until = None if score is None or score == float(_NEVER) else int(score)
    return Appointment(
        message_id=message.id,
        channel=message.target.channel,
        state=state,
        due_ms=int(due) if before and due is not None else waits_until,
        local=message.local,
        starts_ms=message.starts_ms,
        repeat=message.repeat,
        runs=int(runs or 0),
        missed=int(missed or 0),
        accepted_ms=message.accepted_ms,
        paused_ms=None if state is not State.PAUSED or paused is None else int(paused),
    )


def _upcoming(message: Message, found: Appointment, now_ms: int, limit: int) -> tuple[int, ...]:
    if found.due_ms is None or not found.begins:
        return ()
    lead = lead_ms(message)
    first_ms = found.due_ms + lead
    if message.repeat is None:
        return (first_ms,)
    # Nobody came to it yet: it is the next one even when it has passed.
    count = message.repeat.count
    rest = msgspec.structs.replace(message.repeat, count=None if count is None else count - found.runs - 1)
    after_ms = max(first_ms + 1, now_ms + lead)
    return (first_ms, *upcoming(rest, first_ms, after_ms, limit - 1))
