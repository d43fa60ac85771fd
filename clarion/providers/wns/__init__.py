"""Windows Push Notification Services."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from clarion.app import WNSCredential
from clarion.message import Message
from clarion.providers.address import allowed, origin
from clarion.providers.base import Addressee, AddressRefused, Bearer, Budget, Line, Result, RetryRule
from clarion.providers.exchange import Answer, Request
from clarion.providers.grant import ask
from clarion.providers.wns.bearer import Grant, grant
from clarion.providers.wns.composition import Composition, compose
from clarion.providers.wns.outcome import HEADERS, classify

_PLAIN_ID = re.compile("[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True, eq=False)
class WNSProvider:
    """WNS with the client of one application; a device's token is its channel URI."""

    credential: str
    hosts: frozenset[str]
    line: Line
    retry: RetryRule
    budget: Budget
    grant: Grant = field(repr=False)
    name: str = "wns"
    environment: str = ""
    batch_max: int = 1
    bearer_life_s: float = 10.0
    signs_itself: bool = False
    one_server: bool = False

    @classmethod
    def open(cls, _app: str, credential: WNSCredential) -> WNSProvider:
        """Read the client's secret.

        Raises:
            Misconfigured: the file cannot be read.
        """
        return cls(
            credential=_short(credential.client_id),
            hosts=credential.hosts,
            line=Line(credential.ca_bundle, answer_headers=HEADERS),
            retry=RetryRule.of(credential),
            budget=Budget.of(credential),
            grant=grant(credential),
        )

    def compose(self, message: Message, os: str, *, now_ms: int) -> Composition:
        """Headers and body."""
        return compose(message, os, now_ms=now_ms)

    def request(
        self, composition: Composition, devices: Sequence[Addressee], tag: Sequence[int], bearer: str
    ) -> Request:
        """One notification to a channel, if the channel is where channels are."""
        channel = devices[0].token
        found = origin(channel)
        if found is None:
            raise AddressRefused("BAD_CHANNEL")
        if not allowed(found, self.hosts):
            raise AddressRefused("CHANNEL_NOT_ALLOWED")
        return Request(tag, channel, composition.headers(bearer), composition.body)

    def read(self, answer: Answer) -> Result:
        """By the outcome tables."""
        return classify(answer)

    def fetch_bearer(self, *, now_ms: int) -> Bearer:
        """A new access token from Microsoft Entra, or from the Store."""
        return ask("WNS", self.grant.url, self.grant.form, self.line.ca_bundle, now_ms=now_ms)


def _short(client_id: str) -> str:
    """A client's id as part of a name; a package SID is an address of eighty characters, so it is its digest."""
    return client_id if _PLAIN_ID.fullmatch(client_id) else blake2b(client_id.encode(), digest_size=16).hexdigest()
