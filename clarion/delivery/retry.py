"""When a device is tried again, and when no longer. Pure arithmetic: the clock and the dice are parameters."""

from __future__ import annotations

from clarion.calendar.zone import LAST_ZONE_MS
from clarion.message import Message, Outcome
from clarion.providers.base import Result, RetryRule

#: Waits double up to this, seconds.
WAIT_MAX_S = 600.0
#: The share of a wait that chance may add, so that a fleet does not come back in step.
JITTER = 0.2
#: The first wait where it cost nobody anything, or the provider says "at once".
AT_ONCE_S = 1.0
#: Or to so many times the least wait, where that is more.
LONGEST = 4
#: More doublings than it takes to reach any wait.
DOUBLINGS = 32
#: A message without a time to live is given up after the longest that a provider keeps one.
TTL_MAX_MS = 28 * 86_400_000


def wait_s(rule: RetryRule, result: Result, attempt: int, dice: float) -> float:
    """Seconds to wait after `attempt` attempts; `dice` is a number from 0 to 1."""
    first = AT_ONCE_S if result.retry_after_s == 0 else rule.wait_s
    backoff = max(first, min(max(WAIT_MAX_S, rule.wait_s * LONGEST), first * 2 ** min(attempt, DOUBLINGS)))
    return float(max(result.retry_after_s or 0.0, backoff) * (1 + JITTER * dice))


def ends_ms(message: Message) -> int:
    """The instant (epoch ms) from which on nothing of the message is sent, in any zone."""
    begins_ms = message.begins_ms
    if message.local:
        begins_ms = max(begins_ms + LAST_ZONE_MS, message.accepted_ms)
    return begins_ms + (TTL_MAX_MS if message.ttl_s is None else message.ttl_s * 1000)


def end(rule: RetryRule, message: Message, *, since_ms: int, due_ms: int) -> Outcome | None:
    """The outcome that ends the retries when the next one would come too late; None when it would not."""
    if due_ms >= ends_ms(message):
        return Outcome.EXPIRED
    if due_ms > since_ms + rule.give_up_after_s * 1000:
        return Outcome.REJECTED
    return None
