"""Removing devices as a provider's answers do."""

from __future__ import annotations

from clarion.registry import Grave, prune

MESSAGE = "message:6ED94D19-172B-48AE-BB2C-7AA8E305CD31"


def bury(storage, app, chunk, tokens, *, provider="fcm", reason="UNREGISTERED", since_ms=None, now_ms=0):
    """Remove the devices (by slot) that carry these tokens; returns how many."""
    graves = {slot: Grave(token, provider, reason, since_ms) for slot, token in tokens.items()}
    return prune(storage, app, chunk, graves, message_id=MESSAGE, now_ms=now_ms)
