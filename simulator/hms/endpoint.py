"""The HTTPS port of HMS: messages for many devices at once and the token endpoint, with rules, scenarios and ledger."""

from __future__ import annotations

import re
import time

import msgspec

from simulator.exchange import PLAIN, Answer, Conduct, Limits, Reply, Request
from simulator.fault import Fault
from simulator.grant import form
from simulator.hms import token
from simulator.hms.account import Proof, ServiceAccount
from simulator.hms.error import (
    ALL_ILLEGAL,
    BARE,
    DELIVERED,
    ILLEGAL,
    Refusal,
    of_scenario,
    partial,
    refusal,
    success,
)
from simulator.hms.message import Message, read
from simulator.ledger import Arrival
from simulator.provider import Provider, UnknownScenario
from simulator.quota import SECOND_S
from simulator.scenario import of_token
from simulator.world import World

_SEND = re.compile("/(v1|v2)/([^/?]+)/messages:send")
_FLOW_CONTROL = Fault("FLOW_CONTROL", BARE["HTTP_503"], PLAIN, None, accept=False, retry_date_s=None)


class HMSService:
    """HMS and its token endpoint on one port."""

    def __init__(self, world: World, tokens: token.TokenEndpoint, account: ServiceAccount, project_id: str) -> None:
        """Act on `world` for one client, one service account and one project."""
        self._world = world
        self._tokens = tokens
        self._client_id = tokens.client.id
        self._account = account
        self._accounts = {"v1": tokens.client.id, "v2": project_id}
        self.provider = Provider(world, "hms", {"send": of_scenario, "token": token.of_scenario})
        self._serial = 0

    def limits(self) -> Limits:
        """Return the limits of the current profile."""
        profile = self._world.profile
        return Limits(profile.max_concurrent_streams, profile.initial_window_size, profile.idle_timeout_s)

    def early(self, path: str) -> Conduct | None:
        """Return the conduct of the first `…_EARLY` rule, or None."""
        return self.provider.early("token" if path.partition("?")[0] == token.TOKEN_PATH else "send", "")

    def reply(self, request: Request) -> Reply:
        """Answer a message, or a request for an access token."""
        now = time.time()
        path = request.path.partition("?")[0]
        if path == token.TOKEN_PATH:
            return self._token(request, now)
        match = _SEND.fullmatch(path)
        if match is None or request.method != "POST":
            self.provider.count("HTTP_404")
            return Reply(BARE["HTTP_404"])
        try:
            return self._send(request, match[1], match[2], now)
        except Refusal as refused:
            self.provider.count(refused.outcome)
            return self.provider.travel(refused.answer)

    def _token(self, request: Request, now: float) -> Reply:
        lifetime_s = self._world.profile.oauth_lifetime_s
        client_id = form(request).get("client_id", "")
        return self.provider.grant(client_id, lambda: self._tokens.reply(request, lifetime_s, now), now)

    def _send(self, request: Request, version: str, account: str, now: float) -> Reply:
        self._authorize(request, now)
        if account != self._accounts[version]:
            raise refusal("80300002")
        message = read(request.body)
        self.provider.tick(f"hms:{self._client_id}", len(message.tokens))
        limit = self._world.profile.hms_rate_per_s
        if not self.provider.within(self._client_id, limit, SECOND_S, now, len(message.tokens)):
            return self._conclude(request, message, _FLOW_CONTROL, (), now)
        fault = self._fault(message.tokens[0])
        illegal = [each for each in message.tokens if _is_illegal(each)] if fault is None else []
        return self._conclude(request, message, fault, illegal, now)

    def _authorize(self, request: Request, now: float) -> None:
        authorization = request.headers.get(b"authorization")
        grant = self._world.grants.find("hms", authorization)
        if grant is not None:
            if now >= grant.expires_at:
                raise refusal("80200003")
            return
        proof = self._account.check(authorization, now)
        if proof is not Proof.VALID:
            raise refusal("80200005" if proof is Proof.EXPIRED else "80200001")

    def _fault(self, first: str) -> Fault | None:
        """Return the fault of a whole request: the first rule's for its first token, else that token's own."""
        scenario = None if _is_illegal(first) else of_token(first)
        try:
            fault = self.provider.fault("send", self._client_id, first, scenario)
        except UnknownScenario as error:
            raise Refusal("UNKNOWN_SCENARIO", refusal("80100001", f"Simulator: {error}").answer) from error
        if fault is not None and fault.accept is None and fault.answer is not None and fault.outcome not in DELIVERED:
            return msgspec.structs.replace(fault, accept=False)
        return fault

    def _conclude(
        self, request: Request, message: Message, fault: Fault | None, illegal: list[str] | tuple[()], now: float
    ) -> Reply:
        """Write every device's arrival into the ledger, and answer for all of them."""
        dead = frozenset(illegal)
        answer = self._answer(message, illegal)
        reply = Reply(answer)
        for device in message.tokens:
            accepted = device not in dead and not message.validate_only
            outcome = ILLEGAL if device in dead else "VALIDATED" if message.validate_only else "OK"
            at = int(now * 1000)
            arrival = Arrival(device, at, outcome, accepted, message.shown, message.tag, request.body, "hms")
            reply = self.provider.conclude(arrival, fault, answer)
        return reply

    def _answer(self, message: Message, illegal: list[str] | tuple[()]) -> Answer:
        self._serial += 1
        if not illegal:
            return success(self._serial)
        if len(illegal) == len(message.tokens):
            return refusal(ALL_ILLEGAL).answer
        return partial(len(message.tokens), illegal)


def _is_illegal(device: str) -> bool:
    scenario = of_token(device)
    return scenario is not None and scenario.partition(";")[0] == ILLEGAL
