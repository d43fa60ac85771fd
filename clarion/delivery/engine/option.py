"""How an engine connects, how much it keeps in flight, and how long it waits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Options of one engine. Certificates are always verified and TLS is 1.2 or later; there is no switch for that.

    Attributes:
        connections_max: the most connections to one host; the engine opens more than one only when latency asks.
        http1_connections_max: the same for a host that speaks only HTTP/1.1, one request at a time on each; libcurl and
            httpx keep to `connections_max`.
        streams_per_connection: the most requests at once on one connection; the server's own limit is kept too.
        streams_before_answer: the most requests to put on a new connection until the server has shown what it takes, by
            its settings or its first answer. APNs allows 1.
        timeout_s: from handing a request to the engine until its whole answer.
        connect_timeout_s: for the name, and again for TCP and TLS to each address; with libcurl and httpx for it all.
        idle_s: a connection unused for so long is not used again.
        age_s: a connection older than this is replaced at the next send.
        tick_s: the longest silence of `send`.
        grow_above_s: seconds of mere waiting for one window of answers, above which one more connection is opened.
        ca_bundle: path of a PEM file with the only authorities to trust; None for the ones certifi ships.
        user_agent: the User-Agent header.
        answer_headers: lower-case names of the response headers to return.
    """

    connections_max: int = 8
    http1_connections_max: int = 32
    streams_per_connection: int = 100
    streams_before_answer: int = 1
    timeout_s: float = 15.0
    connect_timeout_s: float = 5.0
    idle_s: float = 600.0
    age_s: float = 24 * 3600.0
    tick_s: float = 1.0
    grow_above_s: float = 0.01
    ca_bundle: str | None = None
    user_agent: str = "clarion"
    answer_headers: tuple[str, ...] = ()
