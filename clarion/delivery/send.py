"""Send to the pending devices of one provider: through its governor, by its engine, each answer to its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice

import structlog

from clarion.delivery import retry, suspicion
from clarion.delivery.bearer import Busy
from clarion.delivery.governor import FAILURES_MAX, Closed, Gate
from clarion.delivery.run import Run
from clarion.errors import InvalidField, Misconfigured
from clarion.message import Outcome
from clarion.providers.base import (
    OTHER_ENVIRONMENT,
    AddressRefused,
    ContentRefused,
    Provider,
    Result,
    Verdict,
    read,
)
from clarion.providers.exchange import Answer, Pause, Request
from clarion.registry import SLOT_BITS, SLOT_MASK, Record
from clarion.standing import State

log = structlog.get_logger()

#: After a refused access token the next attempt waits this long: the new one has been fetched by then.
FRESH_BEARER_WAIT_S = 0.5
#: Why a device has no outcome from the provider itself.
CONTENT, TOKEN_ENDPOINT = "CONTENT_REFUSED", "TOKEN_ENDPOINT"
_SERVER_ERROR = 500
#: What shows that the provider is there and takes us for who we are.
_HEALTHY = frozenset({Verdict.ACCEPTED, Verdict.UNREGISTERED, Verdict.REJECTED})


def send(run: Run, provider: Provider, by_os: Mapping[str, Mapping[int, Record]]) -> None:
    """Send to devices (by operating system, by slot). Who is still open afterwards is to be tried again."""
    gate = Gate(run.outfit.storage, provider, urgent=run.urgent)
    sending = Sending(run, provider, gate)
    if gate.enter(sum(map(len, by_os.values()))) and sending.fetch_bearer(by_os):
        run.record_when_due()  # fetching the access token may have outlived the lease
        for os, devices in by_os.items():
            sending.exchange(os, devices)
        sending.conclude()
    if gate.closed is not None:
        run.come_back(gate.closed.in_s, burned=False)


@dataclass(slots=True)
class Sending:
    """One attempt at the pending devices of one provider.

    Attributes:
        run: the attempt at the whole shard.
        provider: whom we send to.
        gate: how fast, and whether at all.
        bearer: the access token.
        is_over: nothing more is to be sent.
        is_wedged: nor is anything more answered: the connection was bound to an access token that ended.
        waiting: devices that were sent to and have no answer yet.
        good: devices that the provider took.
        failures: failures of the provider since it last took something, and what the last one was.
        suspects: devices that may be at fault, or we: they have no outcome until that is known.
        elsewhere: devices to be tried in the provider's other environment.
    """

    run: Run
    provider: Provider
    gate: Gate
    bearer: str = field(default="", repr=False)
    is_over: bool = False
    is_wedged: bool = False
    waiting: int = 0
    good: int = 0
    failures: int = 0
    failure: str = ""
    suspects: dict[int, tuple[Record, str]] = field(default_factory=dict)
    elsewhere: dict[int, Record] = field(default_factory=dict)

    def fetch_bearer(self, by_os: Mapping[str, Mapping[int, Record]]) -> bool:
        """Have an access token, where the provider wants one; else see to it that the devices come back."""
        run, provider = self.run, self.provider
        if provider.signs_itself:
            return True
        try:
            self.bearer = run.outfit.bearers.get(provider)
        except Misconfigured as refused:
            self._park(refused.message)
        except OSError as error:
            log.warning("token_endpoint_failed", provider=provider.name, error=type(error).__name__)
            for devices in by_os.values():
                for slot in devices:
                    self._postpone(slot, Result(Verdict.RETRY, TOKEN_ENDPOINT))
        except Busy:
            run.come_back(FRESH_BEARER_WAIT_S, burned=False)
        return bool(self.bearer)

    def exchange(self, os: str, devices: Mapping[int, Record]) -> None:
        """Send to the devices of one operating system, and again to those that belong elsewhere."""
        try:
            composition = self.provider.compose(self.run.message, os, now_ms=self.run.outfit.clock())
        except (ContentRefused, InvalidField):  # found before anybody got it, unless an application has changed since
            for slot in devices:
                self.run.settle(slot, Outcome.REJECTED, self.provider.name, CONTENT)
            return
        self._exchange(composition, devices)
        if self.elsewhere:
            elsewhere, self.elsewhere = self.elsewhere, {}
            self._exchange(composition, elsewhere)

    def _exchange(self, composition: object, devices: Mapping[int, Record]) -> None:
        engine = self.run.outfit.engine_for(self.provider.line)
        with closing(engine.send(self._requests(composition, devices))) as answers:
            for answer in answers:
                if answer is not None:
                    self._take(answer, devices)
                self.run.record_when_due()
                if self.is_wedged:
                    break

    def _requests(self, composition: object, devices: Mapping[int, Record]) -> Iterator[Request | Pause]:
        base, size, slots = self.run.lease.shard.chunk << SLOT_BITS, self.provider.batch_max, iter(devices)
        left = len(devices)
        while batch := list(islice(slots, size)):
            while wait_s := self._wait_s(len(batch), left):
                yield Pause(wait_s)
            if self.is_over:
                return
            left -= len(batch)
            try:
                request = self.provider.request(
                    composition, [devices[slot] for slot in batch], [base | slot for slot in batch], self.bearer
                )
            except AddressRefused as refused:
                for slot in batch:
                    self.run.settle(slot, Outcome.REJECTED, self.provider.name, str(refused))
            else:
                self.waiting += len(batch)
                yield request

    def _wait_s(self, devices: int, likely: int) -> float:
        """How long to wait before so many devices are sent to; 0 also when it is all over."""
        wait_s = self.gate.admit(devices, likely)
        hopeless = self.gate.probing and wait_s > 0 and not self.waiting
        self.is_over = self.is_over or self.run.stopped or self.gate.closed is not None or hopeless
        return 0.0 if self.is_over else wait_s

    def _take(self, answer: Answer, devices: Mapping[int, Record]) -> None:
        result = read(self.provider, answer)
        self.waiting -= len(answer.tag)
        for ordinal in answer.tag:
            slot = ordinal & SLOT_MASK
            device = devices[slot]
            self._settle(slot, device, result.apart.get(device.token, result) if result.apart else result)
        if result.verdict in _HEALTHY:
            self.failures = 0
            if self.gate.reporting:
                self.gate.heal()
        elif answer.failure is not None or answer.status >= _SERVER_ERROR:
            self._fail(result.reason)

    def _settle(self, slot: int, device: Record, result: Result) -> None:
        match result.verdict:
            case Verdict.ACCEPTED:
                self.good += 1
                self.run.accept(slot, device, self.provider.name)
            case Verdict.UNREGISTERED:
                self.good += 1
                self.run.bury(slot, device, self.provider.name, result)
            case Verdict.SUSPECT:
                self._suspect(slot, device, result)
            case Verdict.REJECTED:
                self.run.settle(slot, Outcome.REJECTED, self.provider.name, result.reason)
            case Verdict.UNKNOWN:
                self.run.settle(slot, Outcome.UNKNOWN, self.provider.name, result.reason)
            case Verdict.RETRY:
                self._postpone(slot, result)
            case Verdict.THROTTLED:
                self._throttle(result)
            case Verdict.BEARER:
                self._renew_bearer(result)
            case Verdict.CREDENTIAL:
                self._park(result.reason)

    def _suspect(self, slot: int, device: Record, result: Result) -> None:
        here = device.environment or self.provider.environment
        known = self.run.devices[slot].environment
        if result.elsewhere and device.environment == known and here in OTHER_ENVIRONMENT:
            self.elsewhere[slot] = suspicion.moved(device, OTHER_ENVIRONMENT[here])
            return
        self.suspects[slot] = (device, result.reason)
        if self.gate.closed is None and suspicion.is_ours(self.run.quarantine, len(self.suspects), self.good):
            self._park(result.reason)

    def _postpone(self, slot: int, result: Result) -> None:
        run, rule = self.run, self.provider.retry
        wait_s = retry.wait_s(rule, result, run.lease.attempt, run.outfit.dice())
        due_ms = run.outfit.clock() + int(wait_s * 1000)
        since_ms = run.lease.since_ms or run.outfit.clock()
        ended = retry.end(rule, run.message, since_ms=since_ms, due_ms=due_ms)
        if ended is None:
            run.come_back(wait_s, burned=True)
        else:
            run.settle(slot, ended, self.provider.name, result.reason)

    def _throttle(self, result: Result) -> None:
        wait_s = result.retry_after_s or self.provider.retry.throttled_wait_s
        if self.gate.closed is None or self.gate.closed.in_s < wait_s:
            log.warning("credential_paused", provider=self.provider.name, reason=result.reason, wait_s=wait_s)
            self.gate.pause(result.reason, wait_s)

    def _renew_bearer(self, result: Result) -> None:
        if self.is_over:
            return
        self.run.outfit.engine_for(self.provider.line).renew()
        self.is_wedged = bool(self.provider.line.share)
        if self.run.outfit.bearers.refuse(self.provider, self.bearer):
            self.is_over = True
            self.run.come_back(FRESH_BEARER_WAIT_S, burned=False)
        else:
            self._park(result.reason)

    def _park(self, reason: str) -> None:
        self.is_over = True
        if self.gate.closed is None:
            who = {"provider": self.provider.name, "credential": self.provider.credential}
            log.error("credential_parked", reason=reason, **who)
            self.gate.park(reason, self.run.outfit.pace.park_ms)

    def _fail(self, reason: str) -> None:
        self.failures, self.failure = self.failures + 1, reason
        if self.failures >= FAILURES_MAX and self.gate.closed is None:
            self._break()

    def _break(self) -> None:
        self.gate.fail(self.failures, self.failure)
        self.failures = 0
        if self.gate.closed is not None:
            log.warning("circuit_broken", provider=self.provider.name, reason=self.failure)

    def conclude(self) -> None:
        """Say what is known of the provider now, and of those it suspects."""
        if self.failures and not self.good and self.gate.closed is None:
            self._break()
        if self.suspects and self.gate.probing and not self.good:
            _, reason = next(iter(self.suspects.values()))
            self._park(reason)
        closed: Closed | None = self.gate.closed
        if closed is not None and closed.state is State.BROKEN:
            self.run.spare()
        if closed is None or closed.state is not State.PARKED:
            suspicion.judge(self.run, self.provider, self.gate, self.suspects)
