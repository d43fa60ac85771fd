"""What a provider needs to start serving: the world, a place for its key files, and ports with a certificate."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from simulator.authority import Authority
from simulator.exchange import Service
from simulator.gauge import Gauge
from simulator.server import listen_tls
from simulator.world import World

HTTP_ANY, HTTP_2, HTTP_1 = ("h2", "http/1.1"), ("h2",), ("http/1.1",)


@dataclass(frozen=True, slots=True)
class Opening:
    """The means of starting providers.

    Attributes:
        world: the state they share.
        host: address to listen on.
        state: directory for key files.
        authority: makes certificates.
        ports: by provider, the port that was asked for.
        servers: what is to be closed at the end.
    """

    world: World
    host: str
    state: Path
    authority: Authority
    ports: dict[str, int]
    servers: list[asyncio.Server] = field(default_factory=list)

    async def listen(self, service: Service, gauge: Gauge, protocols: Sequence[str] = HTTP_ANY, port: int = 0) -> str:
        """Serve on a port (0 = any) over TLS with one of `protocols`, by ALPN; return `https://host:port`."""
        context = self.authority.context(protocols)
        server, number = await listen_tls(
            self.host, port, service, gauge, context, http2_only=tuple(protocols) == HTTP_2
        )
        self.servers.append(server)
        return f"https://{bracketed(self.host)}:{number}"


def bracketed(host: str) -> str:
    """Return a host as it stands in a URL."""
    return f"[{host}]" if ":" in host else host
