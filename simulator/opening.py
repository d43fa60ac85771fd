"""What a provider needs to start serving: the world, a place for its key files, and ports with a certificate."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from simulator.authority import Authority
from simulator.exchange import Service
from simulator.gauge import Gauge
from simulator.port import Ports
from simulator.server import listen_plain, listen_tls
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
        ports: where each of them listens.
        servers: what is to be closed at the end.
    """

    world: World
    host: str
    state: Path
    authority: Authority
    ports: Ports
    servers: list[asyncio.Server] = field(default_factory=list)

    async def listen(self, name: str, service: Service, gauge: Gauge, protocols: Sequence[str] = HTTP_ANY) -> str:
        """Serve on the port of `name` over TLS with one of `protocols`, by ALPN; return `https://host:port`."""
        context, http2_only = self.authority.context(protocols), tuple(protocols) == HTTP_2
        server, port = await self.ports.open(
            name, lambda port: listen_tls(self.host, port, service, gauge, context, http2_only=http2_only)
        )
        self.servers.append(server)
        return f"https://{bracketed(self.host)}:{port}"

    async def listen_control(self, service: Service) -> str:
        """Serve the control plane; return `http://host:port`."""
        server, port = await self.ports.open("control", lambda port: listen_plain(self.host, port, service, Gauge()))
        self.servers.append(server)
        return f"http://{bracketed(self.host)}:{port}"


def bracketed(host: str) -> str:
    """Return a host as it stands in a URL."""
    return f"[{host}]" if ":" in host else host
