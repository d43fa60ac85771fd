"""Huawei Push Kit, the REST API's first and second version.

What signs is imported when a credential is opened: whoever only checks a message's length does not need it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from clarion.app import HMSCredential
from clarion.message import Message
from clarion.providers.base import Addressee, Bearer, Budget, Line, Result, RetryRule
from clarion.providers.exchange import Answer, Request
from clarion.providers.hms.composition import Composition, compose, splice
from clarion.providers.hms.outcome import classify

if TYPE_CHECKING:
    from clarion.providers.hms.bearer import Proof


@dataclass(frozen=True, slots=True, eq=False)
class HMSProvider:
    """HMS with the credential of one application; one request carries many devices."""

    credential: str
    url: str
    line: Line
    retry: RetryRule
    budget: Budget
    proof: Proof = field(repr=False)
    name: str = "hms"
    environment: str = ""
    batch_max: int = 1_000
    bearer_life_s: float = 10.0
    signs_itself: bool = False
    one_server: bool = True

    @classmethod
    def open(cls, _app: str, credential: HMSCredential) -> HMSProvider:
        """Read the client's secret, or the service account's key file.

        Raises:
            Misconfigured: the file cannot be read or used.
        """
        from clarion.providers.hms.bearer import proof  # noqa: PLC0415

        project = credential.project_id
        path = f"v1/{credential.client_id}" if project is None else f"v2/{quote(project, safe='')}"
        return cls(
            credential=credential.client_id,
            url=f"{credential.endpoint.rstrip('/')}/{path}/messages:send",
            line=Line(credential.ca_bundle),
            retry=RetryRule.of(credential),
            budget=Budget.of(credential),
            proof=proof(credential),
        )

    def compose(self, message: Message, os: str, *, now_ms: int) -> Composition:
        """The JSON of the message up to and from the tokens."""
        return compose(message, os, now_ms=now_ms)

    def request(
        self, composition: Composition, devices: Sequence[Addressee], tag: Sequence[int], bearer: str
    ) -> Request:
        """One `messages:send` for all of the devices."""
        body = splice(composition, (device.token for device in devices))
        return Request(tag, self.url, composition.headers(bearer), body)

    def read(self, answer: Answer) -> Result:
        """By the outcome tables; illegal tokens are set apart."""
        return classify(answer)

    def fetch_bearer(self, *, now_ms: int) -> Bearer:
        """A new access token: asked for, or signed here."""
        return self.proof.bearer(self.line.ca_bundle, now_ms=now_ms)
