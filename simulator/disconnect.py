"""How a connection ends rudely."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

#: Time for half a response to leave before the connection is torn down under it.
MID_RESPONSE_S = 0.02

_LINGER_ZERO = struct.pack("ii", 1, 0)


def reset_connection(transport: asyncio.Transport) -> None:
    """Close a connection with a TCP reset instead of a FIN."""
    raw = transport.get_extra_info("socket")
    if raw is not None:
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
    transport.abort()
