"""Clarion's own routes: what waits for a time, and giving it another one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool

from api.access import BASE, Caller, Publisher, Reader
from api.body import Body, decode
from api.error import BODY_ERRORS, ERRORS
from api.message import MessageId, OwnMessageId, json_body, status_reply
from api.model import StatusReply
from api.option import delivery_options
from api.schedule_model import Appointment, Appointments, Preview, PreviewRequest, RescheduleRequest, Timetable
from clarion.errors import InvalidField, InvalidSchedule
from clarion.message import MessageStatus
from clarion.message.field import is_whole

router = APIRouter(prefix=f"{BASE}/clarion", tags=["Clarion"])

_MOST = 1000
Limit = Annotated[int, Query(ge=1, le=_MOST, description="How many at most.")]


@router.get("/schedules", responses=ERRORS)
async def schedules(caller: Reader, limit: Limit = 50) -> Appointments:
    """What waits for a time, the soonest first, paused messages last."""
    found = await run_in_threadpool(caller.transport.schedules, limit)
    return Appointments(schedules=[Appointment.model_validate(each) for each in found])


@router.get("/schedules/{message_id}", responses=ERRORS)
async def schedule(caller: Reader, message_id: MessageId, limit: Limit = 20) -> Timetable:
    """When a message is due, its runs so far, and the next."""
    return Timetable.model_validate(await run_in_threadpool(caller.transport.schedule, message_id, limit))


@router.post("/schedules/preview", responses=BODY_ERRORS, openapi_extra=json_body(PreviewRequest.model_json_schema()))
async def preview(caller: Publisher, body: Body) -> Preview:
    """When a publish would start, and start again. Nothing is stored."""
    return Preview(instants=await run_in_threadpool(_preview, caller, body))


def _preview(caller: Caller, body: bytes) -> list[int]:
    fields = decode(body)
    limit = fields.get("limit", 10)
    if not is_whole(limit, 1, _MOST):
        raise InvalidField("limit", f"a whole number from 1 to {_MOST}")
    return caller.transport.preview(delivery_options(fields), limit)


@router.post("/messages/{message_id}/pause", responses=ERRORS)
async def pause(caller: Publisher, message_id: OwnMessageId) -> StatusReply:
    """Send nothing more of a message, nor of its runs, until it is resumed; what is in flight still arrives."""
    return status_reply(await run_in_threadpool(caller.transport.pause, message_id))


@router.post("/messages/{message_id}/resume", responses=ERRORS)
async def resume(caller: Publisher, message_id: OwnMessageId) -> StatusReply:
    """Go on with a paused message where it stood; what became due meanwhile starts at once."""
    return status_reply(await run_in_threadpool(caller.transport.resume, message_id))


@router.post(
    "/messages/{message_id}/reschedule",
    responses=BODY_ERRORS,
    openapi_extra=json_body(RescheduleRequest.model_json_schema()),
)
async def reschedule(caller: Publisher, message_id: OwnMessageId, body: Body) -> StatusReply:
    """Give a message that has not started another time; the runs of a repeated one begin anew from there."""
    return status_reply(await run_in_threadpool(_reschedule, caller, message_id, body))


def _reschedule(caller: Caller, message_id: str, body: bytes) -> MessageStatus:
    fields = decode(body)
    if "publishAt" not in fields:  # a slip of the pen must not send it at once
        raise InvalidSchedule("publishAt", "a time; 0 is now")
    given = delivery_options({name: fields.get(name) for name in ("publishAt", "timeZone")})
    return caller.transport.reschedule(message_id, given.publish_at, given.time_zone)
