"""A message to a few devices is delivered by whoever planned it: one task instead of several, and no second queue."""

from __future__ import annotations

from clarion.delivery.deliver import deliver
from clarion.delivery.outfit import Outfit
from clarion.delivery.plan import plan


def plan_and_deliver(outfit: Outfit, message_id: str) -> str:
    """Plan a message, and deliver it at once when it is to a few devices; returns the state after the plan.

    If this dies in between, its shards have no task, and the rescue finds them (after a minute, with another broker).

    Raises:
        Unavailable: Redis failed; the rescue goes on with what was left.
    """
    kept: list[str] = []
    state = plan(outfit, message_id, kept=kept)
    for shard in kept:
        deliver(outfit, message_id, shard)
    return state
