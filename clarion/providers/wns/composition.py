"""A message as WNS takes it: the headers that all devices share, and XML for the system or bytes for the app."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from clarion.message import Message
from clarion.message.appearance import Appearance
from clarion.message.look import custom, text
from clarion.providers.base import ContentRefused
from clarion.providers.content import collapse_digest, fit, looks, remaining_s
from clarion.providers.wns import markup
from clarion.providers.wns.raw import Raw, check_markup, read

CONTENT_MAX_BYTES = 5_000
#: Kind -> WNS' priority when the message asks for none, or for `normal`; 1 is the highest.
_PRIORITY = {"toast": ("1", "2"), "tile": ("2", "2"), "badge": ("2", "2"), "raw": ("3", "3")}
_KINDS = tuple(_PRIORITY)
#: WNS takes 16 letters and digits as a tag.
_TAG_BYTES = 8


@dataclass(frozen=True, slots=True, repr=False)
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
    shown = looks(message, os)
    raw = read(message.raw.get("wns", {}), _KINDS)
    kind = raw.kind or _kind(message, shown)

    def write(cut: Appearance) -> bytes:
        return _content(message, kind, cut) if raw.xml is None else raw.xml.encode()

    body = fit("WNS", CONTENT_MAX_BYTES, shown, write)
    if raw.xml is not None and kind != "raw":
        check_markup(raw.xml, kind)
    return Composition(_lines(message, kind, now_ms, raw), body)


def _kind(message: Message, shown: Appearance) -> str:
    if shown.silent:
        return "raw"
    kind = (message.headers.get("wp-type") or "toast").lower()
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


def _lines(message: Message, kind: str, now_ms: int, raw: Raw) -> tuple[str, ...]:
    high, normal = _PRIORITY[kind]
    headers = {
        "Content-Type": "application/octet-stream" if kind == "raw" else "text/xml",
        "X-WNS-Type": f"wns/{kind}",
        "X-WNS-RequestForStatus": "true",
        "X-WNS-Cache-Policy": "cache",
        "X-WNS-Priority": {"high": "1", "normal": normal}.get(message.priority or "", high),
    }
    if kind in ("toast", "tile"):
        headers["X-WNS-Tag"] = collapse_digest(message, _TAG_BYTES).hex()
    left_s = remaining_s(message, now_ms)
    if left_s is not None:
        headers["X-WNS-TTL"] = str(max(1, left_s))
    return tuple(f"{name}: {value}" for name, value in _joined(headers, raw.headers).items())


def _joined(ours: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    replaced = {name.lower() for name in given}
    return {name: value for name, value in ours.items() if name.lower() not in replaced} | dict(given)
