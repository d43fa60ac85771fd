"""What a message says in WNS' own words, `raw.wns`, as far as WNS takes it.

Source: Microsoft, "Push notification service request and response headers".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import ParseError, fromstring

from clarion.providers.answer import word
from clarion.providers.base import ContentRefused

_MEMBERS = frozenset({"xml", "type", "headers"})
_OWN_HEADER = re.compile("(?:x-wns-[a-z-]+|ms-cv)", re.IGNORECASE)
_ANY_VALUE = re.compile("[!-~](?:[ -~]*[!-~])?")
_SHORT_NAME = re.compile("[A-Za-z0-9]{1,16}")
#: Header in lower case -> the values that WNS takes; None is none at all. Any other may have one line.
_VALUES: dict[str, re.Pattern[str] | None] = {
    "x-wns-cache-policy": re.compile("cache|no-cache"),
    "x-wns-requestforstatus": re.compile("true|false"),
    "x-wns-ttl": re.compile("[0-9]{1,10}"),
    "x-wns-tag": _SHORT_NAME,
    "x-wns-group": _SHORT_NAME,
    "x-wns-priority": re.compile("[1-4]"),
    # It was for phones; Windows calls it an error.
    "x-wns-suppresspopup": None,
}
_TYPE_HEADER = "x-wns-type"
_ENCODING = re.compile(r"""<\?xml[^>]*?encoding\s*=\s*["']([^"']*)""")
_UTF8 = ("utf-8", "utf8")


@dataclass(frozen=True, slots=True, repr=False)
class Raw:
    """The members of `raw.wns`; kind is its type without `wns/`."""

    xml: str | None
    kind: str
    headers: Mapping[str, str]


def read(given: Mapping[str, Any], kinds: Collection[str]) -> Raw:
    """The members, each what it must be.

    Args:
        given: `raw.wns`.
        kinds: the types that there are, without `wns/`.

    Raises:
        ContentRefused: one is unknown, or WNS would not take it.
    """
    unknown = given.keys() - _MEMBERS
    if unknown:
        raise ContentRefused(f"Invalid raw.wns: expected xml, type and headers, not {word(min(unknown)) or 'others'}.")
    xml, kind = given.get("xml"), given.get("type", "")
    if xml is not None and not (isinstance(xml, str) and xml):
        raise ContentRefused("Invalid raw.wns.xml: expected some text.")
    if kind not in (None, "", *(f"wns/{each}" for each in kinds)):
        raise ContentRefused(f"Invalid raw.wns.type: expected wns/ and one of {', '.join(kinds)}.")
    return Raw(xml, str(kind or "").removeprefix("wns/"), _headers(given.get("headers") or {}))


def check_markup(xml: str, root: str) -> None:
    """Pass when a text is an XML document in UTF-8 with that root element and without a document type.

    Raises:
        ContentRefused: it is not.
    """
    declared = _ENCODING.search(xml)
    if "<!DOCTYPE" in xml or (declared is not None and declared[1].lower() not in _UTF8):
        raise ContentRefused("Invalid raw.wns.xml: expected XML in UTF-8 without a document type.")
    try:
        document = fromstring(xml.encode())  # noqa: S314  # at most 5000 bytes, and nothing is kept
    except (ParseError, LookupError, ValueError):
        raise ContentRefused("Invalid raw.wns.xml: expected well-formed XML.") from None
    if document.tag != root:
        raise ContentRefused(f"Invalid raw.wns.xml: expected the element {root} for wns/{root}.")


def _headers(given: Any) -> dict[str, str]:
    lines: list[tuple[str, Any]] = list(given.items()) if isinstance(given, dict) else [("", "")]
    for name, value in lines:
        if not _OWN_HEADER.fullmatch(name) or not isinstance(value, str) or not _ANY_VALUE.fullmatch(value):
            raise ContentRefused("Invalid raw.wns.headers: expected names X-WNS-… or MS-CV, and values of one line.")
        if name.lower() == _TYPE_HEADER:
            raise ContentRefused("Invalid raw.wns.headers: X-WNS-Type goes by raw.wns.type.")
        form = _VALUES.get(name.lower(), _ANY_VALUE)
        if form is None or not form.fullmatch(value):
            raise ContentRefused(f"Invalid raw.wns.headers: WNS does not take that value of {name}.")
    if len({name.lower() for name, _ in lines}) < len(lines):
        raise ContentRefused("Invalid raw.wns.headers: expected each name once, in whatever case.")
    return dict(lines)
