"""FCM and Google's token endpoint, opened on one port, with a key file for each project."""

from __future__ import annotations

from simulator.credential import service_account
from simulator.fcm.endpoint import OAUTH_PATH, GoogleService
from simulator.opening import Opening


async def open_fcm(opening: Opening) -> dict[str, object]:
    """Serve; return `fcm`, `token_uri`, `credentials` and `project_id` of the first project, and all `projects`."""
    world, state = opening.world, opening.state
    service = GoogleService(world)
    origin = await opening.listen("fcm", service, service.provider.gauge)
    token_uri = origin + OAUTH_PATH
    accounts = [
        service_account(state, project, token_uri, first=index == 0) for index, project in enumerate(world.projects)
    ]
    for account in accounts:
        world.oauth.admit(account, token_uri)
    return {
        "fcm": origin,
        "token_uri": token_uri,
        "credentials": str(accounts[0].path),
        "project_id": world.projects[0],
        "projects": {account.project: str(account.path) for account in accounts},
    }
