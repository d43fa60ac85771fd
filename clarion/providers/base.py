"""What every provider is: a way to compose requests and to read answers."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from clarion.message import Message
from clarion.providers.exchange import Answer, Failure, Request


class Verdict(StrEnum):
    """What an answer means for the device, and for those who come after it."""

    #: Taken.
    ACCEPTED = "accepted"
    #: Proof that this one token is dead.
    UNREGISTERED = "unregistered"
    #: Refused for good.
    REJECTED = "rejected"
    #: Refused for now: try again later.
    RETRY = "retry"
    #: Our access token is not accepted: a new one may be.
    BEARER = "bearer"
    #: Our credential is not accepted: nothing can be sent with it until that is mended.
    CREDENTIAL = "credential"
    #: Nobody can say.
    UNKNOWN = "unknown"


class Result(NamedTuple):
    """A verdict, the provider's own word for it, and its wish when to try again (seconds; None is no wish)."""

    verdict: Verdict
    reason: str = ""
    retry_after_s: float | None = None


class RetryRule(NamedTuple):
    """How a provider wants to be asked again.

    Attributes:
        wait_s: the least wait before a second attempt; doubled for each further one.
        throttled_wait_s: the wait after a refusal for being too fast that names no time.
        give_up_after_s: an attempt that would start later than this after the first one is not made.
    """

    wait_s: float
    throttled_wait_s: float
    give_up_after_s: float


class Bearer(NamedTuple):
    """An access token and the instant it ends (epoch ms)."""

    token: str
    expires_ms: int


class ContentRefused(Exception):
    """The content cannot be sent by this provider; the text says why, without quoting it."""


class Provider(Protocol):
    """One provider with one credential of one application."""

    @property
    def name(self) -> str:
        """The word for the provider in books, keys and logs."""

    @property
    def credential(self) -> str:
        """Names the credential for the whole fleet: access token, budget and parking hang on it."""

    @property
    def ca_bundle(self) -> Path | None:
        """The only authorities (PEM) to trust when sending; None is the engine's own choice."""

    @property
    def retry(self) -> RetryRule:
        """How it wants to be asked again."""

    def compose(self, message: Message, os: str, *, now_ms: int) -> Any:
        """The part of a request that all devices of an operating system share.

        Raises:
            ContentRefused: the provider would refuse it for every device.
        """

    def request(self, composition: Any, token: str, tag: int, bearer: str) -> Request:
        """The request for one device."""

    def read(self, answer: Answer) -> Result:
        """What an HTTP answer means."""

    def fetch_bearer(self, *, now_ms: int) -> Bearer:
        """Ask the provider's token endpoint for an access token: the one call here that goes out.

        Raises:
            Misconfigured: the credential is refused or unusable.
            OSError: the endpoint cannot be reached.
        """


def read(provider: Provider, answer: Answer) -> Result:
    """What an answer, or its absence, means."""
    if answer.failure is None:
        try:
            return provider.read(answer)
        except Exception:  # noqa: BLE001  # whatever a peer may send, it must not stop the devices after this one
            return Result(Verdict.UNKNOWN, "UNREADABLE")
    if answer.failure is Failure.NOT_SENT:
        return Result(Verdict.RETRY, answer.reason)
    return Result(Verdict.UNKNOWN, answer.reason)
