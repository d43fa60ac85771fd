"""What answers say before their bodies: the status, and the few headers that somebody looks at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from clarion.delivery.engine.http2.field import Finder
from clarion.delivery.engine.retry_after import read_retry_after

STATUS, RETRY_AFTER = b":status", b"retry-after"
#: Header blocks that are remembered: those of many a provider change with the date only, once a second.
MEMO_MAX = 256


class Response(NamedTuple):
    """The head of an answer; `status` is 0 where there is none, as in trailers."""

    status: int
    retry_after_s: float | None
    headers: dict[str, str]


def read_response(status: int, fields: Mapping[bytes, bytes], wanted: Iterable[str]) -> Response:
    """The response with that status and those header fields (lower-case names), of which `wanted` are kept."""
    retry_after_s = None
    if status // 100 != 2 and (value := fields.get(RETRY_AFTER)):  # noqa: PLR2004
        retry_after_s = read_retry_after(value.decode("latin-1"), datetime.now(UTC))
    headers = {}
    for name in wanted:
        if (raw := name.encode()) in fields:
            headers[name] = fields[raw].decode("latin-1")
    return Response(status, retry_after_s, headers)


class ResponseBlocks:
    """Decodes the header blocks of one connection's answers.

    The peer is told to keep no dynamic table for them, so the same bytes always mean the same, and what nobody looks at
    need not be decoded.
    """

    def __init__(self, wanted: Iterable[str]) -> None:
        self._wanted = tuple(wanted)
        self._finder = Finder([STATUS, RETRY_AFTER, *(name.encode() for name in self._wanted)])
        self._memo: dict[bytes, Response] = {}

    def decode(self, block: bytes) -> Response:
        """What the block says.

        Raises:
            hpack.HPACKError: it cannot be decoded; the connection is of no use any more.
            ValueError: its status is no number.
        """
        response = self._memo.get(block)
        if response is None:
            response = self._read(block)
            if len(self._memo) >= MEMO_MAX:
                self._memo.clear()
            if response.retry_after_s is None:  # a date is another number of seconds the next time
                self._memo[block] = response
        return response

    def _read(self, block: bytes) -> Response:
        found = self._finder.find(block)
        if len(found) == 1 and found[0][0] == STATUS:
            return _bare(found[0][1])
        fields = dict(found)
        return read_response(int(fields.get(STATUS, 0)), fields, self._wanted)


@lru_cache(maxsize=64)
def _bare(status: bytes) -> Response:
    return Response(int(status), None, {})
