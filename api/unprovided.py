"""Backendless' routes that this release does not serve: they say so, and are not taken for channels or messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter

from api.access import BASE, AnyCaller
from api.error import ERRORS
from clarion.errors import NotProvided

router = APIRouter(prefix=BASE, tags=["Not provided"], responses=ERRORS)

_WORD = "this operation"
_ROUTES = (
    ("POST", "/messaging/push/{template}", "push templates"),
    ("GET", "/messaging/pushtemplates", "push templates"),
    ("GET", "/messaging/pushtemplates/{device_type}", "push templates"),
    ("DELETE", "/messaging/channels/{name}", "deleting a channel"),
    ("POST", "/messaging/{channel}/subscribe", "subscribing to a channel"),
    ("GET", "/messaging/{channel}/{subscription_id}", "polling a channel"),  # also …/properties
    ("GET", "/rt/lookup", "real-time messaging"),
    ("POST", "/messaging/email", "e-mail"),
    ("POST", "/emailtemplate/send", "e-mail"),
    # Words that name no message, and but for `push` no channel.
    *(("GET", f"/messaging/{word}", _WORD) for word in ("registrations", "push", "channels", "email")),
    *(
        ("DELETE", f"/messaging/{word}", _WORD)
        for word in ("registrations", "push", "pushtemplates", "channels", "email")
    ),
    *(("POST", f"/messaging/{word}", _WORD) for word in ("pushtemplates", "channels")),
)


def _refusal(what: str) -> Callable[[AnyCaller], Awaitable[None]]:
    async def not_provided(_caller: AnyCaller) -> None:
        raise NotProvided(f"Not served by this release: {what}.")

    return not_provided


for method, path, what in _ROUTES:
    router.add_api_route(path, _refusal(what), methods=[method], include_in_schema=False)
