"""WNS' access token: from Microsoft Entra for a tenant's application, from the Store for a package SID."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

from clarion.app import WNSCredential
from clarion.providers.grant import read_secret

ENTRA, STORE = "https://login.microsoftonline.com", "https://login.live.com"
ENTRA_SCOPE, STORE_SCOPE = "https://wns.windows.com/.default", "notify.windows.com"


class Grant(NamedTuple):
    """What to ask, and where."""

    url: str
    form: dict[str, str]

    def __repr__(self) -> str:
        """Without the form, which has the secret."""
        return f"Grant(url={self.url!r})"


def grant(credential: WNSCredential) -> Grant:
    """The token request of a credential; the two flows do not take each other's clients.

    Raises:
        Misconfigured: the secret cannot be read.
    """
    if credential.tenant_id is None:
        url, scope = f"{(credential.token_endpoint or STORE).rstrip('/')}/accesstoken.srf", STORE_SCOPE
    else:
        origin = (credential.token_endpoint or ENTRA).rstrip("/")
        url, scope = f"{origin}/{quote(credential.tenant_id, safe='')}/oauth2/v2.0/token", ENTRA_SCOPE
    form = {
        "grant_type": "client_credentials",
        "client_id": credential.client_id,
        "client_secret": read_secret("WNS", credential.client_secret),
        "scope": scope,
    }
    return Grant(url, form)
