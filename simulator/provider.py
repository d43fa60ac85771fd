"""One provider's share of the simulator: its faults by rule or by token, its counts, and how its answers travel."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from simulator.exchange import PLAIN, Answer, Conduct, Reply
from simulator.fault import Errors, Fault, resolve
from simulator.gauge import Gauge
from simulator.ledger import Arrival
from simulator.quota import Quota
from simulator.rule import Rule
from simulator.shelf import OFFLINE, Kept, Shelf

if TYPE_CHECKING:
    from simulator.world import World

_OK = 200
_MULTIPLE_CHOICES = 300


class UnknownScenario(ValueError):
    """A token carries a scenario that its provider does not know."""


class Provider:
    """What the services of one provider share.

    Args:
        world: the simulator's state.
        name: fcm, apns, webpush, wns or hms.
        errors: by endpoint, `send` and perhaps `token`: builds the provider's error for a scenario and a project.
        options: what errors of this provider take beside what all errors take.
        shelf: where it keeps messages for devices that are off; None = it has no such devices.
    """

    def __init__(
        self,
        world: World,
        name: str,
        errors: dict[str, Errors],
        options: frozenset[str] = frozenset(),
        shelf: Shelf | None = None,
    ) -> None:
        self.world = world
        self.shelf = shelf
        self.name = name
        self.gauge = Gauge()
        self._resolve: dict[str, Callable[[str, str], Fault]] = {
            endpoint: lru_cache(maxsize=4096)(
                lambda text, project, known=known: self._known(resolve(text, known, options, project))
            )
            for endpoint, known in errors.items()
        }
        world.providers[name] = self

    def _known(self, fault: Fault) -> Fault:
        if fault.outcome == OFFLINE and self.shelf is None:
            raise ValueError(f"{self.name} has no devices that are off")
        return fault

    def check(self, rule: Rule) -> None:
        """Pass when a rule names a scenario of this provider; raise ValueError when it does not."""
        if rule.endpoint not in self._resolve:
            raise ValueError(f"{self.name} has no endpoint {rule.endpoint!r}")
        self._resolve[rule.endpoint](rule.fault, rule.project or "")

    def early(self, endpoint: str, project: str) -> Conduct | None:
        """Return the conduct of the first `…_EARLY` rule, or None."""
        fault = self._ruled(endpoint, project, "", early=True)
        if fault is None:
            return None
        self.count(fault.outcome)
        return fault.conduct

    def fault(self, endpoint: str, project: str, token: str = "", scenario: str | None = None) -> Fault | None:
        """Return what is to go wrong with a request.

        Args:
            endpoint: `send` or `token`.
            project: the account, as rules name it.
            token: whose turn it is, as rules and the ledger name it.
            scenario: `NAME[;key=value]*` that the token itself carries, or None; a rule goes before it.

        Raises:
            UnknownScenario: nobody knows the token's scenario.
        """
        fault = self._ruled(endpoint, project, token)
        text = scenario
        if fault is None and scenario is not None:
            try:
                fault = self._resolve[endpoint](scenario, project)
            except ValueError as error:
                raise UnknownScenario(str(error)) from error
        if fault is None or fault.times is None:
            return fault
        shows = self.world.still_shows(f"{self.name}:{text or fault.outcome}", token, fault.times)
        return fault if shows else None

    def _ruled(self, endpoint: str, project: str, token: str, *, early: bool = False) -> Fault | None:
        rules = self.world.rules
        if not rules.rules:
            return None
        rule = rules.pick(self.name, endpoint, project, token, early=early)
        return None if rule is None else self._resolve[endpoint](rule.fault, project)

    def grant(self, account: str, mint: Callable[[], Answer], now: float) -> Reply:
        """Answer a request for an access token at epoch second `now`: by a rule's fault, else as `mint` does."""
        fault = self.fault("token", account)
        if fault is None:
            return Reply(mint())
        answer = fault.answer_at(now) if fault.conduct.answers else Answer(_OK)
        return Reply(answer or mint(), fault.conduct)

    def within(self, account: str, limit: int | None, window_s: float, now: float, count: int = 1) -> bool:
        """Take `count` messages out of an account's `limit` a window; False when not so many are left."""
        if limit is None:
            return True
        name = f"{self.name}:{account}"
        quota = self.world.quotas.get(name)
        if quota is None:
            quota = self.world.quotas[name] = Quota(window_s)
        return quota.take(limit, now, count)

    def keep(self, arrival: Arrival, key: str | None, expires_at: float, now: float) -> None:
        """Keep a message for its device, which is off, until epoch second `expires_at`."""
        assert self.shelf is not None
        self.shelf.put(Kept(arrival, key, expires_at), now)

    def wake(self, prefix: str, now: float) -> int:
        """Deliver what waits for the tokens that start with `prefix`; return how many messages that is."""
        waiting = self.shelf.take(prefix, now) if self.shelf is not None else []
        for arrival in waiting:
            self.world.ledger.deliver(msgspec.structs.replace(arrival, at=int(now * 1000), outcome="DELIVERED"))
        return len(waiting)

    def count(self, outcome: str) -> None:
        """Count a request that reached no token."""
        self.world.ledger.count(outcome, self.name)

    def tick(self, credential: str, count: int = 1) -> None:
        """Count the devices of one request of a credential in its second, before anything is decided about it."""
        self.world.ledger.tick(credential, int(time.time()), count)

    def conclude(self, arrival: Arrival, fault: Fault | None, success: Answer) -> Reply:
        """Write an arrival into the ledger and answer it.

        Args:
            arrival: whose `outcome` and `accepted` count when there is no fault; a fault decides them itself.
            fault: what goes wrong, or None.
            success: the answer when nothing does.
        """
        answer, conduct = success, PLAIN
        if fault is not None:
            answer, conduct = fault.answer_at(arrival.at / 1000) or success, fault.conduct
            accepted = conduct.answers and _OK <= answer.status < _MULTIPLE_CHOICES
            if fault.accept is not None:
                accepted = fault.accept
            arrival = msgspec.structs.replace(arrival, outcome=fault.outcome, accepted=accepted)
        self.world.ledger.record(arrival)
        return self.travel(answer, conduct)

    def travel(self, answer: Answer, conduct: Conduct = PLAIN) -> Reply:
        """Let an answer take the time that the profile gives it."""
        profile = self.world.profile
        if profile.latency_ms:
            wait_ms = conduct.wait_ms + profile.delay_ms(self.world.random)
            conduct = msgspec.structs.replace(conduct, wait_ms=wait_ms)
        return Reply(answer, conduct)
