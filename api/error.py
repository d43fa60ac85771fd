"""How an error is answered: always `{code, message, errorData}` in JSON, under one of a few HTTP statuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.model import Error
from clarion.errors import BodyTooLarge, ClarionError, InvalidField, Misconfigured, Unavailable, WrongApplication

#: Backendless answers 400 to whatever has a code; these are told apart for proxies and clients that look no further.
STATUS: Mapping[type[ClarionError], int] = {
    WrongApplication: 401,
    BodyTooLarge: 413,
    Misconfigured: 500,
    Unavailable: 503,
}

_PHRASE = {404: "There is nothing at this path.", 405: "This path does not take this method."}

#: What every route of the wire may answer, for OpenAPI.
ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": Error, "description": "The request cannot be served; `code` says why."},
    401: {"model": Error, "description": "No application has this id and key (2002)."},
    503: {
        "model": Error,
        "description": "Redis cannot be reached or refuses writes (90006). If only the reply was lost, the request "
        "took effect: a publish may be repeated with an idempotency key.",
    },
    "default": {"model": Error, "description": "Any other error, in the same form."},
}
#: What a route with a body may answer besides.
BODY_ERRORS = ERRORS | {413: {"model": Error, "description": "The body is over the application's limit (90003)."}}


def install(app: FastAPI) -> None:
    """Answer every error that a route raises."""
    app.add_exception_handler(ClarionError, _clarion)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _parameter)


def answer(status: int, code: int, message: str, data: Mapping[str, Any], headers: Any = None) -> Response:
    """The response for an error."""
    content = msgspec.json.encode({"code": code, "message": message, "errorData": data})
    return Response(content, status, headers, "application/json")


async def _clarion(_: Request, error: Exception) -> Response:
    assert isinstance(error, ClarionError)
    status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 400)
    return answer(status, error.code, error.message, error.error_data)


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = _PHRASE.get(error.status_code, error.detail)
    return answer(error.status_code, ClarionError.code, message, {}, error.headers)


async def _parameter(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    field = str(error.errors()[0]["loc"][-1])
    return await _clarion(request, InvalidField(field, "a value as /openapi.json describes it"))
