"""What waits for a time: the messages of an application, the runs of one of them, and the next runs of a repetition."""

from __future__ import annotations

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

_FIELDS = ("app", "state", "was", "due_ms", "runs", "missed", "content")
#: Before it starts; in other states only some of its devices wait for a time.
_BEFORE = frozenset({State.SCHEDULED, State.PAUSED})


def appointments(storage: Storage, app: str, limit: int) -> list[Appointment]:
    """What of an application waits for a time, the soonest first, paused messages last; at most `limit`."""
    with storage_errors():
        entries = storage.main.zrange(keys.due(app), 0, limit - 1, withscores=True)
        with storage.main.pipeline(transaction=False) as pipe:
            for message_id, _ in entries:
                pipe.hmget(keys.message(message_id.decode()), _FIELDS)
            rows = pipe.execute()
    return [_appointment(row, score) for (_, score), row in zip(entries, rows, strict=True) if row[0] is not None]


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
    _, state, was, due, runs, missed, content = row
    message = decode(content or b"")
    # The time that it had stays with a message that has started.
    before = State.SCHEDULED in ((state or b"").decode(), (was or b"").decode())
    waits_until = None if score is None or score == float("inf") else int(score)
    return Appointment(
        message_id=message.id,
        channel=message.target.channel,
        state=State((state or b"").decode()),
        due_ms=int(due) if before and due is not None else waits_until,
        local=message.local,
        starts_ms=message.starts_ms,
        repeat=message.repeat,
        runs=int(runs or 0),
        missed=int(missed or 0),
        accepted_ms=message.accepted_ms,
    )


def _upcoming(message: Message, found: Appointment, now_ms: int, limit: int) -> tuple[int, ...]:
    if found.due_ms is None or found.state not in _BEFORE:
        return ()
    lead = lead_ms(message)
    if message.repeat is None:
        return (found.due_ms + lead,)
    left = message.repeat.count
    rest = msgspec.structs.replace(message.repeat, count=None if left is None else left - found.runs)
    return tuple(upcoming(rest, found.due_ms + lead, now_ms + lead, limit))
