"""Backendless' routes that this release does not serve: they say so, and are not taken for channels or messages."""

from __future__ import annotations

from fastapi import APIRouter

from api.access import BASE, AnyCaller
from api.error import ERRORS
from clarion.errors import NotProvided

router = APIRouter(prefix=BASE, tags=["Not provided"], responses=ERRORS)

_ROUTES = (
    ("POST", "/messaging/push/{template}"),
    ("GET", "/messaging/pushtemplates"),
    ("GET", "/messaging/pushtemplates/{device_type}"),
    ("DELETE", "/messaging/channels/{name}"),
    ("POST", "/messaging/{channel}/subscribe"),
    ("GET", "/messaging/{channel}/{subscription_id}"),  # also …/properties
    ("GET", "/rt/lookup"),
    ("POST", "/messaging/email"),
    ("POST", "/emailtemplate/send"),
    # Words that name no message, and but for `push` no channel.
    *(("GET", f"/messaging/{word}") for word in ("registrations", "push", "channels", "email")),
    *(("DELETE", f"/messaging/{word}") for word in ("registrations", "push", "pushtemplates", "channels", "email")),
    *(("POST", f"/messaging/{word}") for word in ("pushtemplates", "channels")),
)


async def not_provided(_caller: AnyCaller) -> None:
    """Not provided by this release (90005)."""
    raise NotProvided("This operation is not provided by this release.")


for method, path in _ROUTES:
    router.add_api_route(path, not_provided, methods=[method], include_in_schema=False)
