"""The client-credentials grant (RFC 6749, section 4.4): an access token for a client's id and secret."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clarion.errors import Misconfigured
from clarion.providers.answer import json_object, word
from clarion.providers.base import Bearer

_TIMEOUT_S = 10.0
#: The life of a token whose endpoint does not tell it; the shortest that a provider documents.
_LIFE_S = 3_600.0
_OK, _BAD_REQUEST, _TIMEOUT, _TOO_MANY, _FAILURE = 200, 400, 408, 429, 500


def read_secret(provider: str, file: Path) -> str:
    """A client's secret, white space around it dropped.

    Args:
        provider: for people, as in "WNS".
        file: where it is.

    Raises:
        Misconfigured: it cannot be read, or is empty.
    """
    try:
        secret = file.read_text("utf-8").strip()
    except OSError as error:
        raise Misconfigured(f"{provider} client secret {file}: cannot be read ({error.strerror}).") from error
    except ValueError:
        raise Misconfigured(f"{provider} client secret {file}: expected text.") from None
    if not secret:
        raise Misconfigured(f"{provider} client secret {file}: is empty.")
    return secret


def ask(provider: str, url: str, form: Mapping[str, str], ca_bundle: Path | None, *, now_ms: int) -> Bearer:
    """An access token from a token endpoint.

    Args:
        provider: for people, as in "WNS".
        url: the endpoint's.
        form: the fields to send.
        ca_bundle: the authorities (PEM) to trust; None is the default ones.
        now_ms: epoch milliseconds.

    Raises:
        Misconfigured: the credential is refused, and the endpoint's own words for it are named; or the authorities
            cannot be read.
        OSError: the endpoint cannot be reached, or fails.
    """
    import httpx  # noqa: PLC0415  # only who fetches an access token pays for the import

    verify = trusted(provider, ca_bundle)
    try:
        with httpx.Client(verify=verify, trust_env=False, timeout=_TIMEOUT_S) as client:
            answer = client.post(url, data=dict(form))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reached = type(error).__name__
        raise ConnectionError(f"{provider}'s token endpoint cannot be reached ({reached}).") from None
    content = json_object(answer.content)
    if _BAD_REQUEST <= answer.status_code < _FAILURE and answer.status_code not in (_TIMEOUT, _TOO_MANY):
        raise Misconfigured(f"{provider} refuses the client id or its secret ({_words(content, answer.status_code)}).")
    token = content.get("access_token")
    if answer.status_code != _OK or not isinstance(token, str) or not token:
        raise ConnectionError(f"{provider}'s token endpoint is unavailable ({answer.status_code}).")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise Misconfigured(f"{provider}'s token endpoint gave an access token that no header can carry.")
    return Bearer(token, now_ms + int(_seconds(content.get("expires_in")) * 1000))


def trusted(provider: str, ca_bundle: Path | None) -> ssl.SSLContext | bool:
    """Whom to trust at a token endpoint; True is the default authorities.

    Args:
        provider: for people, as in "WNS".
        ca_bundle: the authorities (PEM); None is the default ones.

    Raises:
        Misconfigured: they cannot be read.
    """
    if ca_bundle is None:
        return True
    try:
        return ssl.create_default_context(cafile=ca_bundle)
    except (OSError, ValueError):  # an SSLError is one
        raise Misconfigured(f"{provider} ca_bundle {ca_bundle}: expected certificates that can be read.") from None


def _seconds(value: Any) -> float:
    """Microsoft writes numbers as strings."""
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return _LIFE_S
    return seconds if 0 <= seconds < float("inf") else _LIFE_S


def _words(content: dict[str, Any], status: int) -> str:
    named = [word(str(content[name])) for name in ("error", "sub_error") if name in content]
    return " ".join(filter(None, named)) or f"HTTP {status}"
