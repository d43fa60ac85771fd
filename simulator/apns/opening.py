"""APNs, opened on two ports that speak HTTP/2 alone, with a signing key for each project."""

from __future__ import annotations

from simulator.apns.authorization import Keyring
from simulator.apns.endpoint import APNsService
from simulator.apns.error import ERROR_OPTIONS, of_scenario
from simulator.apns.team import team
from simulator.opening import HTTP_2, Opening
from simulator.provider import Provider


async def open_apns(opening: Opening) -> dict[str, object]:
    """Serve; return both endpoints, key, team and topic of the first project, and those of all `projects`."""
    provider = Provider(opening.world, "apns", {"send": of_scenario}, ERROR_OPTIONS)
    teams = {project: team(opening.state, project, number) for number, project in enumerate(opening.world.projects, 1)}
    keyring = Keyring(teams.values())
    production, sandbox = (APNsService(provider, keyring, is_sandbox=is_sandbox) for is_sandbox in (False, True))
    endpoints = {
        "endpoint": await opening.listen(production, provider.gauge, HTTP_2, opening.ports.get("apns", 0)),
        "sandbox_endpoint": await opening.listen(sandbox, provider.gauge, HTTP_2),
    }
    projects = {
        project: {"key_file": str(each.path), "key_id": each.key_id, "team_id": each.team_id, "topic": each.topic}
        for project, each in teams.items()
    }
    return {**endpoints, **projects[opening.world.projects[0]], "projects": projects}
