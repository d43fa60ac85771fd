"""What each libcurl error says about whether the provider can have acted on the request."""

from __future__ import annotations

import pycurl

HTTP2_STREAM = 92  # CURLE_HTTP2_STREAM; pycurl has no name for it

#: Errors that can only happen before the first byte of a request.
BEFORE_REQUEST = {
    pycurl.E_COULDNT_RESOLVE_HOST: "RESOLVE",
    pycurl.E_COULDNT_RESOLVE_PROXY: "RESOLVE",
    pycurl.E_COULDNT_CONNECT: "CONNECT",
    pycurl.E_INTERFACE_FAILED: "CONNECT",
    pycurl.E_NO_CONNECTION_AVAILABLE: "CONNECT",
    pycurl.E_PEER_FAILED_VERIFICATION: "TLS",
    pycurl.E_SSL_CACERT_BADFILE: "TLS",
    pycurl.E_SSL_CERTPROBLEM: "TLS",
    pycurl.E_SSL_CIPHER: "TLS",
    pycurl.E_SSL_CONNECT_ERROR: "TLS",
    pycurl.E_SSL_ENGINE_INITFAILED: "TLS",
    pycurl.E_SSL_ENGINE_NOTFOUND: "TLS",
    pycurl.E_SSL_ENGINE_SETFAILED: "TLS",
    pycurl.E_SSL_INVALIDCERTSTATUS: "TLS",
    pycurl.E_SSL_ISSUER_ERROR: "TLS",
    pycurl.E_USE_SSL_FAILED: "TLS",
    pycurl.E_URL_MALFORMAT: "URL",
}

#: Errors that can happen on either side of the request: what was written decides.
AROUND_REQUEST = {
    pycurl.E_OPERATION_TIMEDOUT: "TIMEOUT",
    pycurl.E_UNSUPPORTED_PROTOCOL: "PROTOCOL",  # a URL that is not https, and a response that is HTTP/0.9
    pycurl.E_FTP_WEIRD_SERVER_REPLY: "PROTOCOL",  # CURLE_WEIRD_SERVER_REPLY: a response that is not HTTP
    pycurl.E_TOO_MANY_REDIRECTS: "PROTOCOL",
    pycurl.E_BAD_CONTENT_ENCODING: "PROTOCOL",
    pycurl.E_FILESIZE_EXCEEDED: "PROTOCOL",
    pycurl.E_WRITE_ERROR: "PROTOCOL",
    HTTP2_STREAM: "RESET",
    pycurl.E_HTTP2: "LOST",
    pycurl.E_SEND_ERROR: "LOST",
    pycurl.E_RECV_ERROR: "LOST",
    pycurl.E_GOT_NOTHING: "LOST",
    pycurl.E_PARTIAL_FILE: "LOST",
    pycurl.E_SSL_SHUTDOWN_FAILED: "LOST",
    pycurl.E_READ_ERROR: "OTHER",
    pycurl.E_ABORTED_BY_CALLBACK: "OTHER",
    pycurl.E_BAD_FUNCTION_ARGUMENT: "OTHER",
    pycurl.E_FAILED_INIT: "OTHER",
    pycurl.E_OUT_OF_MEMORY: "OTHER",
}

#: What libcurl says when `refuse_rewind` is the first thing that went wrong with a transfer.
REWIND_REFUSED = "seek callback returned error 1"


def refuse_rewind(_offset: int, _origin: int) -> int:
    """Keep libcurl from sending a request again by itself: a seek function that always fails.

    libcurl repeats a request, POST or not, when a reused connection ends before the first byte of an answer. The
    provider may have acted on the first copy. To repeat it libcurl must rewind the body; this says no, and the
    transfer ends with E_SEND_FAIL_REWIND. When no byte of the body was read yet, libcurl does not ask, and the repeat
    is harmless.
    """
    return pycurl.SEEKFUNC_FAIL  # type: ignore[no-any-return]


def is_refused(code: int, message: str) -> bool:
    """Whether the server disclaimed the request: REFUSED_STREAM, above GOAWAY's last stream, HTTP_1_1_REQUIRED.

    On HTTP/2 these are the only reasons to repeat a request that libcurl does not report as an error first, and the
    message buffer keeps the first error. Any other message with this code is a connection that died.
    """
    return code == pycurl.E_SEND_FAIL_REWIND and message == REWIND_REFUSED
