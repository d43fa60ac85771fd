"""FCM's access token: the JWT-bearer grant of a service account, by google-auth."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from typing import Any

from clarion.errors import Misconfigured
from clarion.providers.base import Bearer
from clarion.providers.grant import trusted

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_NEEDED = ("project_id", "client_email", "private_key", "token_uri")
_TIMEOUT_S = 10


def load_account(path: Path) -> dict[str, Any]:
    """The service account's key file.

    Raises:
        Misconfigured: it cannot be read, or is not a service account's key. Its content is not quoted.
    """
    try:
        account = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise Misconfigured(f"FCM service account {path}: cannot be read ({error.strerror}).") from error
    except ValueError:
        raise Misconfigured(f"FCM service account {path}: expected a JSON file.") from None
    missing = [name for name in _NEEDED if not isinstance(account, dict) or not account.get(name)]
    if missing:
        raise Misconfigured(f"FCM service account {path}: expected the fields {', '.join(missing)}.")
    return dict(account)


def fetch(account: dict[str, Any], ca_bundle: Path | None, *, now_ms: int) -> Bearer:
    """A new access token.

    Raises:
        Misconfigured: the account is refused, its key is not a key, or the authorities cannot be read.
        OSError: the token endpoint cannot be reached.
    """
    import requests  # noqa: PLC0415  # google-auth's transport; only the refresher pays for the import
    from google.auth.exceptions import RefreshError, TransportError  # noqa: PLC0415
    from google.auth.transport.requests import Request  # noqa: PLC0415
    from google.oauth2.service_account import Credentials  # noqa: PLC0415

    trusted("FCM", ca_bundle)
    with requests.Session() as session:
        # Neither proxies nor authorities nor passwords of the environment: the credential says whom to trust.
        session.trust_env = False
        session.verify = True if ca_bundle is None else str(ca_bundle)
        try:
            credentials = Credentials.from_service_account_info(account, scopes=[SCOPE])  # type: ignore[no-untyped-call]
            credentials.refresh(lambda *args, **kwargs: Request(session)(*args, **kwargs | {"timeout": _TIMEOUT_S}))
        except ValueError:
            raise Misconfigured("FCM service account: its private key cannot be used.") from None
        except RefreshError as error:
            if error.retryable:
                raise ConnectionError("FCM's token endpoint is unavailable.") from None
            raise Misconfigured("FCM refuses the service account.") from None
        except TransportError:
            raise ConnectionError("FCM's token endpoint cannot be reached.") from None
    token = str(credentials.token)
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise Misconfigured("FCM's token endpoint gave an access token that no header can carry.")
    expires = credentials.expiry.replace(tzinfo=UTC)
    return Bearer(token, max(now_ms, int(expires.timestamp() * 1000)))
