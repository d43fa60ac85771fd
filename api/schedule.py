"""Clarion's own routes: what waits for a time, and giving it another one."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool

from api.access import BASE, Caller, Publisher, Reader
from api.body import Body, decode
from api.error import BODY_ERRORS, ERRORS
from api.message import Limit, MessageId, OwnMessageId, json_body, status_reply
from api.model import StatusReply
from api.option import delivery_options
from api.schedule_model import (
    Appointment,
    Appointments,
    Preview,
    PreviewRequest,
    RescheduleRequest,
    Timetable,
    Timing,
)
from clarion.argument import check_limit
from clarion.message import MessageStatus

router = APIRouter(prefix=f"{BASE}/clarion", tags=["Clarion"])

_TIMING = {str(field.alias) for field in Timing.model_fields.values()}


@router.get("/schedules", responses=ERRORS)
async def schedules(caller: Reader, limit: Limit = 50) -> Appointments:
    """What waits for a time: at most `limit`, the soonest first, and then as many paused messages."""
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
    limit = check_limit(fields.get("limit", 10))
    timing = {name: value for name, value in fields.items() if name in _TIMING}
    return caller.transport.preview(delivery_options(timing), limit)


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
    """Give a message that has not started another time; the runs of a repeated one begin anew from there.

    One that is sent by each device's own clock starts when the first clocks show its time, those of UTC+14.
    """
    return status_reply(await run_in_threadpool(_reschedule, caller, message_id, body))


def _reschedule(caller: Caller, message_id: str, body: bytes) -> MessageStatus:
    fields = decode(body)
    given = delivery_options({name: fields.get(name) for name in ("publishAt", "timeZone")})
    return caller.transport.reschedule(message_id, given.publish_at, given.time_zone)
