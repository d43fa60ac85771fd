"""Everything the simulator remembers: one object, made at start and handed to whoever needs it."""

from __future__ import annotations

from random import Random

from simulator.gauge import Connection
from simulator.grant import Grants
from simulator.ledger import Ledger
from simulator.oauth import TokenEndpoint
from simulator.profile import Profile
from simulator.provider import Provider
from simulator.quota import Quota
from simulator.rule import RuleBook


class World:
    """The state of one simulator."""

    def __init__(self, projects: tuple[str, ...], seed: int) -> None:
        """Serve `projects`; `seed` makes latencies and probabilities repeatable."""
        self.projects = projects
        self.random = Random(seed)
        self.profile = Profile()
        self.grants = Grants()
        self.oauth = TokenEndpoint(self.grants)
        self.providers: dict[str, Provider] = {}
        self.rules = RuleBook(self.random)
        self.ledger = Ledger(self.profile.keep_per_token, self.profile.keep_total)
        self.quotas: dict[str, Quota] = {}
        self._shown: dict[tuple[str, str], int] = {}

    def set_profile(self, profile: Profile) -> None:
        """Behave as `profile` says from now on; live connections learn a new stream limit by SETTINGS."""
        if profile.max_concurrent_streams != self.profile.max_concurrent_streams:
            for connection in self.connections():
                connection.announce(profile.max_concurrent_streams)
        self.profile = profile
        self.ledger.keep_per_token, self.ledger.keep_total = profile.keep_per_token, profile.keep_total

    def connections(self, provider: str | None = None) -> list[Connection]:
        """Return the live connections to one provider, or to all."""
        return [connection for each in self.chosen(provider) for connection in tuple(each.gauge.live)]

    def chosen(self, provider: str | None) -> list[Provider]:
        """Return one provider by its name, or all; raise ValueError when there is none of that name."""
        if provider is None:
            return list(self.providers.values())
        if provider not in self.providers:
            raise ValueError(f"no provider {provider!r}: one of {', '.join(self.providers)}")
        return [self.providers[provider]]

    def still_shows(self, scenario: str, token: str, times: int) -> bool:
        """Count one showing of a scenario to a token; False when it was shown `times` times before."""
        shown = self._shown.get((scenario, token), 0)
        if shown >= times:
            return False
        self._shown[scenario, token] = shown + 1
        return True

    def reset(self) -> None:
        """Forget messages, rules, profile and quotas. Access tokens stay valid, connections open."""
        self.set_profile(Profile())
        self.rules.remove()
        self.ledger.clear()
        self.quotas.clear()
        self.grants.mints.clear()
        for provider in self.providers.values():
            provider.gauge.reset()
            if provider.shelf is not None:
                provider.shelf.clear()
        self._shown.clear()
