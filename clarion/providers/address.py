"""Addresses that devices bring themselves: where a URL leads, and whether a request may go there.

A token that is a URL is somebody else's word; without a list of hosts it could make Clarion call anybody.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from typing import NamedTuple

# Stricter than a URL may be, so that no two readers can disagree about the host: no user info, no fragment.
_URL = re.compile(r"https://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?/[!$-;=?-\[\]-~]*")
_PORT_MAX = 65_535


class Origin(NamedTuple):
    """Where a URL leads.

    Attributes:
        host: lower case, without the port; an IPv6 address in brackets.
        text: `https://host` or `https://host:port`, as RFC 6454 writes it.
    """

    host: str
    text: str


def origin(url: str) -> Origin | None:
    """The origin of an `https://…` URL; None when it is no such URL, has user info or leaves anything in doubt."""
    match = _URL.fullmatch(url)
    if match is None:
        return None
    host, port = match[1].lower(), int(match[2] or 443)
    if not 0 < port <= _PORT_MAX:
        return None
    return Origin(host, f"https://{host}" if port == 443 else f"https://{host}:{port}")  # noqa: PLR2004  # https' own


def allowed(host: str, patterns: AbstractSet[str]) -> bool:
    """Whether a host is one of `patterns`.

    Args:
        host: without a port.
        patterns: in lower case: a host, or `*.` and a domain for any subdomain of it, but not the domain itself.
    """
    host = host.lower()
    if host in patterns:
        return True
    domain = host
    while "." in domain:
        domain = domain.partition(".")[2]
        if f"*.{domain}" in patterns:
            return True
    return False
