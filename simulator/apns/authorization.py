"""Provider tokens: whose they are, and what a connection puts up with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import jwt
import msgspec

from simulator.apns.error import Refusal
from simulator.apns.team import SigningKey, Team

#: How far from now a token's `iat` may be, either way.
WINDOW_S = 3_600
#: One connection sees another `iat` no sooner than this.
UPDATE_S = 1_200
_CACHE_SIZE = 1_024
_SCHEME = b"bearer "
_UNCHECKED = {f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}


class Grant(msgspec.Struct, frozen=True):
    """A provider token with a good signature."""

    team: Team
    key: SigningKey
    #: epoch seconds
    issued_at: float
    #: the name under which its requests are counted
    credential: str


class Keyring:
    """The teams' public keys, and the tokens that were verified with them."""

    def __init__(self, teams: Iterable[Team]) -> None:
        self._keys = {key.id: (team, key) for team in teams for key in team.keys}
        self._grants: dict[bytes, Grant] = {}

    def grant(self, authorization: bytes | None) -> Grant:
        """Return what an `authorization` header stands for; raise Refusal when it stands for nothing.

        Every token is verified once: a sender repeats it for an hour.
        """
        grant = self._grants.get(authorization or b"")
        if grant is not None:
            return grant
        if authorization is None or authorization[: len(_SCHEME)].lower() != _SCHEME:
            raise Refusal("MissingProviderToken")
        grant = self._verified(authorization[len(_SCHEME) :])
        if len(self._grants) >= _CACHE_SIZE:
            self._grants.clear()
        self._grants[authorization] = grant
        return grant

    def _verified(self, token: bytes) -> Grant:
        try:
            known = self._keys.get(str(jwt.get_unverified_header(token).get("kid")))
            if known is None:
                raise Refusal("InvalidProviderToken")
            team, key = known
            claims = jwt.decode(token, key.public, algorithms=["ES256"], options=_UNCHECKED)  # type: ignore[arg-type]
        except (jwt.InvalidTokenError, ValueError):
            raise Refusal("InvalidProviderToken") from None
        issued_at = claims.get("iat")
        if claims.get("iss") != team.id or isinstance(issued_at, bool) or not isinstance(issued_at, int | float):
            raise Refusal("InvalidProviderToken")
        return Grant(team, key, issued_at, f"apns:{team.id}.{key.id}")


def admit(grant: Grant, topic: str, environment: str, memory: dict[str, Any], now: float) -> None:
    """Let a connection use a grant for a topic; raise Refusal when it may not.

    Args:
        grant: what the request brought.
        topic: what it wants to send to.
        environment: where: production or sandbox.
        memory: the connection's: the first request binds it to its team and key.
        now: epoch seconds.
    """
    bound = memory.get("grant", grant)
    if bound.team.id != grant.team.id or not grant.team.owns(topic):
        raise Refusal("InvalidProviderToken")
    if environment not in grant.key.environments:
        raise Refusal("BadEnvironmentKeyIdInToken")
    if bound.key.id != grant.key.id:
        raise Refusal("UnrelatedKeyIdInToken")
    age_s = now - grant.issued_at
    if age_s > WINDOW_S:
        raise Refusal("ExpiredProviderToken")
    if age_s < -WINDOW_S:
        raise Refusal("InvalidProviderToken")
    if "grant" not in memory or bound.issued_at != grant.issued_at:
        if now - memory.get("updated_at", 0) < UPDATE_S:
            raise Refusal("TooManyProviderTokenUpdates")
        memory |= {"grant": grant, "updated_at": now}
