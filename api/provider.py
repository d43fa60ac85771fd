"""How the fleet stands with each provider, and sending again by hand. For administrators."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from fastapi.concurrency import run_in_threadpool

from api.access import BASE, Administrator
from api.error import ERRORS
from api.model import ProviderStanding, ProviderStandings
from clarion.errors import InvalidField
from clarion.standing import resume, standings

router = APIRouter(prefix=f"{BASE}/clarion/providers", tags=["Clarion"])


@router.get("", responses=ERRORS)
async def list_standings(caller: Administrator) -> ProviderStandings:
    """Every credential of the application: whether the fleet sends with it, its budget, and what ends when."""
    found = await run_in_threadpool(standings, caller.storage, caller.app.id)
    return ProviderStandings(providers=[ProviderStanding.model_validate(each) for each in found])


@router.post("/{provider}/resume", responses=ERRORS)
async def resume_provider(
    caller: Administrator, provider: Annotated[str, Path(description="fcm, apns, webpush, wns or hms.")]
) -> dict[Literal["result"], Literal[True]]:
    """Send again at once with a credential that is paused, broken or parked."""
    if not await run_in_threadpool(resume, caller.storage, caller.app.id, provider):
        raise InvalidField("provider", "a provider that the application has")
    return {"result": True}
