"""Fault rules of the control plane: which requests get which scenario, for how long."""

from __future__ import annotations

from random import Random
from typing import Literal

import msgspec


class Rule(msgspec.Struct, forbid_unknown_fields=True):
    """A scenario for the requests that match."""

    #: `NAME[;key=value]*`
    fault: str
    #: whose requests: fcm, apns, webpush, wns or hms
    provider: str = "fcm"
    #: messages, or access tokens
    endpoint: Literal["send", "token"] = "send"
    #: matches tokens that start so (topics as `topic:name`)
    token_prefix: str = ""
    #: matches one project, or whatever the provider calls the account of an app; None = all
    project: str | None = None
    #: share of the matching requests, 0..1
    probability: float = 1.0
    #: matching requests that pass before the rule starts
    skip: int = 0
    #: requests after which the rule stops; None = never
    count: int | None = None
    #: given by the simulator
    id: int = 0
    #: how often the rule was applied
    applied: int = 0


class RuleBook:
    """The rules in force, in the order in which they were posted; the first that matches wins."""

    def __init__(self, random: Random) -> None:
        """Start empty; `random` decides probabilities."""
        self._random = random
        self._next_id = 1
        self.rules: list[Rule] = []

    def add(self, rule: Rule) -> Rule:
        """Put a rule in force and return it with its id."""
        rule.id, self._next_id = self._next_id, self._next_id + 1
        rule.applied = 0
        self.rules.append(rule)
        return rule

    def remove(self, rule_id: int | None = None) -> int:
        """Remove one rule, or all, and return how many were removed."""
        kept = [] if rule_id is None else [rule for rule in self.rules if rule.id != rule_id]
        removed = len(self.rules) - len(kept)
        self.rules = kept
        return removed

    def pick(self, provider: str, endpoint: str, project: str, token: str, *, early: bool = False) -> Rule | None:
        """Return the first rule for a request, and count it as applied.

        Before the body is read (`early`) only rules for `…_EARLY` faults count, and afterwards only the others.
        """
        for rule in self.rules:
            if rule.provider != provider or rule.endpoint != endpoint:
                continue
            if rule.fault.partition(";")[0].endswith("_EARLY") is not early:
                continue
            if rule.project not in (None, project) or not token.startswith(rule.token_prefix):
                continue
            if self._passes(rule):
                return rule
        return None

    def _passes(self, rule: Rule) -> bool:
        if rule.count is not None and rule.applied >= rule.count:
            return False
        if rule.probability < 1 and self._random.random() >= rule.probability:
            return False
        if rule.skip:
            rule.skip -= 1
            return False
        rule.applied += 1
        return True
