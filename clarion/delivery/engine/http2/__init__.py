"""The HTTP/2 engine: frames written and read here, many requests to a system call, nothing between them and the socket.

Providers' requests differ in their body and perhaps their path; everything else is the same for hours. So a request is
its constant header block, its path and its body, joined; and an answer's header block, the same bytes again and again,
is decoded once. HPACK itself is the `hpack` library's. Sources: RFC 9113 (HTTP/2), RFC 7541 (HPACK).
"""

from __future__ import annotations

from clarion.delivery.engine.http2.engine import HTTP2Engine

__all__ = ["HTTP2Engine"]
