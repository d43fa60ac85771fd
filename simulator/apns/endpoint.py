"""One of the two HTTPS ports of APNs: notifications, with rules, scenarios, and the moods of a connection."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import msgspec

from simulator.apns.authorization import Keyring, admit
from simulator.apns.error import Refusal, error, stamped
from simulator.apns.notification import Notification, kept_until, read, shows
from simulator.apns.team import SANDBOX
from simulator.exchange import Action, Answer, Conduct, Header, Limits, Reply, Request
from simulator.fault import Fault
from simulator.http2.frame import Code
from simulator.ledger import Arrival
from simulator.provider import Provider, UnknownScenario
from simulator.shelf import OFFLINE

#: Request headers that the control plane shows.
KEPT = (b"apns-topic", b"apns-push-type", b"apns-priority", b"apns-expiration", b"apns-id", b"apns-collapse-id")
_OK, _BAD_REQUEST, _GONE, _SERVER_ERROR = 200, 400, 410, 500
_SILENCE = Reply(Answer(_OK), Conduct(Action.BLACKHOLE))


class APNsService:
    """Production or sandbox.

    Args:
        provider: what both share.
        keyring: who may send.
        environment: which of the two this is.
    """

    def __init__(self, provider: Provider, keyring: Keyring, environment: str) -> None:
        self.provider = provider
        self._world = provider.world
        self._keyring = keyring
        self._environment = environment
        self._is_sandbox = environment == SANDBOX

    def limits(self) -> Limits:
        """Return the limits of a new connection: one stream until the first valid request."""
        profile = self._world.profile
        return Limits(1, profile.initial_window_size, profile.idle_timeout_s)

    def early(self, _path: str) -> Conduct | None:
        """Return the conduct of the first `…_EARLY` rule, or None; a path tells no topic."""
        return self.provider.early("send", "")

    def reply(self, request: Request) -> Reply:
        """Answer a notification."""
        if "wedged" in request.memory:
            self.provider.count("WEDGED")
            return _SILENCE
        apns_id = request.headers.get(b"apns-id") or str(uuid4()).upper().encode()
        try:
            reply = self._send(request, ((b"apns-id", apns_id),))
        except Refusal as refusal:
            self.provider.count(refusal.reason)
            reply = self._refused(refusal.reason, request.memory)
        if reply.answer.status == _OK:
            return self._with_streams(reply, request.memory)
        answer = reply.answer
        reply = Reply(Answer(answer.status, answer.body, (*answer.headers, (b"apns-id", apns_id))), reply.conduct)
        return self._with_streams(reply, request.memory)

    def _send(self, request: Request, identity: tuple[Header, ...]) -> Reply:
        now, memory, headers = time.time(), request.memory, request.headers
        notification = read(request)
        if notification.is_sandbox is not self._is_sandbox:
            self._world.ledger.record(_arrival(request, notification, now, "BadDeviceToken", is_shown=False))
            return self._refused("BadDeviceToken", memory)
        grant = self._keyring.grant(headers.get(b"authorization"))
        self.provider.tick(grant.credential)
        admit(grant, notification.topic, self._environment, memory, now)
        memory["admitted"] = True
        is_shown = shows(request.body, headers.get(b"apns-push-type"))
        if self._is_sandbox:
            identity = (*identity, (b"apns-unique-id", str(uuid4()).encode()))
        arrival = _arrival(request, notification, now, "OK", is_shown=is_shown)
        try:
            fault = self._fault(notification, arrival.at)
        except UnknownScenario as unknown:
            self.provider.count("UNKNOWN_SCENARIO")
            return Reply(error("UnknownScenario", _BAD_REQUEST, simulator=str(unknown)))
        reply = self.provider.conclude(arrival, fault, Answer(_OK, b"", identity))
        if fault is None:
            return reply
        if fault.outcome == OFFLINE:
            # APNs keeps one notification for each app of a device.
            self.provider.keep(arrival, notification.topic, kept_until(headers, now), now)
        return self._after(fault.outcome, reply, memory)

    def _fault(self, notification: Notification, now_ms: int) -> Fault | None:
        fault = self.provider.fault("send", notification.topic, notification.token, notification.scenario)
        if fault is None or fault.answer is None:
            return fault
        return msgspec.structs.replace(fault, answer=stamped(fault.answer, now_ms))

    def _refused(self, reason: str, memory: dict[str, Any]) -> Reply:
        return self._after(reason, self.provider.travel(error(reason)), memory)

    def _after(self, reason: str, reply: Reply, memory: dict[str, Any]) -> Reply:
        """Return what an error does to its connection beside being answered."""
        if reason == "ExpiredProviderToken":
            memory["wedged"] = True
        if reason == "BadDeviceToken":
            memory["bad_tokens"] = memory.get("bad_tokens", 0) + 1
            if memory["bad_tokens"] == self._world.profile.apns_bad_tokens:
                debug = b'{"reason":"BadDeviceToken"}'
                conduct = msgspec.structs.replace(
                    reply.conduct, action=Action.GOAWAY, code=int(Code.NO_ERROR), debug=debug, covered=True
                )
                return Reply(reply.answer, conduct)
        return reply

    def _with_streams(self, reply: Reply, memory: dict[str, Any]) -> Reply:
        """Return a reply with the stream limit that the connection has from now on, if it is another one."""
        if reply.conduct.max_streams is not None:
            memory["streams"] = reply.conduct.max_streams
            return reply
        profile, status, announced = self._world.profile, reply.answer.status, memory.get("streams")
        wanted = announced
        if profile.apns_strict_streams and _BAD_REQUEST <= status < _SERVER_ERROR and status != _GONE:
            wanted = 1
        elif "admitted" in memory and (announced is None or (profile.apns_strict_streams and status == _OK)):
            wanted = profile.max_concurrent_streams
        if wanted in (announced, None) or (announced is None and wanted == 1):
            return reply
        memory["streams"] = wanted
        return Reply(reply.answer, msgspec.structs.replace(reply.conduct, max_streams=wanted))


def _arrival(request: Request, notification: Notification, now: float, outcome: str, *, is_shown: bool) -> Arrival:
    headers = {name.decode(): value.decode("latin-1") for name in KEPT if (value := request.headers.get(name))}
    at, is_accepted = int(now * 1000), outcome == "OK"
    token, tag = notification.token, notification.tag
    return Arrival(token, at, outcome, is_accepted, is_shown, tag, request.body, "apns", headers)
