"""Judges a notification in the order in which APNs does: headers, path, and later the payload."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from simulator.apns.error import Refusal
from simulator.exchange import DUPLICATED, Request
from simulator.scenario import of_token

MAX_PAYLOAD_BYTES = 4_096
MAX_VOIP_BYTES = 5_120
MAX_COLLAPSE_ID_BYTES = 64
MAX_KEPT_S = 30 * 86_400
#: Push type -> what follows the bundle ID in the topic.
TOPIC_SUFFIXES = {
    b"alert": b"",
    b"background": b"",
    b"location": b".location-query",
    b"voip": b".voip",
    b"complication": b".complication",
    b"fileprovider": b".pushkit.fileprovider",
    b"mdm": b"",
    b"liveactivity": b".push-type.liveactivity",
    b"pushtotalk": b".voip-ptt",
    b"widgets": b".push-type.widgets",
    b"controls": b".push-type.controls",
}
#: Push type -> the priorities it takes, where they are not all three; without the header it is 10.
PRIORITIES = {b"background": (b"5",), b"liveactivity": (b"5", b"10")}
_ALL_PRIORITIES = (b"10", b"5", b"1")
_EVENTS = (b'"start"', b'"update"', b'"end"')
_PREFIX = "/3/device/"

_is_uuid = re.compile(rb"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch
#: A token that starts with `Z` in ASCII (5a) is the sandbox's; `sim:` may follow (73 69 6d 3a).
_token = re.compile(r"/3/device/((?P<sandbox>5[aA])?(?P<scenario>73696[dD]3[aA])?(?:[0-9a-fA-F]{2})*)").fullmatch


class Notification(msgspec.Struct, frozen=True):
    """A request with good headers and a good path."""

    token: str
    topic: str
    is_sandbox: bool
    #: `NAME[;key=value]*` that the token carries
    scenario: str | None
    tag: str | None


_NONE = msgspec.Raw(b"null")


class _Aps(msgspec.Struct, rename="kebab"):
    alert: msgspec.Raw = _NONE
    badge: msgspec.Raw = _NONE
    sound: msgspec.Raw = _NONE
    content_available: msgspec.Raw = _NONE
    event: msgspec.Raw = _NONE
    attributes_type: msgspec.Raw = _NONE
    attributes: msgspec.Raw = _NONE


class _Payload(msgspec.Struct):
    aps: _Aps | None = None


_payload = msgspec.json.Decoder(_Payload)


def read(request: Request) -> Notification:
    """Return what a request asks for; raise Refusal with the first thing that is wrong with headers or path."""
    headers = request.headers
    if DUPLICATED in headers:
        raise Refusal("DuplicateHeaders")
    apns_id = headers.get(b"apns-id")
    if apns_id is not None and not _is_uuid(apns_id):
        raise Refusal("BadMessageId")
    if request.method != "POST":
        raise Refusal("MethodNotAllowed")
    topic, collapse_id = headers.get(b"apns-topic"), headers.get(b"apns-collapse-id")
    kind, priority = headers.get(b"apns-push-type"), headers.get(b"apns-priority")
    reason = _wrong(topic, collapse_id, headers.get(b"apns-expiration"), priority, kind)
    if reason is not None:
        raise Refusal(reason)
    path = _token(request.path)
    if path is None or not path[1]:
        raise Refusal(_wrong_path(request.path))
    scenario = of_token(bytes.fromhex(path[1]).decode("latin-1").removeprefix("Z")) if path["scenario"] else None
    tag = None if collapse_id is None else collapse_id.decode("latin-1")
    return Notification(path[1], (topic or b"").decode("latin-1"), path["sandbox"] is not None, scenario, tag)


@lru_cache(maxsize=1024)
def _wrong(
    topic: bytes | None,
    collapse_id: bytes | None,
    expiration: bytes | None,
    priority: bytes | None,
    kind: bytes | None,
) -> str | None:
    """Return the reason to refuse headers that all devices of a broadcast share, or None."""
    wrong = {
        "MissingTopic": not topic,
        "BadCollapseId": len(collapse_id or b"") > MAX_COLLAPSE_ID_BYTES,
        "BadExpirationDate": expiration is not None and not expiration.isdigit(),
        "BadPriority": (priority or b"10") not in PRIORITIES.get(kind or b"", _ALL_PRIORITIES),
        "InvalidPushType": kind is not None and kind not in TOPIC_SUFFIXES,
        "BadTopic": not (topic or b"").endswith(TOPIC_SUFFIXES.get(kind or b"", b"")),
    }
    return next((reason for reason, is_wrong in wrong.items() if is_wrong), None)


def kept_until(headers: dict[bytes, bytes], now: float) -> float:
    """Return the epoch second until which APNs keeps a notification; one of `apns-expiration` 0 is not kept at all."""
    longest = now + MAX_KEPT_S
    return min(float(headers.get(b"apns-expiration", longest)), longest)


def _wrong_path(path: str) -> str:
    if path == _PREFIX:
        return "MissingDeviceToken"
    return "BadDeviceToken" if path.startswith(_PREFIX) else "BadPath"


def shows(body: bytes, kind: bytes | None) -> bool:
    """Return whether the device shows a payload; raise Refusal when it is none, or too long."""
    if not body:
        raise Refusal("PayloadEmpty")
    if len(body) > (MAX_VOIP_BYTES if kind == b"voip" else MAX_PAYLOAD_BYTES):
        raise Refusal("PayloadTooLarge")
    try:
        aps = _payload.decode(body).aps
    except msgspec.ValidationError:
        aps = None
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Apple has no word for a body that is no JSON; to a device it is as good as none.
        raise Refusal("PayloadEmpty") from None
    if kind in _FITS and not _FITS[kind](aps or _Aps()):
        # Nor for a payload that is not what its push type says.
        raise Refusal("InvalidPushType")
    return aps is not None and _says(aps.alert)


def _says(value: msgspec.Raw) -> bool:
    return bytes(value) not in (b"null", b'""', b"{}")


def _wakes(aps: _Aps) -> bool:
    is_seen_or_heard = any(bytes(value) != b"null" for value in (aps.alert, aps.badge, aps.sound))
    return bytes(aps.content_available) == b"1" and not is_seen_or_heard


def _is_live(aps: _Aps) -> bool:
    event = bytes(aps.event)
    whole = _says(aps.alert) and _says(aps.attributes_type) and bytes(aps.attributes) != b"null"
    return event in _EVENTS and (event != b'"start"' or whole)


#: Push type -> whether a payload is one of it, where APNs looks.
_FITS = {b"background": _wakes, b"liveactivity": _is_live}
