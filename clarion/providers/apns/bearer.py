"""APNs' provider token: a JWT signed here with the team's key, the same one for the whole fleet.

Source: Apple, "Establishing a token-based connection to APNs".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from clarion.errors import Misconfigured
from clarion.providers.base import Bearer

#: APNs refuses a token after 60 minutes. What renews it early never does so within the first twenty.
VALID_S = 3300


def load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The signing key of a `.p8` file.

    Raises:
        Misconfigured: it cannot be read, or is not a key on P-256. Its content is not quoted.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise Misconfigured(f"APNs signing key {path}: cannot be read ({error.strerror}).") from error
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Misconfigured(f"APNs signing key {path}: expected a key file (.p8) without a password.") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Misconfigured(f"APNs signing key {path}: expected a key on the curve P-256.")
    return key


@dataclass(frozen=True, slots=True)
class Signer:
    """A signing key, by its id, of a team."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    key_id: str
    team_id: str

    def bearer(self, *, now_ms: int) -> Bearer:
        """A provider token that counts from `now_ms` (epoch milliseconds)."""
        # Apple documents alg and kid alone, and some readers of its answers blame `typ`.
        header = {"kid": self.key_id, "typ": None}
        token = jwt.encode({"iss": self.team_id, "iat": now_ms // 1000}, self.key, algorithm="ES256", headers=header)
        return Bearer(token, now_ms + VALID_S * 1000)
