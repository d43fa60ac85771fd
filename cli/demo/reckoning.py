"""Comparing what happened with what had to happen. Every difference becomes a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clarion.message import Outcome, State
from clarion.status import Progress
from cli.demo.campaign import Publish
from cli.screen import number

#: Sentences of one kind that are said in full.
_EXAMPLES = 3


def check_books(publish: Publish, progress: Progress) -> list[str]:
    """What is wrong with the books of a message that is over."""
    books, found = progress.books, []
    expected = {
        "audience": (books.audience, len(publish.audience)),
        "accepted": (books.total(Outcome.ACCEPTED), len(publish.audience) - publish.dead),
        "unregistered": (books.total(Outcome.UNREGISTERED), publish.dead),
    }
    if progress.state is not State.PUBLISHED:
        found.append(f"it ended as {progress.state}, not published")
    if not books.closed:
        found.append(f"its books are open: audience {number(books.audience)}, pending {number(books.pending)}")
    found += [f"{name} {number(is_)}, not {number(due)}" for name, (is_, due) in expected.items() if is_ != due]
    return [f"{publish.title}: {what}" for what in found]


def check_registry(before: int, after: int, dead: int) -> list[str]:
    """What is wrong with the number of devices that stayed registered."""
    if after == before - dead:
        return []
    return [f"registry: {number(after)} devices are left of {number(before)}, not {number(before - dead)}"]


def check_arrivals(due: Mapping[str, int], received: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Which tokens the simulator was not asked for exactly as often as there were publishes to them."""
    wrong = [
        f"simulator: a token was asked for {is_} times, not {times}"
        for token, times in due.items()
        if (is_ := int(received.get(token, {}).get("received", 0))) != times
    ]
    wrong += ["simulator: a token was asked for that nobody addressed" for token in received if token not in due]
    more = [f"simulator: {number(len(wrong) - _EXAMPLES)} more"] if len(wrong) > _EXAMPLES else []
    return wrong[:_EXAMPLES] + more
