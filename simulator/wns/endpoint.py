"""The HTTPS port of WNS: channels and both token endpoints, with rules, scenarios and ledger."""

from __future__ import annotations

import time

import msgspec

from simulator.exchange import PLAIN, Answer, Conduct, Limits, Reply, Request
from simulator.fault import Fault
from simulator.grant import Grant, form
from simulator.ledger import Arrival
from simulator.provider import Provider, UnknownScenario
from simulator.quota import SECOND_S
from simulator.scenario import of_token
from simulator.wns import token
from simulator.wns.error import HELD_BACK, OPTIONS, ROWS, Refusal, Row, answer, of_scenario
from simulator.wns.notification import Channel, Notification, channel, check_framing, read
from simulator.world import World

_THROTTLED = Fault("NOT_ACCEPTABLE", answer(ROWS["NOT_ACCEPTABLE"]), PLAIN, None, accept=False, retry_date_s=None)


class WNSService:
    """WNS and Microsoft's token endpoints on one port."""

    def __init__(self, world: World, tokens: token.TokenEndpoints) -> None:
        """Act on `world`; `tokens` gives access tokens."""
        self._world = world
        self._tokens = tokens
        self.provider = Provider(world, "wns", {"send": of_scenario, "token": token.of_scenario}, OPTIONS)
        self._serial = 0

    def limits(self) -> Limits:
        """Return the defaults; they concern HTTP/2 only."""
        return Limits()

    def early(self, path: str) -> Conduct | None:
        """Return the conduct of the first `…_EARLY` rule, or None."""
        return self.provider.early("token" if token.is_token_path(path.partition("?")[0]) else "send", "")

    def reply(self, request: Request) -> Reply:
        """Answer a notification, or a request for an access token."""
        now = time.time()
        if token.is_token_path(request.path.partition("?")[0]):
            return self._token(request, now)
        try:
            return self._send(request, now)
        except Refusal as refusal:
            self.provider.count(refusal.outcome)
            return Reply(refusal.answer)

    def _token(self, request: Request, now: float) -> Reply:
        lifetime_s = self._world.profile.oauth_lifetime_s
        client_id = form(request).get("client_id", "")
        return self.provider.grant(client_id, lambda: self._tokens.reply(request, lifetime_s, now), now)

    def _send(self, request: Request, now: float) -> Reply:
        if request.method != "POST":
            raise Refusal("METHOD_NOT_ALLOWED")
        check_framing(request)
        grant = self._authorized(request, now)
        found = channel(request.path)
        if found is None:
            raise Refusal("NOT_FOUND")
        if found.app not in ("", grant.account):
            raise Refusal("FORBIDDEN")
        notification = read(request)
        within = self.provider.within(grant.account, self._world.profile.wns_rate_per_s, SECOND_S, now)
        fault = self._fault(found, grant) if within else _THROTTLED
        arrival = Arrival(
            found.token,
            int(now * 1000),
            "OK",
            accepted=True,
            shown=notification.shown,
            tag=notification.tag,
            body=request.body,
            provider="wns",
            headers=notification.headers,
        )
        return self.provider.conclude(arrival, fault, self._success(notification))

    def _authorized(self, request: Request, now: float) -> Grant:
        """Count the request for its client; raise Refusal when its access token is not, or no longer, valid."""
        grant = self._world.grants.find("wns", request.headers.get(b"authorization"))
        if grant is None or now >= grant.expires_at:
            raise Refusal("UNAUTHORIZED")
        self.provider.tick(grant.credential)
        return grant

    def _fault(self, found: Channel, grant: Grant) -> Fault | None:
        """Return the fault for a channel: the first rule's, else its own scenario's."""
        try:
            fault = self.provider.fault("send", grant.account, found.token, of_token(found.token))
        except UnknownScenario as error:
            raise Refusal("BAD_REQUEST", f"Simulator: {error}", outcome="UNKNOWN_SCENARIO") from error
        if fault is not None and fault.outcome in HELD_BACK and fault.accept is None:
            return msgspec.structs.replace(fault, accept=False)
        return fault

    def _success(self, notification: Notification) -> Answer:
        self._serial += 1
        told = [(b"x-wns-msg-id", b"%016X" % self._serial)]
        if notification.asks:
            told.append((b"x-wns-deviceconnectionstatus", b"connected"))
        return answer(ROWS["RECEIVED"] if notification.asks else Row(200), *told)
