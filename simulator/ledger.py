"""What every token received: counters for all tokens, payloads for the latest messages only."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import suppress
from sys import intern
from typing import Any

import msgspec

#: Notifications that Android keeps for one app; older tags are forgotten.
_TAGS_PER_TOKEN = 50


class Arrival(msgspec.Struct, frozen=True):
    """One message as it reached the provider."""

    token: str
    #: epoch milliseconds
    at: int
    outcome: str
    #: whether the device gets it, whatever the client was told
    accepted: bool
    #: whether the device shows it
    shown: bool
    #: a message with the tag of a shown one replaces it
    tag: str | None
    body: bytes
    provider: str = "fcm"
    #: what else the control plane shows of it
    headers: dict[str, str] = {}


class TokenRecord:
    """Counters of one token."""

    __slots__ = ("accepted", "outcomes", "received", "seen", "tags")

    def __init__(self) -> None:
        """Start at zero."""
        self.received = 0
        self.accepted = 0
        self.seen = 0
        self.outcomes: dict[str, int] | None = None
        self.tags: tuple[str, ...] = ()


class Ledger:
    """Counters by token, by outcome and by second."""

    def __init__(self, keep_per_token: int, keep_total: int) -> None:
        """Keep at most `keep_per_token` payloads of one token and `keep_total` in all."""
        self.keep_per_token = keep_per_token
        self.keep_total = keep_total
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._tokens: dict[str, TokenRecord] = {}
        self._recent: dict[str, deque[Arrival]] = {}
        self._order: deque[str] = deque()
        self._kept = 0
        self.outcomes: Counter[str] = Counter()
        self.by_provider: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.per_second: dict[str, Counter[int]] = {}
        self._accepted = self._accepted_tokens = self._accepted_max = 0
        self._seen = self._seen_tokens = self._seen_max = self._replaced = 0

    def record(self, arrival: Arrival) -> None:
        """Count one message."""
        record = self._tokens.get(arrival.token)
        if record is None:
            record = self._tokens[arrival.token] = TokenRecord()
        record.received += 1
        self.count(arrival.outcome, arrival.provider)
        if arrival.outcome != "OK":
            record.outcomes = record.outcomes or {}
            record.outcomes[arrival.outcome] = record.outcomes.get(arrival.outcome, 0) + 1
        if arrival.accepted:
            self._reach(record, arrival)
        self._keep(arrival)

    def deliver(self, arrival: Arrival) -> None:
        """Write down that a device gets what was kept for it, which is no request."""
        self._reach(self._tokens.setdefault(arrival.token, TokenRecord()), arrival)
        self._keep(msgspec.structs.replace(arrival, accepted=True))

    def _reach(self, record: TokenRecord, arrival: Arrival) -> None:
        self._accept(record)
        if arrival.shown:
            self._show(record, arrival.tag)

    def count(self, outcome: str, provider: str = "fcm") -> None:
        """Count a request, also one that reached no token."""
        self.outcomes[outcome] += 1
        self.by_provider[provider][outcome] += 1

    def tick(self, credential: str, second: int, count: int = 1) -> None:
        """Count a request of a credential, or its `count` devices, in its second."""
        seconds = self.per_second.get(credential)
        if seconds is None:
            seconds = self.per_second[credential] = Counter()
        seconds[second] += count

    def _accept(self, record: TokenRecord) -> None:
        record.accepted += 1
        self._accepted += 1
        self._accepted_tokens += record.accepted == 1
        self._accepted_max = max(self._accepted_max, record.accepted)

    def _show(self, record: TokenRecord, tag: str | None) -> None:
        if tag is not None:
            if tag in record.tags:
                self._replaced += 1
                return
            record.tags = (*record.tags[1 - _TAGS_PER_TOKEN :], intern(tag))
        record.seen += 1
        self._seen += 1
        self._seen_tokens += record.seen == 1
        self._seen_max = max(self._seen_max, record.seen)

    def _keep(self, arrival: Arrival) -> None:
        if not self.keep_per_token or not self.keep_total:
            return
        recent = self._recent.get(arrival.token)
        if recent is None:
            recent = self._recent[arrival.token] = deque()
        recent.append(arrival)
        self._order.append(arrival.token)
        if len(recent) > self.keep_per_token:
            recent.popleft()
        else:
            self._kept += 1
        while self._kept > self.keep_total or len(self._order) > 2 * self.keep_total:
            self._evict(self._order.popleft())

    def _evict(self, token: str) -> None:
        # The order may name a token more often than it has payloads left; such an entry has nothing to evict.
        recent = self._recent.get(token)
        if recent:
            recent.popleft()
            self._kept -= 1
        if recent is not None and not recent:
            del self._recent[token]

    def totals(self) -> dict[str, Any]:
        """Return the counters of the whole simulator."""
        return {
            "requests": self.outcomes.total(),
            "outcomes": dict(self.outcomes),
            "providers": {name: dict(outcomes) for name, outcomes in self.by_provider.items()},
            "tokens": len(self._tokens),
            "accepted": self._accepted,
            "tokens_accepted": self._accepted_tokens,
            "max_accepted_per_token": self._accepted_max,
            "duplicates": self._accepted - self._accepted_tokens,
            "seen": {
                "total": self._seen,
                "tokens": self._seen_tokens,
                "max_per_token": self._seen_max,
                "replaced": self._replaced,
            },
            "per_second": {name: dict(seconds) for name, seconds in self.per_second.items()},
        }

    def tokens(self, prefix: str, limit: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield up to `limit` tokens that start with `prefix`, in order of arrival, with their counters."""
        for token, record in self._tokens.items():
            if limit <= 0:
                return
            if token.startswith(prefix):
                limit -= 1
                yield token, self._report(token, record)

    def _report(self, token: str, record: TokenRecord) -> dict[str, Any]:
        outcomes = dict(record.outcomes or {})
        fine = record.received - sum(outcomes.values())
        recent = self._recent.get(token)
        return {
            "received": record.received,
            "accepted": record.accepted,
            "seen": record.seen,
            "outcomes": ({"OK": fine} if fine else {}) | outcomes,
            "last": describe(recent[-1])["message"] if recent else None,
        }

    def received(self, token: str) -> list[dict[str, Any]]:
        """Return the payloads that are kept for a token, oldest first."""
        return [describe(arrival) for arrival in self._recent.get(token, ())]


def describe(arrival: Arrival) -> dict[str, Any]:
    """Return one kept message as the control plane shows it."""
    described = {"at": arrival.at, "outcome": arrival.outcome, "accepted": arrival.accepted}
    body = _content(arrival.body)
    if arrival.provider == "fcm":
        validates = bool(body.get("validate_only") or body.get("validateOnly"))
        return described | {"message": body.get("message"), "validate_only": validates}
    return described | {"message": body, "headers": arrival.headers}


def _content(body: bytes) -> Any:
    """Return JSON as what it says, other text as it is, and bytes in base64."""
    with suppress(ValueError):
        return msgspec.json.decode(body)
    try:
        return body.decode()
    except UnicodeDecodeError:
        return b64encode(body).decode()
