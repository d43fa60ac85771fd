"""What every provider is: a way to compose requests and to read answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from clarion.app import Credential
from clarion.message import Message
from clarion.providers.exchange import Answer, Failure, Request


class Verdict(StrEnum):
    """What an answer means for the device, and for those who come after it."""

    #: Taken.
    ACCEPTED = "accepted"
    #: Proof that this one token is dead.
    UNREGISTERED = "unregistered"
    #: Refused for good, in a way that blames the token and may be our own mistake: a strike against it, no proof.
    SUSPECT = "suspect"
    #: Refused for good.
    REJECTED = "rejected"
    #: This device is refused for now: try it again later.
    RETRY = "retry"
    #: We are too fast: nothing more with this credential for a while, from anybody.
    THROTTLED = "throttled"
    #: Our access token is not accepted: a new one may be, on a new connection.
    BEARER = "bearer"
    #: Our credential is not accepted: nothing can be sent with it until that is mended.
    CREDENTIAL = "credential"
    #: Nobody can say.
    UNKNOWN = "unknown"


class Result(NamedTuple):
    """What an answer means.

    Attributes:
        verdict: for all devices of the request, but those in `apart`.
        reason: the provider's own word for it: it goes into books and logs, so it is a word and quotes nothing.
        retry_after_s: the provider's wish when to try again; None is no wish.
        dead_since_ms: with UNREGISTERED, the instant (epoch ms) from which on the token is known to be dead: a device
            that registered it later keeps it. None is now.
        elsewhere: with SUSPECT, that the token may belong to the provider's other environment.
        apart: token -> what is true of it instead, where one request has several devices.
    """

    verdict: Verdict
    reason: str = ""
    retry_after_s: float | None = None
    dead_since_ms: int | None = None
    elsewhere: bool = False
    apart: Mapping[str, Result] = {}


#: The environments that tokens may belong to, each with the other one.
OTHER_ENVIRONMENT = {"production": "sandbox", "sandbox": "production"}


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

    @classmethod
    def of(cls, credential: Credential) -> RetryRule:
        """What a credential says of it."""
        return cls(credential.retry_wait_s, credential.throttled_wait_s, credential.give_up_after_s)


class Budget(NamedTuple):
    """How fast the whole fleet together may send with a credential.

    Attributes:
        rate_per_s: devices a second; 0 is without limit.
        ramp_up_s: how long it takes from a tenth of the rate to all of it, after a pause or a silence.
    """

    rate_per_s: float = 0.0
    ramp_up_s: float = 0.0

    @classmethod
    def of(cls, credential: Credential) -> Budget:
        """What a credential says of it."""
        return cls(credential.rate_per_s, credential.ramp_up_s)


class Line(NamedTuple):
    """What connections to a provider must be like. Providers with equal lines may share connections.

    Attributes:
        ca_bundle: the only authorities (PEM) to trust when sending; None is the engine's own choice.
        share: connections are shared only with this word: a provider that binds a connection to a credential names it.
        answer_headers: lower-case names of the response headers that `read` looks at.
    """

    ca_bundle: Path | None = None
    share: str = ""
    answer_headers: tuple[str, ...] = ()


class Bearer(NamedTuple):
    """An access token and the instant it ends (epoch ms)."""

    token: str
    expires_ms: int


class Addressee(Protocol):
    """What a provider needs to know of a device; a registry's record is one."""

    @property
    def token(self) -> str:
        """The provider's address of the device."""

    @property
    def environment(self) -> str | None:
        """Which of the provider's environments the token belongs to; None is the application's."""


class ContentRefused(Exception):
    """The content cannot be sent by this provider; the text says why, without quoting it."""


class AddressRefused(Exception):
    """Nothing may be sent to that address; the text is one word for books and logs."""


class Provider(Protocol):
    """One provider with one credential of one application. It is compared by identity and shared by threads."""

    @property
    def name(self) -> str:
        """The word for the provider in books, keys and logs."""

    @property
    def credential(self) -> str:
        """Names the account at the provider, whatever application uses it: access token and budget hang on it."""

    @property
    def line(self) -> Line:
        """What its connections must be like."""

    @property
    def retry(self) -> RetryRule:
        """How it wants to be asked again."""

    @property
    def budget(self) -> Budget:
        """How fast it may be asked."""

    @property
    def environment(self) -> str:
        """Which of its environments tokens belong to that do not say it themselves; "" when it has only one."""

    @property
    def batch_max(self) -> int:
        """How many devices one request may have."""

    @property
    def bearer_life_s(self) -> float:
        """The least time between two access tokens of the provider; 0 when it takes any number."""

    @property
    def signs_itself(self) -> bool:
        """Whether each request carries its own proof, so that there is no access token: `bearer` is then ""."""

    @property
    def one_server(self) -> bool:
        """Whether one server reaches all devices, so that its failures concern them all; else each names its own."""

    def compose(self, message: Message, os: str, *, now_ms: int) -> Any:
        """The part of a request that all devices of an operating system share.

        Raises:
            ContentRefused: the provider would refuse it for every device.
        """

    def request(self, composition: Any, devices: Sequence[Addressee], tag: Sequence[int], bearer: str) -> Request:
        """The request for some devices, `batch_max` at most; `tag` has their ordinals, and is the request's tag.

        Raises:
            AddressRefused: nothing may be sent to one of them; raised only when there is no other.
        """

    def read(self, answer: Answer) -> Result:
        """What an HTTP answer means."""

    def fetch_bearer(self, *, now_ms: int) -> Bearer:
        """A new access token: made here, or asked of the provider's token endpoint, the one call here that goes out.

        Raises:
            Misconfigured: the credential is refused or unusable.
            OSError: the endpoint cannot be reached.
        """


#: Reasons of a request that cannot be written at all: sending it again would not help, and nobody failed.
UNWRITABLE = frozenset({"URL", "HEADER"})


def read(provider: Provider, answer: Answer) -> Result:
    """What an answer, or its absence, means."""
    if answer.failure is None:
        try:
            return provider.read(answer)
        except Exception:  # noqa: BLE001  # whatever a peer may send, it must not stop the devices after this one
            return Result(Verdict.UNKNOWN, "UNREADABLE")
    if answer.failure is not Failure.NOT_SENT:
        return Result(Verdict.UNKNOWN, answer.reason)
    if answer.reason in UNWRITABLE:
        return Result(Verdict.REJECTED, answer.reason)
    # It cost nobody anything: it may go out again at once.
    return Result(Verdict.RETRY, answer.reason, 0.0)
