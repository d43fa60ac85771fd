"""HMS' access token: asked for with a client secret, or a JWT that the service account's key signs here."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from clarion.app import HMSCredential
from clarion.errors import Misconfigured
from clarion.providers.base import Bearer
from clarion.providers.grant import ask, read_secret

TOKEN_PATH = "/oauth2/v3/token"  # noqa: S105  # an address
_NEEDED = ("key_id", "private_key", "sub_account")
#: The longest that HMS lets a JWT live.
_LIFE_S = 3_600


class Proof(Protocol):
    """How access tokens are had."""

    def bearer(self, ca_bundle: Path | None, *, now_ms: int) -> Bearer:
        """A new access token.

        Raises:
            Misconfigured: the credential is refused.
            OSError: the token endpoint cannot be reached.
        """


@dataclass(frozen=True, slots=True)
class Client:
    """A client id and its secret, for which the token endpoint at `url` gives a token."""

    url: str
    id: str
    secret: str = field(repr=False)

    def bearer(self, ca_bundle: Path | None, *, now_ms: int) -> Bearer:
        """A token from the endpoint."""
        form = {"grant_type": "client_credentials", "client_id": self.id, "client_secret": self.secret}
        bearer = ask("HMS", self.url, form, ca_bundle, now_ms=now_ms)
        # Huawei asks for it: some answers escape the slash twice.
        return bearer._replace(token=bearer.token.replace("\\/", "/"))


@dataclass(frozen=True, slots=True)
class Account:
    """A service account, whose JWT for the token endpoint at `url` is itself the access token."""

    url: str
    id: str
    key_id: str
    key: RSAPrivateKey = field(repr=False)

    def bearer(self, ca_bundle: Path | None, *, now_ms: int) -> Bearer:  # noqa: ARG002  # nobody is asked
        """A token signed here."""
        issued = now_ms // 1000
        claims = {"iss": self.id, "aud": self.url, "iat": issued, "exp": issued + _LIFE_S}
        token = jwt.encode(claims, self.key, "PS256", headers={"kid": self.key_id})
        return Bearer(token, (issued + _LIFE_S) * 1000)


def proof(credential: HMSCredential) -> Proof:
    """What a credential proves itself with.

    Raises:
        Misconfigured: its file cannot be read, or is not what it should be; its content is not quoted.
    """
    url = credential.token_endpoint.rstrip("/") + TOKEN_PATH
    if credential.service_account is not None:
        return _account(credential.service_account, url)
    if credential.client_secret is not None:
        return Client(url, credential.client_id, read_secret("HMS", credential.client_secret))
    raise Misconfigured("HMS: expected a client secret or a service account.")


def _account(file: Path, url: str) -> Account:
    named = f"HMS service account {file}"
    try:
        content: Any = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise Misconfigured(f"{named}: cannot be read ({error.strerror}).") from error
    except ValueError:
        raise Misconfigured(f"{named}: expected a JSON file.") from None
    if not isinstance(content, dict) or not all(isinstance(content.get(name), str) for name in _NEEDED):
        raise Misconfigured(f"{named}: expected the fields {', '.join(_NEEDED)}.")
    try:
        key = load_pem_private_key(content["private_key"].encode(), None)
    except (ValueError, TypeError):
        raise Misconfigured(f"{named}: its private key cannot be used.") from None
    if not isinstance(key, RSAPrivateKey):
        raise Misconfigured(f"{named}: its private key is not an RSA key.")
    return Account(url, content["sub_account"], content["key_id"], key)
