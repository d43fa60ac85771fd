"""A message as WNS takes it: the headers that all devices share, and XML for the system or bytes for the app."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from xml.etree.ElementTree import ParseError, fromstring

import msgspec

from clarion.errors import InvalidField
from clarion.message import Message
from clarion.message.appearance import Appearance
from clarion.message.look import custom, look, text
from clarion.providers.base import ContentRefused
from clarion.providers.content import fit
from clarion.providers.wns import markup

CONTENT_MAX_BYTES = 5_000
#: Kind -> WNS' priority when the message asks for none, or for `normal`; 1 is the highest.
_PRIORITY = {"toast": ("1", "2"), "tile": ("2", "2"), "badge": ("2", "2"), "raw": ("3", "3")}
_KINDS = tuple(_PRIORITY)
_OWN_HEADER = re.compile("(?:x-wns-[a-z-]+|ms-cv)", re.IGNORECASE)
_HEADER_VALUE = re.compile("[!-~](?:[ -~]*[!-~])?")


@dataclass(frozen=True, slots=True)
class Composition:
    """The request: its headers but for the access token, and its body."""

    lines: tuple[str, ...]
    body: bytes

    def headers(self, bearer: str) -> tuple[str, ...]:
        """The request's headers; one tuple object for each access token."""
        return _headers(bearer, self.lines)


@lru_cache(maxsize=256)
def _headers(bearer: str, lines: tuple[str, ...]) -> tuple[str, ...]:
    return (f"Authorization: Bearer {bearer}", *lines)


def compose(message: Message, os: str, *, now_ms: int) -> Composition:
    """The WNS form of a message for the devices of one operating system.

    Raises:
        ContentRefused: WNS would refuse it for every device, or it is no WNS notification at all.
    """
    try:
        shown = look(message, os)
    except InvalidField as error:
        raise ContentRefused(error.message) from None
    raw = _raw(message.raw.get("wns", {}))
    kind = raw.get("type", "").removeprefix("wns/") or _kind(message, shown)

    def write(cut: Appearance) -> bytes:
        return raw["xml"].encode() if "xml" in raw else _content(message, kind, cut)

    body = fit("WNS", CONTENT_MAX_BYTES, shown, write)
    if "xml" in raw and kind != "raw":
        _check_markup(body)
    return Composition(_lines(message, kind, now_ms, raw.get("headers", {})), body)


def _kind(message: Message, shown: Appearance) -> str:
    if shown.silent:
        return "raw"
    kind = message.headers.get("wp-type", "toast").lower()
    if kind not in _KINDS:
        raise ContentRefused(f"Invalid header wp-type: expected one of {', '.join(_KINDS)}.")
    return kind


def _content(message: Message, kind: str, shown: Appearance) -> bytes:
    header = message.headers.get
    if kind == "toast":
        return markup.toast(shown, _data(message))
    if kind == "tile":
        return markup.tile(shown, header("wp-backImage"), (header("wp-backTitle"), header("wp-backContent")))
    if kind == "badge":
        return markup.badge(_badge(header("wp-badge", ""), shown.badge))
    own = header("wp-raw")
    return own.encode() if own else msgspec.json.encode(_data(message) | {"message": text(message)})


def _badge(header: str, number: int | None) -> str:
    if header in markup.GLYPHS:
        return header
    if header.isalpha() or number is None:
        raise ContentRefused("A badge needs a number, or a glyph of Windows in the header wp-badge.")
    return str(number)


def _data(message: Message) -> dict[str, str]:
    """What the app is told: its own pairs, and the message's id to recognise a repetition by."""
    return custom(message) | {"messageId": message.id}


def _lines(message: Message, kind: str, now_ms: int, own: Mapping[str, str]) -> tuple[str, ...]:
    high, normal = _PRIORITY[kind]
    headers = {
        "Content-Type": "application/octet-stream" if kind == "raw" else "text/xml",
        "X-WNS-Type": f"wns/{kind}",
        "X-WNS-RequestForStatus": "true",
        "X-WNS-Cache-Policy": "cache",
        "X-WNS-Priority": {"high": "1", "normal": normal}.get(message.priority or "", high),
    }
    if kind in ("toast", "tile"):
        headers["X-WNS-Tag"] = _tag(message)
    expires_ms = message.expires_ms()
    if expires_ms is not None:
        headers["X-WNS-TTL"] = str(max(1, (expires_ms - now_ms) // 1000))
    replaced = {name.lower() for name in own}
    kept = {name: value for name, value in headers.items() if name.lower() not in replaced}
    return tuple(f"{name}: {value}" for name, value in (kept | dict(own)).items())


def _tag(message: Message) -> str:
    """What a later copy replaces the first one by: 16 letters and digits are all that WNS takes."""
    return blake2b((message.collapse_key or message.id).encode(), digest_size=8).hexdigest()


def _raw(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the message says in WNS' own words, as far as it may."""
    unknown = given.keys() - {"xml", "type", "headers"}
    if unknown:
        raise ContentRefused(f"Invalid raw.wns: expected xml, type and headers, not {min(unknown)}.")
    if not all(isinstance(given.get(name, ""), str) for name in ("xml", "type")):
        raise ContentRefused("Invalid raw.wns: expected text in xml and type.")
    if given.get("xml") == "":
        raise ContentRefused("Invalid raw.wns.xml: expected some text.")
    if given.get("type", "wns/raw") not in {f"wns/{kind}" for kind in _KINDS}:
        raise ContentRefused(f"Invalid raw.wns.type: expected wns/ and one of {', '.join(_KINDS)}.")
    own = given.get("headers", {})
    lines = own.items() if isinstance(own, dict) else [("", "")]
    for name, value in lines:
        if not _OWN_HEADER.fullmatch(name) or not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            raise ContentRefused("Invalid raw.wns.headers: expected names X-WNS-… or MS-CV, and values of one line.")
        if name.lower() == "x-wns-type":
            raise ContentRefused("Invalid raw.wns.headers: X-WNS-Type goes by raw.wns.type.")
    return dict(given)


def _check_markup(body: bytes) -> None:
    try:
        fromstring(body)  # noqa: S314  # at most 5000 bytes, and nothing is kept
    except ParseError:
        raise ContentRefused("Invalid raw.wns.xml: expected well-formed XML.") from None
