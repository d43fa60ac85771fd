"""Send to the pending devices of one provider: through its governor, by its engine, each answer to its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from time import monotonic

import structlog

from clarion.delivery import retry, suspicion
from clarion.delivery.bearer import Busy
from clarion.delivery.governor import FAILURES_MAX, Gate
from clarion.delivery.health import Health
from clarion.delivery.moment import Part
from clarion.delivery.run import Run
from clarion.errors import Misconfigured
from clarion.message import Message, Outcome
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
#: On a connection whose access token has ended, answers are awaited for so long: it may give none any more.
WEDGED_S = 2.0
#: A run that a slow rate keeps for so long gives its thread to others.
RUN_MAX_S = 30.0
#: While it waits for the provider's budget, a run asks this often whether it is to go on, seconds.
PAUSE_MAX_S = 0.5
#: Devices are sent to in this many strides through the shard, so that neighbours, who often have a common past, do not
#: all come first.
STRIDES = 16
#: Why a device has no outcome from the provider itself.
CONTENT, TOKEN_ENDPOINT, WEDGED = "CONTENT_REFUSED", "TOKEN_ENDPOINT", "WEDGED"
_SERVER_ERROR = 500
#: What shows that the provider is there and takes us for who we are.
_HEALTHY = frozenset({Verdict.ACCEPTED, Verdict.UNREGISTERED, Verdict.REJECTED})
#: What says that we are refused, not the device.
_OURS = frozenset({Verdict.BEARER, Verdict.CREDENTIAL})


def send(run: Run, provider: Provider, parts: Sequence[Part]) -> None:
    """Send to devices. Who is still open afterwards is to be tried again."""
    gate = Gate(run.outfit.storage, run.message.app, provider, urgent=run.urgent)
    sending = Sending(run, provider, gate, Health(provider.name, gate), run.message)
    if gate.enter(sum(len(part.devices) for part in parts)) and sending.fetch_bearer():
        run.record_when_due()  # fetching the access token may have outlived the lease
        for part in parts:
            sending.exchange(part)
        sending.conclude()
    if gate.closed is not None:
        run.hold(provider.name, gate.closed.in_s)
        run.held.add(provider.name)
    elif run.stopped:
        run.keep(provider.name)


@dataclass(slots=True)
class Sending:
    """One attempt at the pending devices of one provider.

    Attributes:
        run: the attempt at the whole shard.
        provider: whom we send to.
        gate: how fast, and whether at all.
        health: what the answers say of the provider.
        message: what is sent now.
        bearer: the access token.
        is_over: nothing more is to be sent.
        reads_until: on the monotonic clock, when answers are awaited no longer; None is for as long as it takes.
        flying: slots that were sent to and have no answer yet, in the order of sending.
        good: devices that the provider took.
        suspects: devices that may be at fault, or we: they have no outcome until that is known.
        elsewhere: devices to be tried in the provider's other environment, and why they were refused in the first.
    """

    run: Run
    provider: Provider
    gate: Gate
    health: Health
    message: Message
    bearer: str = field(default="", repr=False)
    is_over: bool = False
    reads_until: float | None = None
    flying: dict[int, None] = field(default_factory=dict)
    good: int = 0
    suspects: dict[int, tuple[Record, str]] = field(default_factory=dict, repr=False)
    elsewhere: dict[int, tuple[Record, str]] = field(default_factory=dict, repr=False)
    began: float = field(default_factory=monotonic)

    def fetch_bearer(self) -> bool:
        """Have an access token, where the provider wants one; else see to it that the devices come back."""
        if self.provider.signs_itself:
            return True
        try:
            self.bearer = self.run.outfit.bearers.get(self.provider)
        except Misconfigured as refused:
            self._park(refused.message)
        except OSError as error:
            log.warning("token_endpoint_failed", provider=self.provider.name, error=type(error).__name__)
            self.gate.fail(FAILURES_MAX, TOKEN_ENDPOINT)
        except Busy:
            self.run.hold(self.provider.name, FRESH_BEARER_WAIT_S)
        return bool(self.bearer)

    def exchange(self, part: Part) -> None:
        """Send to those who get the same, and again to those of them that belong elsewhere."""
        os, self.message, devices = part
        try:
            composition = self.provider.compose(self.message, os, now_ms=self.run.outfit.clock())
        except ContentRefused:  # found before anybody got it, unless an application has changed since
            for slot in devices:
                self.run.settle(slot, Outcome.REJECTED, self.provider.name, CONTENT)
            return
        self._exchange(composition, devices)
        if self.elsewhere and not self.is_over:
            self.gate.allow(len(self.elsewhere))
            self._exchange(composition, {slot: device for slot, (device, _) in self.elsewhere.items()})
        # Who was not tried there any more comes back as who he was.
        self.elsewhere.clear()

    def _exchange(self, composition: object, devices: Mapping[int, Record]) -> None:
        engine = self.run.outfit.engine_for(self.provider.line)
        with closing(engine.send(self._requests(composition, devices))) as answers:
            for answer in answers:
                if answer is not None:
                    self._take(answer, devices)
                self.run.record_when_due()
                if self.reads_until is not None and monotonic() > self.reads_until:
                    break
        self._leave_unanswered()

    def _requests(self, composition: object, devices: Mapping[int, Record]) -> Iterator[Request | Pause]:
        base, gate, provider = self.run.lease.shard.chunk << SLOT_BITS, self.gate, self.provider
        left, ordered = len(devices), list(devices)
        slots = iter([slot for start in range(STRIDES) for slot in ordered[start::STRIDES]])
        while batch := list(islice(slots, gate.batch_max)):
            while wait_s := self._wait_s(len(batch), left):
                yield Pause(min(wait_s, PAUSE_MAX_S))
            if self.is_over:
                return
            left -= len(batch)
            try:
                request = provider.request(
                    composition, [devices[slot] for slot in batch], [base | slot for slot in batch], self.bearer
                )
            except AddressRefused as refused:
                for slot in batch:
                    self.run.settle(slot, Outcome.REJECTED, provider.name, str(refused))
            else:
                for slot in batch:
                    self.flying[slot] = None
                yield request

    def _wait_s(self, devices: int, likely: int) -> float:
        """How long to wait before so many devices are sent to; 0 also when it is all over."""
        if self.is_over or self.run.stopped:
            self.is_over = True
            return 0.0
        wait_s = self.gate.admit(devices, likely)
        if not wait_s and self.gate.closed is None:
            return 0.0
        if self.gate.closed is not None or (wait_s and not self.flying and self.gate.probing is not None):
            self.is_over = True
        elif wait_s and monotonic() - self.began > RUN_MAX_S:
            self.run.hold(self.provider.name, wait_s)
            self.is_over = True
        return 0.0 if self.is_over else wait_s

    def _take(self, answer: Answer, devices: Mapping[int, Record]) -> None:
        result = read(self.provider, answer)
        if result.verdict is Verdict.ACCEPTED and not result.apart:  # what nearly all answers say
            for ordinal in answer.tag:
                slot = ordinal & SLOT_MASK
                self.flying.pop(slot, None)
                self.run.accept(slot, devices[slot], self.provider.name)
            self.good += len(answer.tag)
            self.health.succeed(accepted=True)
            return
        for ordinal in answer.tag:
            slot = ordinal & SLOT_MASK
            device = devices[slot]
            meant = result.apart.get(device.token, result) if result.apart else result
            if meant.verdict in _OURS and slot in self.elsewhere:
                # The key that is refused elsewhere is good here: that says nothing, but that the device is not there.
                meant = Result(Verdict.SUSPECT, self.elsewhere[slot][1])
            if slot in self.flying or meant.verdict is not Verdict.UNKNOWN:
                self._settle(slot, device, meant)
                self.flying.pop(slot, None)
        if result.verdict in _HEALTHY:
            self.health.succeed(accepted=result.verdict is Verdict.ACCEPTED)
        elif self.provider.one_server and (answer.failure is not None or answer.status >= _SERVER_ERROR):
            self.health.fail(result.reason)

    def _settle(self, slot: int, device: Record, result: Result) -> None:
        match result.verdict:
            case Verdict.ACCEPTED:
                self.good += 1
                self.run.accept(slot, device, self.provider.name)
            case Verdict.UNREGISTERED:
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
                self._renew_bearer(slot, result)
            case Verdict.CREDENTIAL:
                self._park(result.reason)

    def _suspect(self, slot: int, device: Record, result: Result) -> None:
        here = device.environment or self.provider.environment
        if result.elsewhere and slot not in self.elsewhere and here in OTHER_ENVIRONMENT:
            self.elsewhere[slot] = suspicion.moved(device, OTHER_ENVIRONMENT[here]), result.reason
            return
        self.suspects[slot] = (device, result.reason)
        if self.gate.closed is None and suspicion.is_ours(self.run, self.provider, len(self.suspects), self.good):
            self._park(result.reason)

    def _postpone(self, slot: int, result: Result) -> None:
        run, rule, before = self.run, self.provider.retry, self.run.wait(self.provider.name)
        now_ms = run.outfit.clock()
        wait_s = retry.wait_s(rule, result, before.attempts, run.outfit.dice())
        since_ms = run.since_ms(self.provider.name) or now_ms
        ended = retry.end(rule, self.message, since_ms=since_ms, due_ms=now_ms + int(wait_s * 1000))
        if ended is None:
            run.try_again(self.provider.name, wait_s)
        else:
            run.settle(slot, ended, self.provider.name, result.reason)

    def _throttle(self, result: Result) -> None:
        wait_s = result.retry_after_s or self.provider.retry.throttled_wait_s
        closed = self.gate.closed
        if closed is None or closed.state is not State.PAUSED or closed.in_s < wait_s:
            log.warning("credential_paused", provider=self.provider.name, reason=result.reason, wait_s=wait_s)
            self.gate.pause(result.reason, wait_s)

    def _renew_bearer(self, slot: int, result: Result) -> None:
        if self.provider.line.share:
            # The connection may be of no more use. What was sent on it later than this had the same token: it was
            # refused too, answered or not.
            self._forget_later(slot)
            self.reads_until = self.reads_until or monotonic() + WEDGED_S
        if self.is_over:
            return
        self.run.outfit.engine_for(self.provider.line).renew()
        if self.run.outfit.bearers.refuse(self.provider, self.bearer):
            self.is_over = True
            self.run.hold(self.provider.name, FRESH_BEARER_WAIT_S)
        else:
            self._park(result.reason)

    def _forget_later(self, slot: int) -> None:
        order = list(self.flying)
        if slot in self.flying:
            for later in order[order.index(slot) :]:
                del self.flying[later]

    def _leave_unanswered(self) -> None:
        """Nobody can say what became of those whose answers were awaited in vain."""
        for slot in self.flying:
            self.run.settle(slot, Outcome.UNKNOWN, self.provider.name, WEDGED)
        self.flying.clear()

    def _park(self, reason: str) -> None:
        self.is_over = True
        if self.gate.closed is None:
            who = {"provider": self.provider.name, "credential": self.provider.credential}
            log.error("credential_parked", reason=reason, **who)
            self.gate.park(reason, self.run.outfit.pace.park_ms)

    def conclude(self) -> None:
        """Say what is known of the provider now, and of those it suspects."""
        if not self.good:
            self.health.report()
        if self.gate.probing is not None:
            self.gate.give_up()
        closed = self.gate.closed
        if closed is None or closed.state is not State.PARKED:
            suspicion.judge(self.run, self.provider, self.gate, self.suspects)
