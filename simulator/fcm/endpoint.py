"""The HTTPS port of Google: messages:send and the token endpoint, with rules, scenarios, quota and ledger."""

from __future__ import annotations

import time
from functools import lru_cache
from urllib.parse import unquote

from simulator.exchange import PLAIN, Answer, Conduct, Limits, Reply, Request
from simulator.fault import Fault
from simulator.fcm import device
from simulator.fcm.error import OPTIONS, RAW, ROWS, Refusal, Violation, envelope, invalid_argument, of_scenario
from simulator.fcm.message import Message, read
from simulator.ledger import Arrival
from simulator.oauth import of_scenario as token_error
from simulator.provider import Provider, UnknownScenario
from simulator.quota import MINUTE_S
from simulator.scenario import Scenario, of_token
from simulator.shelf import OFFLINE
from simulator.world import World

OAUTH_PATH = "/token"
_SEND_PREFIX = "/v1/projects/"
_SEND_SUFFIX = "/messages:send"
_UNAUTHENTICATED = envelope(
    ROWS["UNAUTHENTICATED"], ((b"www-authenticate", b'Bearer realm="https://accounts.google.com/"'),)
)
_PROJECT_SPENT, _DEVICE_SPENT = (
    Fault(name, envelope(ROWS[name]), PLAIN, None, accept=False, retry_date_s=None)
    for name in ("QUOTA_EXCEEDED", "DEVICE_QUOTA_EXCEEDED")
)


@lru_cache(maxsize=256)
def _project_of(path: str) -> str | None:
    """Return the project of a messages:send path, or None for another path."""
    path = path.partition("?")[0]
    if not path.startswith(_SEND_PREFIX) or not path.endswith(_SEND_SUFFIX):
        return None
    project = unquote(path[len(_SEND_PREFIX) : -len(_SEND_SUFFIX)])
    return None if "/" in project else project


class GoogleService:
    """FCM and Google's token endpoint on one port."""

    def __init__(self, world: World) -> None:
        """Act on `world`."""
        self._world = world
        self.provider = Provider(world, "fcm", {"send": of_scenario, "token": token_error}, OPTIONS, device.shelf())
        self._serial = 0

    def limits(self) -> Limits:
        """Return the limits of the current profile."""
        profile = self._world.profile
        return Limits(profile.max_concurrent_streams, profile.initial_window_size, profile.idle_timeout_s)

    def early(self, path: str) -> Conduct | None:
        """Return the conduct of the first `…_EARLY` rule for this path's project, or None."""
        project = _project_of(path)
        return self.provider.early("token" if project is None else "send", project or "")

    def reply(self, request: Request) -> Reply:
        """Answer a message, or a request for an access token."""
        now = time.time()
        project = _project_of(request.path)
        if project is not None and request.method == "POST":
            return self._send(request, project, now)
        if request.path.partition("?")[0] == OAUTH_PATH:
            return self._token(request, now)
        self.provider.count("NOT_FOUND_HTML")
        return Reply(RAW["NOT_FOUND_HTML"])

    def _token(self, request: Request, now: float) -> Reply:
        project = self._world.oauth.project(request) if self._world.rules.rules else ""
        lifetime_s = self._world.profile.oauth_lifetime_s
        return self.provider.grant(project, lambda: self._world.oauth.reply(request, lifetime_s, now), now)

    def _send(self, request: Request, project: str, now: float) -> Reply:
        try:
            self._authorize(request, project, now)
            message = read(request.body)
            fault = self._spent(message.target, project, now) or self._fault(message.target, project)
        except Refusal as refusal:
            self.provider.count(refusal.outcome)
            return Reply(refusal.answer)
        outcome = "VALIDATED" if message.validate_only else "OK"
        accepted = not message.validate_only
        arrival = Arrival(message.target, int(now * 1000), outcome, accepted, message.shown, message.tag, request.body)
        if fault is not None and fault.outcome == OFFLINE and accepted:
            self.provider.keep(arrival, *device.shelf_life(request.body, now), now)
        return self.provider.conclude(arrival, fault, self._success(message, project, now))

    def _authorize(self, request: Request, project: str, now: float) -> None:
        """Count the request for its credential; raise Refusal unless it may send to `project`."""
        grant = self._world.grants.find("fcm", request.headers.get(b"authorization"))
        if grant is None or now >= grant.expires_at:
            raise Refusal("UNAUTHENTICATED", _UNAUTHENTICATED)
        self.provider.tick(grant.credential)
        if project not in self._world.projects:
            raise Refusal("NOT_FOUND", envelope(ROWS["NOT_FOUND"]))
        if project != grant.account:
            denied = of_scenario(Scenario("PERMISSION_DENIED", {}), project)
            raise Refusal("PERMISSION_DENIED", denied or RAW["EMPTY_ERROR"])

    def _spent(self, target: str, project: str, now: float) -> Fault | None:
        """Take a message out of the quotas; return the refusal when one is spent."""
        profile = self._world.profile
        if not self.provider.within(project, profile.rate_per_minute, MINUTE_S, now):
            return _PROJECT_SPENT
        if profile.fcm_device_limits and not device.within_limits(self.provider, target, now):
            return _DEVICE_SPENT
        return None

    def _fault(self, token: str, project: str) -> Fault | None:
        """Return the fault for a token: the first rule's, else its own scenario's."""
        try:
            return self.provider.fault("send", project, token, of_token(token))
        except UnknownScenario as error:
            refusal = invalid_argument(Violation("message.token", f"Simulator: {error}"))
            raise Refusal("UNKNOWN_SCENARIO", refusal.answer) from error

    def _success(self, message: Message, project: str, now: float) -> Answer:
        if message.validate_only:
            name = f"projects/{project}/messages/fake_message_id"
        else:
            self._serial += 1
            name = f"projects/{project}/messages/0:{int(now * 1_000_000)}%{self._serial:016x}"
        return Answer(200, b'{"name":"%b"}' % name.encode())
