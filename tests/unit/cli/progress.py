from __future__ import annotations

from clarion.message import MessageStatus, Outcome, PublishStatus, State
from clarion.status import Books, Entry, Progress

MESSAGE_ID = "message:6ED94D19-172B-48AE-BB2C-7AA8E305CD31"


def progress(state=State.PUBLISHED, *, accepted=0, dead=0, pending=0, audience=None, unmatched=(), **more):
    """How a message may stand."""
    entries = [
        Entry(outcome=Outcome.ACCEPTED, provider="fcm", reason="", devices=accepted),
        Entry(outcome=Outcome.UNREGISTERED, provider="fcm", reason="UNREGISTERED", devices=dead),
    ]
    return Progress(
        status=MessageStatus(message_id=MESSAGE_ID, status=more.pop("status", PublishStatus.PUBLISHED)),
        state=state,
        books=Books(
            audience=accepted + dead + pending if audience is None else audience,
            pending=pending,
            entries=tuple(entry for entry in entries if entry.devices),
        ),
        planned=state is not State.ACCEPTED,
        open_shards=1 if pending else 0,
        unmatched=unmatched,
        accepted_ms=500,
        planned_ms=1_500,
        settled_ms=3_000 if state.terminal else None,
        **{"began_ms": 1_000} | more,
    )


#: Of what a simulator announces, what the demo's devices are made from.
ANNOUNCED = {
    "webpush": {"origin": "https://localhost:1", "p256dh": "p", "auth": "a"},
    "wns": {"origin": "https://localhost:2"},
}
