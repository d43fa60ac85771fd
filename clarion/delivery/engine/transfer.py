"""One pooled libcurl handle: it is set up once, and from one request to the next only what differs is set."""

from __future__ import annotations

import io
from typing import Any

import certifi
import pycurl

from clarion.delivery.engine.curl_error import AROUND_REQUEST, BEFORE_REQUEST, refuse_rewind
from clarion.delivery.engine.exchange import Answer, Failure, Request
from clarion.delivery.engine.option import EngineOptions

BODY_MAX_BYTES = 1 << 20  # providers answer with less than 4 KiB; what is longer is not a provider
_BUFFER_BYTES = 16384  # the smallest libcurl takes for uploads: bodies are at most 4 KiB


class Transfer(pycurl.Curl):  # type: ignore[misc]  # pycurl has no types
    """A libcurl easy handle with the request it carries; `request` is None while it is idle."""

    __slots__ = ("_chunks", "_header_lines", "_headers", "_length", "_upload", "_url", "request", "tries")

    def __init__(self, options: EngineOptions) -> None:
        super().__init__()
        self.request: Request | None = None
        self.tries = 0
        self._chunks: list[bytes] = []
        self._header_lines: list[bytes] = []
        self._upload = io.BytesIO()
        self._url = ""
        self._headers: tuple[str, ...] | None = ()
        self._length = 0
        for option, value in _settings(options).items():
            self.setopt(option, value)
        self.setopt(pycurl.WRITEFUNCTION, self._chunks.append)
        # A read function, not POSTFIELDS, for the sake of `refuse_rewind`.
        self.setopt(pycurl.READFUNCTION, self._upload.read)
        self.setopt(pycurl.SEEKFUNCTION, refuse_rewind)
        if options.answer_headers:
            self.setopt(pycurl.HEADERFUNCTION, self._header_lines.append)

    @property
    def is_held_back(self) -> bool:
        """Whether libcurl has a request here and has not begun to write it."""
        return self.request is not None and self._length > 0 and not self._upload.tell()

    def begin(self, request: Request, tries: int) -> None:
        """Take a request on; the caller adds the handle to its multi."""
        self.request = request
        self.tries = tries
        body = request.body
        self._upload.__init__(body)  # type: ignore[misc]  # shares the bytes, which write() would copy
        if request.url is not self._url:
            self.setopt(pycurl.URL, request.url)
            self._url = request.url
        if request.own or request.headers is not self._headers:
            self.setopt(pycurl.HTTPHEADER, [*request.headers, *request.own])
            self._headers = None if request.own else request.headers
        if len(body) != self._length:
            # -1, "unknown", for an empty body: libcurl must ask for it, or it would repeat the request by itself.
            self.setopt(pycurl.POSTFIELDSIZE, len(body) or -1)
            self._length = len(body)

    def end(self) -> None:
        """Forget the request and what came for it."""
        self.request = None
        self._chunks.clear()
        self._header_lines.clear()

    def answer(self, tag: Any, wanted: tuple[str, ...]) -> Answer:
        """The HTTP answer of a transfer that succeeded."""
        chunks = self._chunks
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        status = self.getinfo(pycurl.RESPONSE_CODE)
        if status // 100 == 2 and not wanted:  # noqa: PLR2004
            return Answer(tag, status, body)
        retry_after = self.getinfo(pycurl.RETRY_AFTER) if status // 100 != 2 else 0  # noqa: PLR2004
        headers = _select(self._header_lines, wanted)
        return Answer(tag, status, body, float(retry_after) if retry_after else None, headers)

    def failure(self, tag: Any, code: int) -> Answer:
        """The failure of a transfer that ended with the libcurl error `code`."""
        reason = BEFORE_REQUEST.get(code)
        if reason:
            return Answer(tag, 0, failure=Failure.NOT_SENT, reason=reason)
        failure = Failure.AMBIGUOUS if self._is_written() else Failure.NOT_SENT
        return Answer(tag, 0, failure=failure, reason=AROUND_REQUEST.get(code, "LOST"))

    def _is_written(self) -> bool:
        """Whether libcurl took the whole body: until then the request has no end, and no server acts on it."""
        return bool(self.getinfo(pycurl.REQUEST_SIZE) > 0 and self.getinfo(pycurl.SIZE_UPLOAD_T) >= self._length)


def _settings(options: EngineOptions) -> dict[int, Any]:
    return {
        pycurl.POST: 1,
        pycurl.POSTFIELDSIZE: -1,
        pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_2TLS,
        pycurl.PIPEWAIT: 1,
        pycurl.NOSIGNAL: 1,
        pycurl.PROTOCOLS: pycurl.PROTO_HTTPS,
        pycurl.PROXY: "",  # otherwise libcurl reads the environment
        pycurl.USERAGENT: options.user_agent,
        pycurl.TIMEOUT_MS: int(options.timeout_s * 1000),
        pycurl.CONNECTTIMEOUT_MS: int(options.connect_timeout_s * 1000),
        pycurl.MAXAGE_CONN: int(options.idle_s),
        pycurl.MAXLIFETIME_CONN: int(options.age_s),
        pycurl.MAXFILESIZE: BODY_MAX_BYTES,
        pycurl.BUFFERSIZE: _BUFFER_BYTES,
        pycurl.UPLOAD_BUFFERSIZE: _BUFFER_BYTES,
        pycurl.SSL_VERIFYPEER: 1,
        pycurl.SSL_VERIFYHOST: 2,
        pycurl.SSLVERSION: pycurl.SSLVERSION_TLSv1_2,  # or later
        pycurl.CAINFO: options.ca_bundle or certifi.where(),
    }


def _select(lines: list[bytes], wanted: tuple[str, ...]) -> dict[str, str]:
    selected = {}
    for line in lines:
        name, _, value = line.decode("latin-1").partition(":")
        if name.lower() in wanted:
            selected[name.lower()] = value.strip()
    return selected
