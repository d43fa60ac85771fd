"""Clarion's own routes: a message's progress with its books, and the latest messages."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool

from api.access import BASE, Reader
from api.error import ERRORS
from api.message import Limit, MessageId, status_word
from api.progress_model import Progress, RecentMessage, RecentMessages
from clarion import status

router = APIRouter(prefix=f"{BASE}/clarion/messages", tags=["Clarion"])


@router.get("", responses=ERRORS)
async def recent(caller: Reader, limit: Limit = 50) -> RecentMessages:
    """The latest messages, newest first; what waits for its time is among the schedules."""
    latest = await run_in_threadpool(status.recent, caller.storage, caller.app.id, limit)
    told = (msgspec.structs.asdict(each) | {"status": status_word(each.status)} for each in latest)
    return RecentMessages(messages=[RecentMessage.model_validate(each) for each in told])


@router.get("/{message_id}", responses=ERRORS)
async def progress(caller: Reader, message_id: MessageId) -> Progress:
    """All that is known of a message: state, times, and the books, which always add up."""
    found = await run_in_threadpool(caller.transport.progress, message_id)
    words = {
        "status": status_word(found.status.status),
        "message_id": found.status.message_id,
        "error_message": found.status.error_message,
    }
    return Progress.model_validate(msgspec.structs.asdict(found) | words)
