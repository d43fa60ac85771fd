"""One attempt at a shard: who is still pending, what came of each, and when to come back for the rest."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from clarion.delivery import ledger
from clarion.delivery.ledger import Lease
from clarion.delivery.outfit import Outfit
from clarion.delivery.tally import Tally
from clarion.errors import Unavailable
from clarion.message import Message, Outcome, State
from clarion.registry import Record, prune

#: The share of a wait that chance may add, so that the shards of a message do not come back in step.
COME_BACK_SPREAD = 0.2
RECORD_AGAIN_S = 0.2
_pause = threading.Event()


@dataclass(slots=True)
class Run:
    """The state of one attempt.

    Attributes:
        outfit: what the thread delivers with.
        message: what is delivered.
        lease: the claim on the shard.
        state: the message's, as of the last record.
        open: slots without an outcome yet.
        tally: outcomes that are not recorded yet.
        dead: slot -> token that a provider proved dead, to be pruned.
        retry_in_s: when to come back, None when there is no need.
        burned: whether this attempt counts against the patience with the devices it leaves open.
    """

    outfit: Outfit
    message: Message
    lease: Lease
    state: State
    open: set[int]
    tally: Tally = field(default_factory=Tally)
    dead: dict[int, str] = field(default_factory=dict, repr=False)
    retry_in_s: float | None = None
    burned: bool = False
    recorded_ms: int = 0

    @property
    def stopped(self) -> bool:
        """Whether nothing more is to be sent."""
        return self.state is State.CANCELLING

    def settle(self, slot: int, outcome: Outcome, provider: str = "", reason: str = "") -> None:
        """A device has its outcome."""
        self.open.discard(slot)
        self.tally.add(slot, outcome, provider, reason)

    def settle_open(self, outcome: Outcome, provider: str = "", reason: str = "") -> None:
        """All that are open have this outcome."""
        for slot in sorted(self.open):
            self.settle(slot, outcome, provider, reason)

    def bury(self, slot: int, device: Record, provider: str, reason: str) -> None:
        """A provider proved the device's token dead."""
        self.dead[slot] = device.token
        self.settle(slot, Outcome.UNREGISTERED, provider, reason)

    def come_back(self, in_s: float, *, burned: bool) -> None:
        """Devices stay open: try again then, or later if others ask for more."""
        spread_s = COME_BACK_SPREAD * in_s * self.outfit.dice()
        self.retry_in_s = max(self.retry_in_s or 0.0, in_s + spread_s)
        self.burned = self.burned or burned

    def record_when_due(self) -> None:
        """Record when a batch is full, or when the lease has not been renewed for a while."""
        pace = self.outfit.pace
        if self.tally.size >= pace.record_batch or self.outfit.clock() - self.recorded_ms >= pace.lease_ms // 10:
            self.record()

    def record(self) -> None:
        """Write what was noted, renew the lease, see the message's state, and prune the dead.

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
                if outfit.clock() - self.recorded_ms >= outfit.pace.lease_ms:
                    raise
                _pause.wait(RECORD_AGAIN_S)
            else:
                break
        self.tally.clear()
        self.recorded_ms = outfit.clock()
        if self.dead:
            prune(outfit.storage, self.message.app, self.lease.shard.chunk, self.dead)
            self.dead = {}
