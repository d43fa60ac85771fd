"""A request to a channel: which headers and which XML WNS takes, and what it says of others."""

from __future__ import annotations

import re
from urllib.parse import unquote
from xml.etree.ElementTree import ParseError, fromstring

import msgspec

from simulator.exchange import DUPLICATED, Request
from simulator.wns.error import Refusal

BODY_MAX_BYTES = 5_000
_XML, _BYTES = "text/xml", "application/octet-stream"
_TYPES = {"wns/toast": _XML, "wns/tile": _XML, "wns/badge": _XML, "wns/raw": _BYTES}
_HEADERS = {
    b"x-wns-cache-policy": re.compile("cache|no-cache"),
    b"x-wns-requestforstatus": re.compile("true|false"),
    b"x-wns-ttl": re.compile("[0-9]{1,10}"),
    b"x-wns-tag": re.compile("[A-Za-z0-9]{1,16}"),
    b"x-wns-group": re.compile("[A-Za-z0-9]{1,16}"),
    b"x-wns-priority": re.compile("[1-4]"),
}
#: On a phone it is allowed; the phones are gone.
_PHONE_ONLY = b"x-wns-suppresspopup"
_LENGTH_REQUIRED = 411


class Channel(msgspec.Struct, frozen=True):
    """What a channel URI says: the device, and the client that it belongs to, or "" when it is anybody's."""

    token: str
    app: str


class Notification(msgspec.Struct, frozen=True):
    """A notification that WNS takes."""

    kind: str
    #: whether the device shows it
    shown: bool
    #: a later one with the same tag replaces it
    tag: str | None
    #: whether the sender wants to know what became of it
    asks: bool
    #: the headers that say what it is
    headers: dict[str, str]


def channel(path: str) -> Channel | None:
    """Return what the path and query of a channel URI name, percent-encoded or not; None when they are none."""
    fields = dict(pair.partition("=")[::2] for pair in path.partition("?")[2].split("&"))
    token = unquote(fields.get("token", ""))
    return Channel(token, unquote(fields.get("app", ""))) if token else None


def check_framing(request: Request) -> None:
    """Pass when a request's body has its length before it; raise Refusal when not."""
    if b"transfer-encoding" in request.headers:
        raise Refusal("BAD_REQUEST", "Chunked transfer encoding is not supported.")
    if b"content-length" not in request.headers:
        raise Refusal("BAD_REQUEST", "Content-Length is required.", status=_LENGTH_REQUIRED)


def read(request: Request) -> Notification:
    """Return the notification of a request; raise Refusal with what WNS answers to a wrong one."""
    if DUPLICATED in request.headers:
        raise Refusal("BAD_REQUEST", "A header stands there twice.")
    kind = _header(request, b"x-wns-type")
    if kind not in _TYPES:
        raise Refusal("BAD_REQUEST", "X-WNS-Type is missing or unknown.")
    if _header(request, b"content-type").partition(";")[0].strip().lower() != _TYPES[kind]:
        raise Refusal("BAD_REQUEST", "Content-Type does not go with X-WNS-Type.")
    for name, form in _HEADERS.items():
        if name in request.headers and not form.fullmatch(_header(request, name)):
            raise Refusal("BAD_REQUEST", f"{name.decode()} has a bad value.")
    if _PHONE_ONLY in request.headers:
        raise Refusal("BAD_REQUEST", "X-WNS-SuppressPopup is for phones.")
    if len(request.body) > BODY_MAX_BYTES:
        raise Refusal("PAYLOAD_TOO_LARGE")
    if _TYPES[kind] == _XML:
        _check_markup(request.body, kind.removeprefix("wns/"))
    told = {name.decode(): _header(request, name) for name in request.headers if name.startswith(b"x-wns-")}
    tag, group = told.get("x-wns-tag"), told.get("x-wns-group", "")
    return Notification(
        kind,
        kind == "wns/toast",
        None if tag is None else f"{group}/{tag}",
        told.get("x-wns-requestforstatus") == "true",
        told,
    )


def _check_markup(body: bytes, root: str) -> None:
    try:
        # at most 5000 bytes, and of this machine's own sender
        document = fromstring(body)  # noqa: S314
    except ParseError:
        raise Refusal("BAD_REQUEST", "The XML is not well-formed.") from None
    if document.tag != root:
        raise Refusal("BAD_REQUEST", f"The XML is not that of a {root}.")
    if root == "badge" and not document.get("value"):
        raise Refusal("BAD_REQUEST", "A badge has a value.")
    if root != "badge" and document.find("visual/binding") is None:
        raise Refusal("BAD_REQUEST", f"A {root} has a visual with a binding.")


def _header(request: Request, name: bytes) -> str:
    return request.headers.get(name, b"").decode("latin-1")
