"""The control endpoint of a running simulator, for tests whose simulator somebody else started."""

from __future__ import annotations

from typing import Any

import httpx


def counts(stack: Any) -> dict[str, Any]:
    """What the simulator of `stack` has counted."""
    reply: dict[str, Any] = httpx.get(f"{stack.simulator['control']}/counts", timeout=30).raise_for_status().json()
    return reply


def received(stack: Any, token: str) -> list[dict[str, Any]]:
    """What that token has received."""
    url = f"{stack.simulator['control']}/received"
    reply: dict[str, Any] = httpx.get(url, params={"token": token}, timeout=30).raise_for_status().json()
    return list(reply["messages"])
