"""For whoever watches this server, and for SDKs that ask where they are. Nothing here is secret."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.access import BASE, AnyCaller
from api.error import ERRORS
from api.model import Health, Info, Readiness
from clarion.clock import wall_clock_ms
from clarion.errors import Unavailable
from clarion.presence import living
from clarion.storage import Storage
from clarion.storage.connection import storage_errors

router = APIRouter(tags=["Server"])


@router.get(f"{BASE}/info", responses=ERRORS)
async def info(request: Request, caller: AnyCaller) -> Info:
    """What an SDK asks for when it starts."""
    return Info(rt_url=str(request.base_url).rstrip("/"), app_id=caller.app.id, api_key=caller.key.key)


@router.get("/healthz")
async def healthz() -> Health:
    """Whether the process lives. Needs no key."""
    return Health()


@router.get("/readyz", responses={503: {"model": Readiness, "description": "Not ready."}})
async def readyz(request: Request, response: Response) -> Readiness:
    """Whether a publish would be stored and delivered: Redis answers, and a worker was seen lately. Needs no key."""
    reasons = await run_in_threadpool(_reasons, request.app.state.storage)
    response.status_code = 503 if reasons else 200
    return Readiness(ready=not reasons, reasons=reasons)


def _reasons(storage: Storage) -> list[str]:
    try:
        workers = living(storage, now_ms=wall_clock_ms())
        with storage_errors():
            storage.registry.ping()
    except Unavailable as error:
        return [error.message]
    return [] if workers else ["No worker was seen lately."]
