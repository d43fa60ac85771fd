"""A look at a live TCP connection: has the peer gone silent?"""

from __future__ import annotations

import contextlib
import socket
import struct

_TCP_INFO_BYTES = 104
_LAST_DATA_RECV = 52  # offset of tcpi_last_data_recv (u32, milliseconds) in Linux' struct tcp_info


def cut_if_silent(descriptor: int, silent_s: float) -> bool:
    """Shut a connection down when nothing at all arrived on it for `silent_s` seconds.

    libcurl keeps putting requests on a connection whose requests all time out: only the kernel can tell it that the
    line is dead, and that takes many minutes. Does nothing where the kernel does not say (anything but Linux).

    Args:
        descriptor: a connected TCP socket; it stays open and belongs to the caller.
        silent_s: seconds.

    Returns:
        True when the connection was shut down.
    """
    option = getattr(socket, "TCP_INFO", None)
    if option is None or descriptor < 0:
        return False
    line = socket.socket(fileno=descriptor)
    try:
        info = line.getsockopt(socket.IPPROTO_TCP, option, _TCP_INFO_BYTES)
        (silent_ms,) = struct.unpack_from("=I", info, _LAST_DATA_RECV)
        if silent_ms < silent_s * 1000:
            return False
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
        return True
    finally:
        line.detach()
