"""Where a message stands, and how it ended for one device. `docs/message_states.md` draws the moves."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """The states of a message."""

    #: Waits for its time, or, repeated, for its next run.
    SCHEDULED = "scheduled"
    #: Stored; nobody has looked for its audience yet.
    ACCEPTED = "accepted"
    #: A worker is resolving the audience and cutting it into shards; the first shards may already be on their way.
    PLANNING = "planning"
    #: The audience is known; shards are open.
    DELIVERING = "delivering"
    #: Cancelled while shards were open: workers are closing them without sending.
    CANCELLING = "cancelling"
    #: Nothing more is sent until it is resumed, to where it stood before.
    PAUSED = "paused"
    #: Terminal: every device has an outcome, and somebody was accepted or nobody was addressed.
    PUBLISHED = "published"
    #: Terminal: nobody was accepted, or the message could not be planned.
    FAILED = "failed"
    #: Terminal: cancelled, books closed.
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """Whether nothing can change any more."""
        return self in _TERMINAL


_TERMINAL = frozenset({State.PUBLISHED, State.FAILED, State.CANCELLED})


class Outcome(StrEnum):
    """How a message ended for one device. The books of a message are the count of each of these, and of the pending."""

    #: The provider took it. Whether the device showed it, no provider tells.
    ACCEPTED = "accepted"
    #: The provider proved the token dead, or the device left between planning and sending.
    UNREGISTERED = "unregistered"
    #: The provider refused it, for a reason that repeating would not change, or for too long.
    REJECTED = "rejected"
    #: The time to live ended first.
    EXPIRED = "expired"
    #: The message was cancelled first.
    CANCELLED = "cancelled"
    #: The request may have reached the provider, and its answer did not reach us.
    UNKNOWN = "unknown"
