"""Whether a provider is well, as one run hears it: what its answers say goes to its gate, no more often than needed."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from clarion.delivery.governor import FAILURES_MAX, Gate

log = structlog.get_logger()


@dataclass(slots=True)
class Health:
    """What one run has heard of a provider.

    Attributes:
        name: the provider's.
        gate: who is told.
        told: whether it was told that the provider answers.
        failures: failures since the provider last answered for a device, and what the last one was.
    """

    name: str
    gate: Gate
    told: bool = False
    failures: int = 0
    failure: str = ""

    def succeed(self, *, accepted: bool) -> None:
        """The provider answered for a device; `accepted` if it took it."""
        self.failures = 0
        if self.gate.reporting and (accepted or not self.told):
            self.told = True
            self.gate.succeed(accepted=accepted)

    def fail(self, reason: str) -> None:
        """The provider did not answer, or only with an error of its own."""
        self.failures, self.failure = self.failures + 1, reason
        if self.failures >= FAILURES_MAX:
            self.report()

    def report(self) -> None:
        """Tell of the failures that nobody was told of, unless the gate is closed already."""
        if not self.failures or self.gate.closed is not None:
            return
        if self.gate.fail(self.failures, self.failure):
            log.warning("circuit_broken", provider=self.name, reason=self.failure)
        self.failures = 0
