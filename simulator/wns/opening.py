"""WNS opened on one port, with both of Microsoft's token endpoints and a client for each."""

from __future__ import annotations

from simulator.grant import client
from simulator.opening import HTTP_1, Opening, bracketed
from simulator.wns.endpoint import WNSService
from simulator.wns.token import TENANT, TokenEndpoints

ENTRA_CLIENT = "5a1f0c7e-0000-4000-8000-00000000c11e"
STORE_CLIENT = "ms-app://s-1-15-2-1111111111-2222222222-3333333333-4444444444-5555555555-6666666666-7777777777"


async def open_wns(opening: Opening) -> dict[str, object]:
    """Serve; return what a sender needs.

    `origin` (a channel URI is `origin` + `/w/?token=…`), `token_endpoint`, `tenant_id`, `client_id` and `client_secret`
    (a file) of the client at Entra, `hosts`, and as `package_sid` and `package_secret` the client at the Store.
    """
    entra = client(opening.state, "wns-entra", ENTRA_CLIENT)
    store = client(opening.state, "wns-store", STORE_CLIENT)
    service = WNSService(opening.world, TokenEndpoints(opening.world.grants, entra, store))
    origin = await opening.listen("wns", service, service.provider.gauge, HTTP_1)
    return {
        "origin": origin,
        "token_endpoint": origin,
        "tenant_id": TENANT,
        "client_id": entra.id,
        "client_secret": str(entra.path),
        "package_sid": store.id,
        "package_secret": str(store.path),
        "hosts": [bracketed(opening.host)],
    }
