"""Apple Push Notification service, HTTP/2, with a token signing key.

What signs is imported when a credential is opened: whoever only checks a message's length does not need it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clarion.app import APNsCredential, APNsEnvironment
from clarion.message import Message
from clarion.providers.apns.composition import Composition, compose
from clarion.providers.apns.outcome import ACCEPTED, BAD_DEVICE_TOKEN, classify
from clarion.providers.base import Addressee, AddressRefused, Bearer, Budget, Line, Result, RetryRule
from clarion.providers.exchange import Answer, Request

if TYPE_CHECKING:
    from clarion.providers.apns.bearer import Signer

#: APNs refuses a second access token on one connection sooner than this.
LIFE_S = 1200.0
_is_hexadecimal = re.compile("[0-9a-fA-F]+").fullmatch


@dataclass(frozen=True, slots=True, eq=False)
class APNsProvider:
    """APNs with the signing key of one application.

    Attributes:
        environment: where tokens belong that do not say it themselves.
        urls: environment -> what stands before the token.
        topic, topics: the bundle id, and by operating system where it is another one.
    """

    credential: str
    environment: str
    urls: Mapping[str, str]
    topic: str
    topics: Mapping[str, str]
    line: Line
    retry: RetryRule
    budget: Budget
    signer: Signer = field(repr=False)
    name: str = "apns"
    batch_max: int = 1
    bearer_life_s: float = LIFE_S
    signs_itself: bool = False
    one_server: bool = True

    @classmethod
    def open(cls, _app: str, credential: APNsCredential) -> APNsProvider:
        """Read the credential's signing key. Applications that share a key share its provider token.

        Raises:
            Misconfigured: the file cannot be read, or is not a key on P-256.
        """
        from clarion.providers.apns.bearer import Signer, load_key  # noqa: PLC0415

        named = f"{credential.team_id}.{credential.key_id}"
        origins = {
            APNsEnvironment.PRODUCTION: credential.endpoint,
            APNsEnvironment.SANDBOX: credential.sandbox_endpoint,
        }
        return cls(
            credential=named,
            environment=str(credential.environment),
            urls={str(name): f"{origin.rstrip('/')}/3/device/" for name, origin in origins.items()},
            topic=credential.topic,
            topics=credential.topics,
            line=Line(credential.ca_bundle, share=f"apns:{named}"),
            retry=RetryRule.of(credential),
            budget=Budget.of(credential),
            signer=Signer(load_key(credential.key_file), credential.key_id, credential.team_id),
        )

    def compose(self, message: Message, os: str, *, now_ms: int) -> Composition:  # noqa: ARG002  # APNs is told an instant
        """The payload and the headers that do not depend on the device."""
        return compose(message, os, self.topics.get(os, self.topic))

    def request(
        self, composition: Composition, devices: Sequence[Addressee], tag: Sequence[int], bearer: str
    ) -> Request:
        """One notification. A token stands in the path, so it is nothing but hexadecimal digits."""
        device = devices[0]
        if not _is_hexadecimal(device.token):
            raise AddressRefused(BAD_DEVICE_TOKEN)
        url = self.urls.get(device.environment or self.environment)
        if url is None:
            raise AddressRefused("UnknownEnvironment")
        return Request(tag, url + device.token, composition.headers(bearer), composition.body, composition.own(tag[0]))

    def read(self, answer: Answer) -> Result:
        """By the outcome table."""
        return ACCEPTED if answer.status == 200 else classify(answer)  # noqa: PLR2004  # the hot path

    def fetch_bearer(self, *, now_ms: int) -> Bearer:
        """A new provider token, signed here."""
        return self.signer.bearer(now_ms=now_ms)
