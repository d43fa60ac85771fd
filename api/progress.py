"""Clarion's own routes: a message's progress with its books, and the latest messages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool

from api.access import BASE, Reader
from api.error import ERRORS
from api.message import MessageId, status_word
from api.progress_model import Books, Held, Progress, RecentMessage, RecentMessages
from clarion import status

router = APIRouter(prefix=f"{BASE}/clarion/messages", tags=["Clarion"])


@router.get("", responses=ERRORS)
async def recent(
    caller: Reader, limit: Annotated[int, Query(ge=1, le=1000, description="How many at most.")] = 50
) -> RecentMessages:
    """The latest messages, newest first."""
    latest = await run_in_threadpool(status.recent, caller.storage, caller.app.id, limit)
    return RecentMessages(
        messages=[
            RecentMessage(
                message_id=each.message_id,
                status=status_word(each.status),
                state=each.state,
                audience=each.audience,
                accepted_ms=each.accepted_ms,
            )
            for each in latest
        ]
    )


@router.get("/{message_id}", responses=ERRORS)
async def progress(caller: Reader, message_id: MessageId) -> Progress:
    """All that is known of a message: state, times, and the books, which always add up."""
    found = await run_in_threadpool(caller.transport.progress, message_id)
    return Progress(
        message_id=message_id,
        status=status_word(found.status.status),
        error_message=found.status.error_message,
        state=found.state,
        books=Books.model_validate(found.books),
        planned=found.planned,
        open_shards=found.open_shards,
        unmatched=list(found.unmatched),
        held=[Held.model_validate(each) for each in found.held],
        accepted_ms=found.accepted_ms,
        began_ms=found.began_ms,
        planned_ms=found.planned_ms,
        settled_ms=found.settled_ms,
        due_ms=found.due_ms,
        runs=found.runs,
        missed=found.missed,
        parent=found.parent,
        rate_per_s=found.rate_per_s,
        limit_per_s=found.limit_per_s,
        ends_ms=found.ends_ms,
    )
