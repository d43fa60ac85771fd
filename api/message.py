"""Publish, status, cancel: Backendless' routes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query
from fastapi.concurrency import run_in_threadpool

from api.access import BASE, Caller, Publisher, Reader
from api.body import Body, decode
from api.error import BODY_ERRORS, ERRORS
from api.model import CancelReply, PublishReply, PublishRequest, StatusReply
from api.option import delivery_options, publish_options
from clarion.argument import LISTED_MAX
from clarion.message import MessageStatus, PublishStatus
from clarion.message.message import check_message_id
from clarion.status import target

router = APIRouter(prefix=f"{BASE}/messaging", tags=["Messages"])

#: Of a list.
Limit = Annotated[int, Query(ge=1, le=LISTED_MAX, description="How many at most.")]


async def _message_id(message_id: Annotated[str, Path(description="From the publish; its colon may be bare.")]) -> str:
    return check_message_id(message_id)


MessageId = Annotated[str, Depends(_message_id)]


async def _own_message_id(caller: Publisher, message_id: MessageId) -> str:
    if caller.key.channels is not None:
        addressed = await run_in_threadpool(target, caller.storage, caller.app.id, message_id)
        caller.check_channel(addressed.channel)
    return message_id


#: Of a message that the key may stop and start: what it could not have published is refused.
OwnMessageId = Annotated[str, Depends(_own_message_id)]


def status_word(status: PublishStatus) -> Any:
    """A status as publish and status replies spell it."""
    return status.lower()


def status_reply(found: MessageStatus) -> StatusReply:
    """Where a message stands, as it is answered."""
    return StatusReply(status=status_word(found.status), message_id=found.message_id, error_message=found.error_message)


def json_body(schema: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI's words for a body that we decode ourselves; what the schema defines is written where it is used."""
    inlined = _inlined({name: part for name, part in schema.items() if name != "$defs"}, schema.get("$defs", {}))
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": inlined}}}}


def _inlined(part: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(part, list):
        return [_inlined(each, definitions) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _inlined(definitions[part["$ref"].rpartition("/")[2]], definitions)
    return {name: _inlined(each, definitions) for name, each in part.items()}


# A slash in a name arrives percent-encoded and is decoded before it is matched: Clarion refuses it, by its field.
@router.post("/{channel:path}", responses=BODY_ERRORS, openapi_extra=json_body(PublishRequest.model_json_schema()))
async def publish(
    caller: Publisher,
    channel: Annotated[str, Path(description="Its name, percent-encoded. It need not exist.")],
    body: Body,
    idempotency_key: Annotated[str | None, Header(description="As `idempotencyKey` in the body.")] = None,
) -> PublishReply:
    """Publish to a channel, to operating systems, or to single devices."""
    caller.check_channel(channel)
    stored = await run_in_threadpool(_publish, caller, channel, body, idempotency_key)
    return PublishReply(
        error_message=stored.error_message, message_id=stored.message_id, status=status_word(stored.status)
    )


def _publish(caller: Caller, channel: str, body: bytes, idempotency_key: str | None) -> MessageStatus:
    fields = decode(body)
    delivery = delivery_options(fields, idempotency_key)
    if delivery.push_singlecast:
        caller.check_unbound()
    return caller.transport.publish(fields.get("message"), channel, publish_options(fields), delivery)


@router.get("/{message_id}", responses=ERRORS)
async def status(caller: Reader, message_id: MessageId) -> StatusReply:
    """Where a message stands."""
    return status_reply(await run_in_threadpool(caller.transport.status, message_id))


@router.delete("/{message_id}", responses=ERRORS)
async def cancel(caller: Publisher, message_id: OwnMessageId) -> CancelReply:
    """Cancel a message that is scheduled or under way, with its runs; what is in flight still arrives."""
    cancelled = await run_in_threadpool(caller.transport.cancel, message_id)
    return CancelReply(message_id=cancelled.message_id)
