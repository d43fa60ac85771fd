"""A request's body: read up to the application's limit, and decoded strictly."""

from __future__ import annotations

import json
from typing import Annotated, Any, NoReturn

import msgspec
from fastapi import Depends, Request

from api.access import AnyCaller
from clarion.errors import BodyTooLarge, NotJSON
from clarion.message.depth import DEPTH_MAX, too_deep


async def read_body(request: Request, caller: AnyCaller) -> bytes:
    """Dependency: the body as it came. No more of it is read than the application's limit.

    Raises:
        BodyTooLarge: it is longer than that.
    """
    limit = caller.app.limits.body_bytes
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        _refuse(limit)
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            _refuse(limit)
    return bytes(body)


Body = Annotated[bytes, Depends(read_body)]


def _refuse(limit: int) -> NoReturn:
    raise BodyTooLarge(f"Body too large: expected at most {limit} bytes.", limit=limit)


def decode(body: bytes) -> dict[str, Any]:
    """The JSON object that a body holds.

    Raises:
        NotJSON: it is not UTF-8, not JSON (NaN and Infinity are not), not an object, nested more than `DEPTH_MAX` deep,
            or has an object with two members of one name.
    """
    try:
        value = msgspec.json.decode(body)
        json.loads(body.decode(), object_pairs_hook=_distinct)
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        # Without the cause: a decoder's words may quote the body.
        words = str(error) if isinstance(error, _RepeatedName) else "Invalid body: expected a JSON object in UTF-8."
        raise NotJSON(words) from None
    if not isinstance(value, dict):
        raise NotJSON("Invalid body: expected a JSON object.")
    if too_deep(value):
        raise NotJSON(f"Invalid body: expected JSON nested at most {DEPTH_MAX} deep.")
    return value


class _RepeatedName(ValueError):
    pass


def _distinct(pairs: list[tuple[str, Any]]) -> None:
    if len(pairs) > 1 and len({name for name, _ in pairs}) < len(pairs):
        raise _RepeatedName("Invalid body: expected objects whose members have different names.")
