"""Firebase Cloud Messaging, HTTP v1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from clarion.app import FCMCredential, FCMStyle
from clarion.message import Message
from clarion.providers.base import Addressee, Bearer, Budget, Line, Result, RetryRule
from clarion.providers.exchange import Answer, Request
from clarion.providers.fcm.bearer import fetch, load_account
from clarion.providers.fcm.composition import Composition, compose, splice
from clarion.providers.fcm.outcome import ACCEPTED, classify


@dataclass(frozen=True, slots=True, eq=False)
class FCMProvider:
    """FCM with the service account of one application."""

    credential: str
    url: str
    style: FCMStyle
    line: Line
    retry: RetryRule
    budget: Budget
    account: dict[str, Any] = field(repr=False)
    name: str = "fcm"
    environment: str = ""
    batch_max: int = 1
    bearer_life_s: float = 10.0
    signs_itself: bool = False
    one_server: bool = True

    @classmethod
    def open(cls, _app: str, credential: FCMCredential) -> FCMProvider:
        """Read the credential's key file.

        Raises:
            Misconfigured: the file cannot be read, or is not a service account's key.
        """
        account = load_account(credential.service_account)
        project = credential.project_id or account["project_id"]
        return cls(
            credential=project,
            url=f"{credential.endpoint.rstrip('/')}/v1/projects/{quote(project, safe='')}/messages:send",
            style=credential.style,
            line=Line(credential.ca_bundle),
            retry=RetryRule.of(credential),
            budget=Budget.of(credential),
            account=account,
        )

    def compose(self, message: Message, os: str, *, now_ms: int) -> Composition:
        """The JSON of the message up to and from the token."""
        return compose(message, os, self.style, now_ms=now_ms)

    def request(
        self, composition: Composition, devices: Sequence[Addressee], tag: Sequence[int], bearer: str
    ) -> Request:
        """One `messages:send`."""
        return Request(tag, self.url, composition.headers(bearer), splice(composition, devices[0].token))

    def read(self, answer: Answer) -> Result:
        """By the outcome table."""
        return ACCEPTED if answer.status == 200 else classify(answer)  # noqa: PLR2004  # the hot path

    def fetch_bearer(self, *, now_ms: int) -> Bearer:
        """A new access token from the account's token endpoint."""
        return fetch(self.account, self.line.ca_bundle, now_ms=now_ms)
