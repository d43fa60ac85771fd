"""The HTTP/2 engine: frames written and read here, many requests to a system call, nothing between them and the socket.

Providers' requests differ in their body and perhaps their path; everything else is the same for hours. So a request is
its constant header block, its path and its body, joined; and an answer's header block, the same bytes again and again,
is read once; of one that is new each time only what somebody looks at is decoded. HPACK's table and codes are the
`hpack` library's. Servers that speak only HTTP/1.1 are served by the same loop, one request at a time on a connection.
Sources: RFC 9113 (HTTP/2), RFC 7541 (HPACK), RFC 9112 (HTTP/1.1).
"""

from __future__ import annotations

from clarion.delivery.engine.http2.engine import HTTP2Engine

__all__ = ["HTTP2Engine"]
