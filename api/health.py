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
from clarion.schedule.tick import beating
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
    """Whether a publish would be stored and delivered: Redis answers, and a worker was seen lately. Needs no key.

    Without a beat it is ready, and warns: what is published for now is delivered.
    """
    state = request.app.state
    found = await run_in_threadpool(_readiness, state.storage, state.rescue_every_s)
    response.status_code = 200 if found.ready else 503
    return found


def _readiness(storage: Storage, rescue_every_s: float) -> Readiness:
    now_ms = wall_clock_ms()
    try:
        workers = living(storage, now_ms=now_ms)
        beats = beating(storage, now_ms=now_ms, every_s=rescue_every_s)
        with storage_errors():
            storage.registry.ping()
    except Unavailable as error:
        return Readiness(ready=False, reasons=[error.message], warnings=[])
    return Readiness(
        ready=bool(workers),
        reasons=[] if workers else ["No worker was seen lately."],
        warnings=[] if beats else ["No beat was seen lately: what is delayed or repeated waits."],
    )
