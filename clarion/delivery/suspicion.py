"""Answers that blame a token and prove nothing: when they are our own fault, and what they do to the device."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import structlog

from clarion.delivery.governor import Gate, accepted_ms
from clarion.delivery.run import Run
from clarion.message import Outcome
from clarion.providers.base import Provider
from clarion.registry import Record, strike
from clarion.storage import keys
from clarion.storage.connection import storage_errors

log = structlog.get_logger()

#: So many suspects for each good device speak against us rather than against them.
FOR_EACH_GOOD = 4
#: A provider that took something in the last so many seconds is trusted, however short the span of strikes.
TRUST_S = 3600.0
#: Why a provider is parked whose suspicion would remove too many devices.
TOO_MANY = "TOO_MANY_SUSPECTS"


def is_ours(run: Run, provider: Provider, suspects: int, good: int) -> bool:
    """Whether so many suspects beside so many good devices, here and wherever the message went, speak against us."""
    if suspects <= max(run.quarantine.few, FOR_EACH_GOOD * good):
        return False
    with storage_errors():
        books = run.outfit.storage.main.hgetall(keys.books(run.message.id))
    counts = {entry.decode(): int(devices) for entry, devices in books.items()}
    good += counts.get(f"{Outcome.ACCEPTED}|{provider.name}|", 0)
    return suspects > FOR_EACH_GOOD * good


def moved(device: Record, environment: str) -> Record:
    """The device as one of another environment."""
    return msgspec.structs.replace(device, environment=environment)


def judge(run: Run, provider: Provider, gate: Gate, suspects: Mapping[int, tuple[Record, str]]) -> None:
    """Settle suspects as rejected, with a strike against each; who has too many is removed, within bounds."""
    if not suspects:
        return
    rule, now_ms, chunk = run.quarantine, run.outfit.clock(), run.lease.shard.chunk
    blamed = {slot: (device.token, reason) for slot, (device, reason) in suspects.items()}
    due = strike(run.outfit.storage, run.message.app, chunk, blamed, (rule.strikes, rule.span_s), now_ms=now_ms)
    for slot, (_, reason) in suspects.items():
        run.settle(slot, Outcome.REJECTED, provider.name, reason)
    if not due or not _is_trusted(run, provider):
        return
    if _removed(run, len(due)) > max(1, rule.share * run.audience):
        log.error("too_many_suspects", provider=provider.name, credential=provider.credential)
        gate.park(TOO_MANY, run.outfit.pace.park_ms)
        return
    for slot in due:
        device, reason = suspects[slot]
        run.remove(slot, device, provider.name, reason)


def _is_trusted(run: Run, provider: Provider) -> bool:
    """Whether the provider took anything of the application lately: else it is the credential that is suspect."""
    seen = accepted_ms(run.outfit.storage, run.message.app, provider)
    return seen is not None and seen > run.outfit.clock() - max(run.quarantine.span_s, TRUST_S) * 1000


def _removed(run: Run, devices: int) -> int:
    """Count removals by suspicion in the message, and say how many they are with these."""
    with storage_errors():
        return int(run.outfit.storage.main.hincrby(keys.message(run.message.id), "suspects_removed", devices))
