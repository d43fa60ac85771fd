"""Web Push (RFC 8030): every browser, through the push service that its maker runs.

What encrypts and signs is imported by `open`: whoever only checks a registered token does not need it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clarion.app import WebPushCredential
from clarion.message import Message
from clarion.providers.address import allowed
from clarion.providers.base import Addressee, AddressRefused, Bearer, Budget, Line, Result, RetryRule
from clarion.providers.exchange import Answer, Request
from clarion.providers.webpush.composition import Composition, compose
from clarion.providers.webpush.outcome import classify
from clarion.providers.webpush.subscription import Subscription, parse

if TYPE_CHECKING:
    from clarion.providers.webpush.bearer import Signer

BAD_SUBSCRIPTION, ENDPOINT_NOT_ALLOWED = "BAD_SUBSCRIPTION", "ENDPOINT_NOT_ALLOWED"
#: Enough of the public key to tell one credential from another.
_KEY_SHOWN = 16


@dataclass(frozen=True, slots=True, eq=False)
class WebPushProvider:
    """All push services, with the VAPID key of one application."""

    credential: str
    hosts: frozenset[str]
    line: Line
    retry: RetryRule
    budget: Budget
    signer: Signer = field(repr=False)
    encrypt: Callable[[bytes, Subscription], bytes] = field(repr=False)
    name: str = "webpush"
    environment: str = ""
    batch_max: int = 1
    bearer_life_s: float = 0.0
    signs_itself: bool = True
    one_server: bool = False

    @classmethod
    def open(cls, _app: str, credential: WebPushCredential) -> WebPushProvider:
        """Read the credential's key file.

        Raises:
            Misconfigured: the file cannot be read, or is not a key on P-256.
        """
        from clarion.providers.webpush.bearer import Signer, load_key  # noqa: PLC0415
        from clarion.providers.webpush.encryption import encrypt  # noqa: PLC0415

        signer = Signer(load_key(credential.private_key), credential.subject)
        return cls(
            credential=signer.public_key[:_KEY_SHOWN],
            hosts=credential.hosts,
            line=Line(credential.ca_bundle),
            retry=RetryRule.of(credential),
            budget=Budget.of(credential),
            signer=signer,
            encrypt=encrypt,
        )

    def compose(self, message: Message, os: str, *, now_ms: int) -> Composition:
        """The plaintext and the headers that all browsers share."""
        return compose(message, os, now_ms=now_ms)

    def request(
        self,
        composition: Composition,
        devices: Sequence[Addressee],
        tag: Sequence[int],
        bearer: str,  # noqa: ARG002  # each request is signed here
    ) -> Request:
        """One message, encrypted for one browser."""
        try:
            subscription = parse(devices[0].token)
            headers = composition.by_origin.get(subscription.origin.text) or self._headers(composition, subscription)
            body = self.encrypt(composition.content, subscription)
        except ValueError:
            raise AddressRefused(BAD_SUBSCRIPTION) from None
        return Request(tag, subscription.endpoint, headers, body)

    def _headers(self, composition: Composition, subscription: Subscription) -> tuple[str, ...]:
        if not allowed(subscription.origin, self.hosts):
            raise AddressRefused(ENDPOINT_NOT_ALLOWED)
        origin = subscription.origin.text
        authorization = self.signer.authorization(origin, now_ms=composition.now_ms)
        headers = (*composition.headers, f"Authorization: {authorization}")
        composition.by_origin[origin] = headers
        return headers

    def read(self, answer: Answer) -> Result:
        """By the outcome tables."""
        return classify(answer)

    def fetch_bearer(self, *, now_ms: int) -> Bearer:  # noqa: ARG002  # as every provider's
        """Never called: there is no access token.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("Web Push signs each request: there is no access token to fetch.")
