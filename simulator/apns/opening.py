"""APNs, opened on two ports that speak HTTP/2 alone, with a signing key for each project."""

from __future__ import annotations

from simulator.apns.authorization import Keyring
from simulator.apns.endpoint import APNsService
from simulator.apns.error import OPTIONS, of_scenario
from simulator.apns.team import PRODUCTION, SANDBOX, Team, team
from simulator.opening import HTTP_2, Opening
from simulator.provider import Provider
from simulator.shelf import Shelf


async def open_apns(opening: Opening) -> dict[str, object]:
    """Serve; return both endpoints, keys, team and topic of the first project, and those of all `projects`."""
    provider = Provider(opening.world, "apns", {"send": of_scenario}, OPTIONS, Shelf(keys_max=None, others_max=0))
    teams = {project: team(opening.state, project, number) for number, project in enumerate(opening.world.projects, 1)}
    keyring = Keyring(teams.values())
    production, sandbox = (APNsService(provider, keyring, environment) for environment in (PRODUCTION, SANDBOX))
    endpoints = {
        "endpoint": await opening.listen("apns", production, provider.gauge, HTTP_2),
        "sandbox_endpoint": await opening.listen("apns-sandbox", sandbox, provider.gauge, HTTP_2),
    }
    projects = {project: _announced(each) for project, each in teams.items()}
    return {**endpoints, **projects[opening.world.projects[0]], "projects": projects}


def _announced(team: Team) -> dict[str, str]:
    announced = {"team_id": team.id, "topic": team.topic}
    for prefix, key in zip(("", f"{PRODUCTION}_", f"{SANDBOX}_"), team.keys, strict=True):
        announced |= {f"{prefix}key_file": str(key.path), f"{prefix}key_id": key.id}
    return announced
