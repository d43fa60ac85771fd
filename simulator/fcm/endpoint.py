"""The HTTPS port of Google: messages:send and the token endpoint, with rules, scenarios, quota and ledger."""

from __future__ import annotations

import time
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import unquote

import msgspec

from simulator.exchange import PLAIN, Answer, Conduct, Limits, Reply, Request
from simulator.fault import Fault, resolve
from simulator.fcm.error import ERROR_OPTIONS, RAW, ROWS, Refusal, Violation, envelope, invalid_argument, of_scenario
from simulator.fcm.message import Message, read
from simulator.ledger import Arrival
from simulator.oauth import TOKEN_FAULTS, refusal
from simulator.quota import Quota
from simulator.scenario import Scenario, of_token
from simulator.world import World

OAUTH_PATH = "/token"
_SEND_PREFIX = "/v1/projects/"
_SEND_SUFFIX = "/messages:send"
_UNAUTHENTICATED = envelope(
    ROWS["UNAUTHENTICATED"], ((b"www-authenticate", b'Bearer realm="https://accounts.google.com/"'),)
)
_QUOTA_EXCEEDED = envelope(ROWS["QUOTA_EXCEEDED"])


@lru_cache(maxsize=4096)
def send_fault(text: str, project: str) -> Fault:
    """Return the fault of a scenario on messages:send; raise ValueError when there is no such scenario."""
    return resolve(text, of_scenario, ERROR_OPTIONS, project)


@lru_cache(maxsize=256)
def token_fault(text: str, project: str) -> Fault:
    """Return the fault of a scenario on the token endpoint; raise ValueError when there is no such scenario."""
    return resolve(text, _token_error, ERROR_OPTIONS, project)


def _token_error(scenario: Scenario, _: str) -> Answer | None:
    known = TOKEN_FAULTS.get(scenario.name)
    return refusal(*known) if known else None


@lru_cache(maxsize=256)
def _project_of(path: str) -> str | None:
    """Return the project of a messages:send path, or None for another path."""
    path = path.partition("?")[0]
    if not path.startswith(_SEND_PREFIX) or not path.endswith(_SEND_SUFFIX):
        return None
    project = unquote(path[len(_SEND_PREFIX) : -len(_SEND_SUFFIX)])
    return None if "/" in project else project


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of a valid message."""

    #: the name under which it is counted
    outcome: str
    answer: Answer
    conduct: Conduct
    #: whether the device gets it
    accepted: bool


class GoogleService:
    """FCM and Google's token endpoint on one port."""

    def __init__(self, world: World) -> None:
        """Act on `world`."""
        self._world = world
        self._serial = 0

    def limits(self) -> Limits:
        """Return the limits of the current profile."""
        profile = self._world.profile
        return Limits(profile.max_concurrent_streams, profile.initial_window_size, profile.idle_timeout_s)

    def early(self, path: str) -> Conduct | None:
        """Return the conduct of the first `…_EARLY` rule for this path's project, or None."""
        if not self._world.rules.rules:
            return None
        project = _project_of(path)
        endpoint = "token" if project is None else "send"
        rule = self._world.rules.pick(endpoint, project or "", "", early=True)
        if rule is None:
            return None
        fault = send_fault(rule.fault, project or "")
        self._world.ledger.count(fault.outcome)
        return fault.conduct

    def reply(self, request: Request) -> Reply:
        """Answer a message, or a request for an access token."""
        now = time.time()
        project = _project_of(request.path)
        if project is not None and request.method == "POST":
            return self._send(request, project, now)
        if request.path.partition("?")[0] == OAUTH_PATH:
            return self._token(request, now)
        self._world.ledger.count("NOT_FOUND_HTML")
        return Reply(RAW["NOT_FOUND_HTML"])

    def _token(self, request: Request, now: float) -> Reply:
        fault = self._token_fault(request)
        if fault is not None and not fault.conduct.answers:
            return Reply(Answer(HTTPStatus.OK), fault.conduct)
        answer = fault.answer_at(now) if fault is not None else None
        if answer is None:
            answer = self._world.oauth.reply(request, self._world.profile.oauth_lifetime_s, now)
        return Reply(answer, fault.conduct if fault is not None else PLAIN)

    def _token_fault(self, request: Request) -> Fault | None:
        world = self._world
        if not world.rules.rules:
            return None
        project = world.oauth.project(request)
        rule = world.rules.pick("token", project, "")
        return token_fault(rule.fault, project) if rule is not None else None

    def _send(self, request: Request, project: str, now: float) -> Reply:
        try:
            self._authorize(request, project, now)
            message = read(request.body)
            verdict = self._verdict(message, project, now)
        except Refusal as refusal:
            self._world.ledger.count(refusal.outcome)
            return Reply(refusal.answer)
        return self._conclude(message, request.body, now, verdict)

    def _authorize(self, request: Request, project: str, now: float) -> None:
        """Count the request for its credential; raise Refusal unless it may send to `project`."""
        grant = self._world.oauth.grant(request.headers.get(b"authorization"), now)
        if grant is None:
            raise Refusal("UNAUTHENTICATED", _UNAUTHENTICATED)
        self._world.ledger.tick(grant.account.email, int(now))
        if project not in self._world.projects:
            raise Refusal("NOT_FOUND", envelope(ROWS["NOT_FOUND"]))
        if project != grant.account.project:
            denied = of_scenario(Scenario("PERMISSION_DENIED", {}), project)
            raise Refusal("PERMISSION_DENIED", denied or RAW["EMPTY_ERROR"])

    def _verdict(self, message: Message, project: str, now: float) -> Verdict:
        """Decide what becomes of a valid message."""
        if not self._within_quota(project, now):
            return Verdict("QUOTA_EXCEEDED", _QUOTA_EXCEEDED, PLAIN, accepted=False)
        fault = self._fault(message.target, project)
        if fault is None:
            outcome = "VALIDATED" if message.validate_only else "OK"
            return Verdict(outcome, self._success(message, project, now), PLAIN, accepted=not message.validate_only)
        answer = fault.answer_at(now)
        accepted = fault.conduct.answers and (answer is None or answer.status == HTTPStatus.OK)
        if fault.accept is not None:
            accepted = fault.accept
        return Verdict(fault.outcome, answer or self._success(message, project, now), fault.conduct, accepted)

    def _within_quota(self, project: str, now: float) -> bool:
        limit = self._world.profile.rate_per_minute
        if limit is None:
            return True
        quota = self._world.quotas.get(project)
        if quota is None:
            quota = self._world.quotas[project] = Quota()
        return quota.take(limit, now)

    def _fault(self, token: str, project: str) -> Fault | None:
        """Return the fault for a token: the first rule's, else its own scenario's."""
        world = self._world
        rule = world.rules.pick("send", project, token) if world.rules.rules else None
        text = rule.fault if rule is not None else of_token(token)
        if text is None:
            return None
        try:
            fault = send_fault(text, project)
        except ValueError as error:
            refusal = invalid_argument(Violation("message.token", f"Simulator: {error}"))
            raise Refusal("UNKNOWN_SCENARIO", refusal.answer) from error
        if fault.times is not None and not world.still_shows(text, token, fault.times):
            return None
        return fault

    def _conclude(self, message: Message, body: bytes, now: float, verdict: Verdict) -> Reply:
        """Write a message into the ledger and let its answer take its time."""
        world, conduct = self._world, verdict.conduct
        world.ledger.record(
            Arrival(
                message.target, int(now * 1000), verdict.outcome, verdict.accepted, message.shown, message.tag, body
            )
        )
        if world.profile.latency_ms:
            wait_ms = conduct.wait_ms + world.profile.delay_ms(world.random)
            conduct = msgspec.structs.replace(conduct, wait_ms=wait_ms)
        return Reply(verdict.answer, conduct)

    def _success(self, message: Message, project: str, now: float) -> Answer:
        if message.validate_only:
            name = f"projects/{project}/messages/fake_message_id"
        else:
            self._serial += 1
            name = f"projects/{project}/messages/0:{int(now * 1_000_000)}%{self._serial:016x}"
        return Answer(200, b'{"name":"%b"}' % name.encode())
