"""One attempt at a shard: who is still pending, what came of each, and when to come back for the rest."""

from __future__ import annotations

import threading
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from time import monotonic

from clarion.app import App, Quarantine
from clarion.delivery import ledger
from clarion.delivery.ledger import OURS, THROTTLE, TIME, Lease, Wait
from clarion.delivery.outfit import Outfit
from clarion.delivery.tally import Tally
from clarion.errors import Unavailable
from clarion.message import Message, Outcome, State
from clarion.providers.base import Result
from clarion.registry import Grave, Record, absolve, learn, prune

#: The share of a wait that chance may add, so that the shards of a message do not come back in step.
COME_BACK_SPREAD = 0.2
RECORD_AGAIN_S = 0.2
#: A shard that waits for a gate looks again after so long at most: somebody may have opened it by hand.
LOOK_AGAIN_S = 10.0
#: While it sends, a run looks at the message's state this often at least, seconds: an engine is silent for a second at
#: most, and nothing may be begun two seconds after the message was paused or cancelled.
STATE_EVERY_S = 0.5
_STOPPED = frozenset({State.CANCELLING, State.PAUSED})
_pause = threading.Event()


@dataclass(slots=True)
class Run:
    """The state of one attempt.

    Attributes:
        outfit: what the thread delivers with.
        message: what is delivered.
        audience: how many devices the message has.
        urgent: whether it goes before others.
        lease: the claim on the shard.
        state: the message's, as of the last record.
        open: slots without an outcome yet.
        tally: outcomes that are not recorded yet.
        devices: slot -> the device, of all that are pending.
        struck: slots of devices that have strikes against them.
        dead: slot -> what is to be removed, and why.
        absolved: slot -> token that a provider took in spite of strikes against it.
        learned: slot -> token, and the environment it turned out to belong to.
        waits: provider, TIME or THROTTLE -> what those who stay open wait for.
        held: providers whose gate is closed.
        deferred: slots of devices whose own time has not come.
        rate_per_s: devices a second that the message is throttled to; 0 is not at all.
        joined: whether the time of some has come since the shard was looked through before.
        until_ms: when quiet hours begin for somebody who is sent to, by Redis' clock; None is not today.
        stopped: whether nothing more is to be sent.
        fault_in_s: when to come back after an error of our own, None when there was none.
        claimed: when the shard was claimed, on the monotonic clock.
        recorded: when the lease was renewed last, on the same.
    """

    outfit: Outfit
    message: Message
    audience: int
    urgent: bool
    lease: Lease
    state: State
    open: set[int]
    tally: Tally = field(default_factory=Tally)
    devices: Mapping[int, Record] = field(default_factory=dict, repr=False)
    struck: Container[int] = ()
    dead: dict[int, Grave] = field(default_factory=dict, repr=False)
    absolved: dict[int, str] = field(default_factory=dict, repr=False)
    learned: dict[int, tuple[str, str]] = field(default_factory=dict, repr=False)
    waits: dict[str, Wait] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    deferred: set[int] = field(default_factory=set)
    rate_per_s: float = 0.0
    joined: bool = False
    until_ms: int | None = None
    stopped: bool = False
    fault_in_s: float | None = None
    claimed: float = field(default_factory=monotonic)
    recorded: float = field(default_factory=monotonic)
    _look_every_s: float = STATE_EVERY_S

    def __post_init__(self) -> None:
        self.stopped = self.state in _STOPPED
        self._look_every_s = min(STATE_EVERY_S, self.outfit.pace.lease_ms / 10_000)

    def now_ms(self) -> int:
        """What Redis' clock shows at least: what is due by it has been due there, whatever a worker's clock shows."""
        return self.lease.now_ms + int((monotonic() - self.claimed) * 1000)

    def settle(self, slot: int, outcome: Outcome, provider: str = "", reason: str = "") -> None:
        """A device has its outcome."""
        self.open.discard(slot)
        self.tally.add(slot, outcome, provider, reason)

    def settle_open(self, outcome: Outcome, provider: str = "", reason: str = "") -> None:
        """All that are open have this outcome."""
        for slot in sorted(self.open):
            self.settle(slot, outcome, provider, reason)

    def accept(self, slot: int, device: Record, provider: str) -> None:
        """A provider took it."""
        if slot in self.struck:
            self.absolved[slot] = device.token
        if device.environment is not None and device.environment != self.devices[slot].environment:
            self.learned[slot] = device.token, device.environment
        self.settle(slot, Outcome.ACCEPTED, provider)

    def bury(self, slot: int, device: Record, provider: str, result: Result) -> None:
        """A provider proved the device's token dead."""
        self.remove(slot, device, provider, result.reason, result.dead_since_ms)
        self.settle(slot, Outcome.UNREGISTERED, provider, result.reason)

    def remove(self, slot: int, device: Record, provider: str, reason: str, since_ms: int | None = None) -> None:
        """The device is to leave the registry, unless it registered anew after `since_ms`."""
        self.dead[slot] = Grave(device.token, provider, reason, since_ms)

    @property
    def quarantine(self) -> Quarantine:
        """What may be concluded from suspicion."""
        return self.app.quarantine

    @property
    def app(self) -> App:
        """What the application asks for."""
        return self.outfit.apps.get(self.message.app) or App(self.message.app, self.message.app)

    def wait(self, provider: str) -> Wait:
        """What the provider's devices waited for before."""
        return self.lease.waits.get(provider, Wait(0))

    def left_ms(self, provider: str, wait: Wait) -> int:
        """How long it is yet until the end of a wait."""
        return wait.due_ms - (self.now_ms() if provider in OURS else self.outfit.clock())

    def wait_ms(self) -> int:
        """How long nobody is to be tried: until the first wait ends, and not before a throttled message goes on."""
        left = {name: self.left_ms(name, wait) for name, wait in self.waits.items()}
        return max(0, left.pop(THROTTLE, 0), min(left.values(), default=0))

    def try_again(self, provider: str, in_s: float) -> None:
        """Devices stay open because the provider refused them for now: try them again then, or later if others say."""
        now_ms = self.outfit.clock()
        due_ms = now_ms + int(in_s * 1000)
        noted = self.waits.get(provider)
        if noted is not None:
            due_ms = max(due_ms, noted.due_ms)
        self.waits[provider] = Wait(due_ms, self.wait(provider).attempts + 1, self.since_ms(provider) or now_ms)

    def since_ms(self, provider: str) -> int:
        """When the provider's devices were tried in vain for the first time; 0 when they were not.

        Those whose time has only come begin anew, and the others of the shard with them.
        """
        return 0 if self.joined else self.wait(provider).since_ms

    def hold(self, provider: str, in_s: float) -> None:
        """Devices stay open because nothing is sent to the provider now: no attempt of theirs is lost."""
        before = self.wait(provider)
        in_s = min(in_s, LOOK_AGAIN_S)
        spread_s = COME_BACK_SPREAD * in_s * self.outfit.dice()
        self.waits[provider] = before._replace(due_ms=self.outfit.clock() + int((in_s + spread_s) * 1000))

    def keep(self, provider: str) -> None:
        """The provider's devices wait on, or, when they did not, are tried at once."""
        self.waits[provider] = self.wait(provider)

    def defer(self, due_ms: int, now_ms: int) -> None:
        """Devices stay open because their own time comes only then (epoch ms, by Redis' clock)."""
        noted = self.waits.get(TIME)
        self.waits[TIME] = Wait(due_ms if noted is None else min(due_ms, noted.due_ms), since_ms=now_ms)

    def look_again(self) -> None:
        """Not all whose time has come were sent to: to the next look it has come since the same one as to this."""
        if TIME in self.lease.waits:
            self.keep(TIME)

    def record_when_due(self) -> None:
        """Record when a batch is full, or when neither lease nor state were looked after for a while."""
        if self.tally.size >= self.outfit.pace.record_batch or monotonic() - self.recorded >= self._look_every_s:
            self.record()

    def record(self) -> None:
        """Write what was noted, renew the lease, see whether to stop, and prune the dead.

        While Redis is away it is tried again until the lease is over: what was sent and not recorded is sent twice.

        Raises:
            Unavailable: Redis was away for too long.
            LeaseLost: another worker has the shard.
        """
        outfit = self.outfit
        while True:
            try:
                self.state = ledger.record(
                    outfit.storage, self.message.id, self.lease, self.tally.lines, lease_ms=outfit.pace.lease_ms
                )
            except Unavailable:
                if monotonic() - self.recorded >= outfit.pace.lease_ms / 1000:
                    raise
                _pause.wait(RECORD_AGAIN_S)
            else:
                break
        self.tally.clear()
        self.recorded = monotonic()
        self.stopped = self.state in _STOPPED or (self.until_ms is not None and self.now_ms() >= self.until_ms)
        self._tell_registry()

    def _tell_registry(self) -> None:
        storage, app, chunk = self.outfit.storage, self.message.app, self.lease.shard.chunk
        if self.dead:
            prune(storage, app, chunk, self.dead, message_id=self.message.id, now_ms=self.outfit.clock())
            self.dead = {}
        if self.absolved:
            absolve(storage, app, chunk, self.absolved)
            self.absolved = {}
        if self.learned:
            learn(storage, app, chunk, self.learned)
            self.learned = {}
