"""Listening sockets: TLS with HTTP/2 or HTTP/1.1 by ALPN for providers, plain HTTP/1.1 for the control plane."""

from __future__ import annotations

import asyncio
import ssl

from simulator.exchange import Service
from simulator.gauge import Gauge
from simulator.http1 import Http1Connection
from simulator.http2.connection import Http2Connection

_BACKLOG = 1_024
#: A provider that closes does not wait for the client's close_notify; asyncio would, for 30 seconds.
_SHUTDOWN_S = 0.2


class _Negotiated(asyncio.Protocol):
    """Hands a TLS connection to the protocol that ALPN chose."""

    def __init__(self, service: Service, gauge: Gauge, *, http2_only: bool) -> None:
        self._service = service
        self._http2_only = http2_only
        self._gauge = gauge

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        tls = transport.get_extra_info("ssl_object")
        agreed = tls.selected_alpn_protocol()
        if agreed is None and self._http2_only:
            transport.abort()
            return
        kind = Http2Connection if agreed == "h2" else Http1Connection
        protocol = kind(self._service, self._gauge)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)


async def listen_tls(
    host: str, port: int, service: Service, gauge: Gauge, context: ssl.SSLContext, *, http2_only: bool = False
) -> tuple[asyncio.Server, int]:
    """Serve a provider on `host`:`port` (0 = any free port) and return the server and its port.

    A client without ALPN is taken for HTTP/1.1, or with `http2_only` turned away.
    """
    # OpenSSL calls it for every ClientHello, with a server name or without.
    context.sni_callback = lambda *_: ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE if gauge.fails_handshake() else None
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Negotiated(service, gauge, http2_only=http2_only),
        host,
        port,
        ssl=context,
        backlog=_BACKLOG,
        ssl_shutdown_timeout=_SHUTDOWN_S,
    )
    return server, _port(server)


async def listen_plain(host: str, port: int, service: Service, gauge: Gauge) -> tuple[asyncio.Server, int]:
    """Serve plain HTTP/1.1 on `host`:`port` (0 = any free port) and return the server and its port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Http1Connection(service, gauge), host, port, backlog=_BACKLOG)
    return server, _port(server)


def _port(server: asyncio.Server) -> int:
    port = server.sockets[0].getsockname()[1]
    assert isinstance(port, int)
    return port
