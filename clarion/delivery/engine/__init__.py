"""The delivery engine: many HTTPS requests at once, one answer each, over few multiplexed connections.

`curl` is the fast one (libcurl); `portable` (httpx) is for where pycurl does not run. Both pass one contract suite.
"""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from typing import Literal

from clarion.delivery.engine.exchange import Answer, Engine, Failure, Request
from clarion.delivery.engine.option import EngineOptions

__all__ = ["Answer", "Engine", "EngineOptions", "Failure", "Request", "make_engine"]

EngineKind = Literal["auto", "http2", "curl", "portable"]


def make_engine(options: EngineOptions, kind: EngineKind = "auto") -> Engine:
    """Make an engine for the calling thread; after a fork, make a new one.

    Args:
        options: how it connects and waits.
        kind: "curl", "portable", or "auto": curl where pycurl is installed, else portable.

    Raises:
        ImportError: the library of that kind is not installed.
    """
    # Imported here: a process that only enqueues must not load libcurl or httpx.
    if kind in ("auto", "http2"):
        from clarion.delivery.engine.http2 import HTTP2Engine  # noqa: PLC0415

        return HTTP2Engine(options, partial(make_engine, kind="curl" if find_spec("pycurl") else "portable"))
    if kind == "curl":
        from clarion.delivery.engine.curl import CurlEngine  # noqa: PLC0415

        return CurlEngine(options)
    from clarion.delivery.engine.portable import PortableEngine  # noqa: PLC0415

    return PortableEngine(options)
