"""Devices register, are read, and unregister: Backendless' routes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.concurrency import run_in_threadpool

from api.access import BASE, Caller, Registrar
from api.body import Body, decode
from api.error import BODY_ERRORS, ERRORS
from api.message import json_body
from api.model import Registration, RegistrationReply, RegistrationRequest, UnregistrationReply

router = APIRouter(prefix=f"{BASE}/messaging/registrations", tags=["Devices"])

# An id may hold a slash; it arrives percent-encoded and is decoded before it is matched.
DeviceId = Annotated[str, Path(description="The app's own name for the device, percent-encoded.")]


@router.post("", responses=BODY_ERRORS, openapi_extra=json_body(RegistrationRequest.model_json_schema()))
async def register(caller: Registrar, body: Body) -> RegistrationReply:
    """Register a device, or replace its registration."""
    return RegistrationReply(registration_id=await run_in_threadpool(_register, caller, body))


def _register(caller: Caller, body: bytes) -> str:
    return caller.transport.register(decode(body))


@router.get("/{device_id:path}", responses=ERRORS)
async def registrations(caller: Registrar, device_id: DeviceId) -> list[Registration]:
    """The registration of a device, as an array of one."""
    found = await run_in_threadpool(caller.transport.registrations, device_id)
    return [Registration.model_validate(each) for each in found]


@router.delete("/{device_id:path}", responses=ERRORS)
async def unregister(
    caller: Registrar,
    device_id: DeviceId,
    channel: Annotated[list[str] | None, Query(description="A channel to leave; none is all, and the device.")] = None,
) -> UnregistrationReply:
    """Unregister a device, wholly or from some channels."""
    await run_in_threadpool(caller.transport.unregister, device_id, channel)
    return UnregistrationReply(result=True)
