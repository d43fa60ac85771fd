"""The control plane: plain HTTP and JSON to read what arrived and to change how the provider behaves."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlsplit

import msgspec

from simulator.exchange import Answer, Conduct, Limits, Reply, Request
from simulator.profile import merged
from simulator.rule import Rule
from simulator.world import World

Query = dict[str, str]
Handler = Callable[[Query, bytes], Any]
_DEFAULT_LIMIT = 1_000


class Revocation(msgspec.Struct, forbid_unknown_fields=True):
    """Body of POST /revoke."""

    #: a project, or whatever the provider calls the account of an app; None = the access tokens of all
    project: str | None = None


class ConnectionOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Body of POST /connections: what to do to every live connection, or to the next ones."""

    action: Literal["goaway", "drop", "fail_handshake"]
    #: None = all providers
    provider: str | None = None
    #: with `fail_handshake`: so many of the next TLS handshakes of each provider fail; 0 = none any more
    count: Annotated[int, msgspec.Meta(ge=0)] = 1


class Waking(msgspec.Struct, forbid_unknown_fields=True):
    """Body of POST /wake: which devices come back."""

    #: None = all providers
    provider: str | None = None
    token_prefix: str = ""


class ControlService:
    """Answers the control port's requests."""

    def __init__(self, world: World) -> None:
        """Read and change `world`."""
        self._world = world
        self._routes: dict[tuple[str, str], Handler] = {
            ("GET", "/counts"): self._counts,
            ("GET", "/ledger"): self._ledger,
            ("GET", "/received"): self._received,
            ("POST", "/reset"): self._reset,
            ("GET", "/rules"): lambda _query, _body: world.rules.rules,
            ("POST", "/rules"): self._add_rules,
            ("DELETE", "/rules"): self._remove_rules,
            ("POST", "/revoke"): self._revoke,
            ("GET", "/profile"): lambda _query, _body: world.profile,
            ("POST", "/profile"): self._profile,
            ("POST", "/connections"): self._connections,
            ("POST", "/wake"): self._wake,
        }

    def limits(self) -> Limits:
        """Return the defaults; they concern HTTP/2 only."""
        return Limits()

    def early(self, _path: str) -> Conduct | None:
        """Return None: the control plane has no faults."""
        return None

    def reply(self, request: Request) -> Reply:
        """Answer 200 with JSON, 400 with what was wrong, or 404."""
        url = urlsplit(request.path)
        handler = self._routes.get((request.method, url.path))
        if handler is None:
            routes = [f"{method} {path}" for method, path in self._routes]
            return _json(404, {"error": "no such route", "routes": routes})
        try:
            return _json(200, handler(dict(parse_qsl(url.query)), request.body))
        except (ValueError, KeyError) as error:
            return _json(400, {"error": str(error)})

    def _counts(self, _query: Query, _body: bytes) -> Any:
        mints = self._world.grants.mints
        connections = {name: provider.gauge.report() for name, provider in self._world.providers.items()}
        return self._world.ledger.totals() | {
            "mints": sum(mints.values()),
            "mints_per_credential": mints,
            "connections": _sum(connections.values()),
            "connections_per_provider": connections,
            "waiting": {
                name: {"held": provider.shelf.held, "lost": provider.shelf.lost}
                for name, provider in self._world.providers.items()
                if provider.shelf is not None
            },
        }

    def _ledger(self, query: Query, _body: bytes) -> Any:
        limit = int(query.get("limit", _DEFAULT_LIMIT))
        return {"tokens": dict(self._world.ledger.tokens(query.get("prefix", ""), limit))}

    def _received(self, query: Query, _body: bytes) -> Any:
        if "token" not in query:
            raise ValueError("token is missing")
        return {"messages": self._world.ledger.received(query["token"])}

    def _reset(self, _query: Query, _body: bytes) -> Any:
        self._world.reset()
        return {}

    def _add_rules(self, _query: Query, body: bytes) -> Any:
        rules = msgspec.json.decode(body, type=Rule | list[Rule])
        listed = rules if isinstance(rules, list) else [rules]
        for rule in listed:
            (provider,) = self._world.chosen(rule.provider)
            provider.check(rule)
        return {"rules": [self._world.rules.add(rule) for rule in listed]}

    def _remove_rules(self, query: Query, _body: bytes) -> Any:
        return {"removed": self._world.rules.remove(int(query["id"]) if "id" in query else None)}

    def _revoke(self, _query: Query, body: bytes) -> Any:
        order = msgspec.json.decode(body or b"{}", type=Revocation)
        return {"revoked": self._world.grants.revoke(order.project)}

    def _profile(self, _query: Query, body: bytes) -> Any:
        self._world.set_profile(merged(self._world.profile, body))
        return self._world.profile

    def _wake(self, _query: Query, body: bytes) -> Any:
        order, now = msgspec.json.decode(body or b"{}", type=Waking), time.time()
        return {"delivered": sum(each.wake(order.token_prefix, now) for each in self._world.chosen(order.provider))}

    def _connections(self, _query: Query, body: bytes) -> Any:
        order = msgspec.json.decode(body, type=ConnectionOrder)
        if order.action == "fail_handshake":
            chosen = self._world.chosen(order.provider)
            for provider in chosen:
                provider.gauge.handshakes_to_fail = order.count
            return {"handshakes": order.count * len(chosen)}
        live = self._world.connections(order.provider)
        for connection in live:
            if order.action == "goaway":
                connection.go_away()
            else:
                connection.drop()
        return {"connections": len(live)}


def _sum(reports: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for report in reports:
        total.update(report)
    return dict(total)


def _json(status: int, content: Any) -> Reply:
    return Reply(Answer(status, msgspec.json.encode(content)))
