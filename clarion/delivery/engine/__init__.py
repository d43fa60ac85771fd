"""The delivery engine: many HTTPS requests at once, one answer each, over few multiplexed connections.

`http2` writes and reads HTTP/2 itself, and HTTP/1.1 where a server has nothing newer; it is the fast one. `curl`
(libcurl) and `portable` (httpx) are ways out, should it ever meet a server that it does not get on with. All three pass
one contract suite.
"""

from __future__ import annotations

from typing import Literal

from clarion.delivery.engine.exchange import Answer, Engine, Failure, Pause, Request
from clarion.delivery.engine.option import EngineOptions

__all__ = ["Answer", "Engine", "EngineOptions", "Failure", "Pause", "Request", "make_engine"]

EngineKind = Literal["auto", "http2", "curl", "portable"]


def make_engine(options: EngineOptions, kind: EngineKind = "auto") -> Engine:
    """Make an engine for the calling thread; after a fork, make a new one.

    Args:
        options: how it connects and waits.
        kind: "http2", "curl", "portable", or "auto", which is http2.

    Raises:
        ImportError: the library of that kind is not installed.
    """
    # Imported here: a process that only enqueues must load none of them.
    if kind in ("auto", "http2"):
        from clarion.delivery.engine.http2 import HTTP2Engine  # noqa: PLC0415

        return HTTP2Engine(options)
    if kind == "curl":
        from clarion.delivery.engine.curl import CurlEngine  # noqa: PLC0415

        return CurlEngine(options)
    from clarion.delivery.engine.portable import PortableEngine  # noqa: PLC0415

    return PortableEngine(options)
