"""Where messages stand, as replies tell it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.wire import FIRST_CLOCK, MS, StatusWord, Wire
from clarion.message import Outcome, State


class BookEntry(Wire):
    """So many devices ended so, at that provider, for that reason."""

    outcome: Outcome
    provider: str
    reason: str
    devices: int


class Books(Wire):
    """Who was reached and who was not: `audience` is the sum of `pending` and of all entries."""

    audience: int
    pending: int
    entries: list[BookEntry]


class Held(Wire):
    """A credential that somebody of the audience waits for."""

    provider: str
    state: Literal["paused", "broken", "parked"]
    reason: str


class Progress(Wire):
    """All that is known of a message."""

    message_id: str
    status: StatusWord
    error_message: str | None
    state: State
    books: Books
    planned: bool = Field(description="Whether the audience is complete.")
    open_shards: int
    unmatched: list[str] = Field(description="Device ids of a singlecast that no registered device answers to.")
    held: list[Held] = Field(description="Credentials that nothing is sent with now, while somebody is pending.")
    accepted_ms: int = Field(description=MS)
    began_ms: int | None = Field(description="When a worker began with it.")
    planned_ms: int | None
    settled_ms: int | None
    due_ms: int | None = Field(
        description=f"When it starts, or its next run does; null when it waits for no time. {FIRST_CLOCK}"
    )
    local: bool = Field(description="Whether the time that it waits for is by each device's own clock.")
    runs: int | None = Field(description="Of a repeated message, how many runs were started.")
    missed: int | None = Field(description="Of a repeated message, how many runs were not in time.")
    paused_ms: int | None = Field(description="Since when it is paused.")
    parent: str | None = Field(description="The repeated message whose run this is.")
    rate_per_s: float | None = Field(description="Devices a second that got their outcome since it began.")
    limit_per_s: float | None = Field(description="Devices a second that it may have at most.")
    ends_ms: int | None = Field(description="When its books will be closed, as far as can be told.")


class RecentMessage(Wire):
    """One of the latest messages."""

    message_id: str
    status: StatusWord
    state: State
    audience: int
    accepted_ms: int = Field(description=MS)


class RecentMessages(Wire):
    """The latest messages, newest first."""

    messages: list[RecentMessage]
