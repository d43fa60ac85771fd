"""HMS opened on one port: messages of both versions and the token endpoint, with a client and a service account."""

from __future__ import annotations

from simulator.grant import client
from simulator.hms.account import service_account
from simulator.hms.endpoint import HMSService
from simulator.hms.token import TOKEN_PATH, TokenEndpoint
from simulator.opening import Opening

CLIENT_ID, PROJECT_ID = "104729001", "737518067793000001"


async def open_hms(opening: Opening) -> dict[str, object]:
    """Serve; return what a sender needs.

    `endpoint`, `token_endpoint`, `client_id`, `client_secret` (a file), `project_id`, and as `service_account` the file
    of a key whose JWTs are taken instead of access tokens.
    """
    known = client(opening.state, "hms", CLIENT_ID)
    account = service_account(opening.state, PROJECT_ID)
    tokens = TokenEndpoint(opening.world.grants, known)
    service = HMSService(opening.world, tokens, account, PROJECT_ID)
    origin = await opening.listen("hms", service, service.provider.gauge)
    account.admit(origin + TOKEN_PATH)
    return {
        "endpoint": origin,
        "token_endpoint": origin,
        "client_id": known.id,
        "client_secret": str(known.path),
        "project_id": PROJECT_ID,
        "service_account": str(account.path),
    }
