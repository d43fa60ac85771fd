"""Provider tokens: whose they are, and what a connection puts up with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import jwt
import msgspec

from simulator.apns.error import Refusal
from simulator.apns.team import Team

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
    #: epoch seconds
    issued_at: float


class Keyring:
    """The teams' public keys, and the tokens that were verified with them."""

    def __init__(self, teams: Iterable[Team]) -> None:
        self._teams = {team.key_id: team for team in teams}
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
            team = self._teams.get(str(jwt.get_unverified_header(token).get("kid")))
            if team is None:
                raise Refusal("InvalidProviderToken")
            claims = jwt.decode(token, team.public_key, algorithms=["ES256"], options=_UNCHECKED)  # type: ignore[arg-type]
        except (jwt.InvalidTokenError, ValueError):
            raise Refusal("InvalidProviderToken") from None
        issued_at = claims.get("iat")
        if claims.get("iss") != team.team_id or isinstance(issued_at, bool) or not isinstance(issued_at, int | float):
            raise Refusal("InvalidProviderToken")
        return Grant(team, issued_at)


def admit(grant: Grant, topic: str, memory: dict[str, Any], now: float) -> None:
    """Let a connection use a grant for a topic; raise Refusal when it may not.

    Args:
        grant: what the request brought.
        topic: what it wants to send to.
        memory: the connection's: the first request binds it to its team.
        now: epoch seconds.
    """
    if memory.get("team", grant.team.team_id) != grant.team.team_id or not grant.team.owns(topic):
        raise Refusal("InvalidProviderToken")
    age_s = now - grant.issued_at
    if age_s > WINDOW_S:
        raise Refusal("ExpiredProviderToken")
    if age_s < -WINDOW_S:
        raise Refusal("InvalidProviderToken")
    if memory.get("issued_at") != grant.issued_at:
        if now - memory.get("updated_at", 0) < UPDATE_S:
            raise Refusal("TooManyProviderTokenUpdates")
        memory |= {"team": grant.team.team_id, "issued_at": grant.issued_at, "updated_at": now}
