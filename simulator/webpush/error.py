"""Every error that push services answer with, each in its maker's form."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus

import msgspec

from simulator.exchange import Answer, Header
from simulator.scenario import Scenario

_JSON: tuple[Header, ...] = ((b"content-type", b"application/json"),)
_TEXT: tuple[Header, ...] = ((b"content-type", b"text/plain; charset=utf-8"),)
_HTML: tuple[Header, ...] = ((b"content-type", b"text/html"),)
_MORE_INFO = "http://autopush.readthedocs.io/en/latest/http.html#error-codes"

#: Mozilla: `errno_<number>` -> HTTP status and message (autopush, "Error Codes").
MOZILLA: dict[str, tuple[int, str]] = {
    "errno_101": (400, "Missing necessary crypto keys"),
    "errno_102": (404, "Invalid URL endpoint"),
    "errno_103": (410, "Expired URL endpoint"),
    "errno_104": (413, "Data payload too large"),
    "errno_105": (410, "Endpoint became unavailable during request"),
    "errno_106": (410, "Invalid subscription"),
    "errno_108": (400, "Router type is invalid"),
    "errno_109": (401, "Invalid authentication"),
    "errno_110": (400, "Invalid crypto keys specified"),
    "errno_111": (400, "Missing TTL value"),
    "errno_112": (400, "Invalid TTL header value"),
    "errno_113": (400, "Invalid Topic header value"),
    "errno_114": (400, "TTL must be greater than 0"),
    "errno_201": (503, "Use exponential back-off for retries"),
    "errno_202": (503, "Immediate retry ok"),
    "errno_900": (502, "Internal Bridge misconfiguration"),
    "errno_901": (502, "Invalid authentication"),
    "errno_902": (502, "An error occurred while establishing a connection"),
    "errno_903": (502, "The request timed out"),
    "errno_999": (500, "Unknown error"),
}

#: Apple: `reason` -> HTTP status.
APPLE: dict[str, int] = {
    "BadTtl": 400,
    "BadUrgency": 400,
    "BadWebPushTopic": 400,
    "BadWebPushRequest": 400,
    "IdleTimeout": 400,
    "VapidPkHashMismatch": 403,
    "BadJwtToken": 403,
    "BadVapidPublicKey": 403,
    "BadAuthorizationHeader": 403,
    "BadPath": 404,
    "MethodNotAllowed": 405,
    "Unregistered": 410,
    "PayloadTooLarge": 413,
    "TooManyRequests": 429,
    "InternalServerError": 500,
    "ServiceUnavailable": 503,
    "Shutdown": 503,
}

_MISMATCH = (
    "the VAPID credentials in the authorization header do not correspond to the credentials used to create the "
    "subscriptions.\n"
)
#: Chrome: our name -> HTTP status and text.
CHROME: dict[str, tuple[int, str]] = {
    "CHROME_MISMATCH": (403, _MISMATCH),
    "CHROME_INVALID_JWT": (403, "invalid JWT provided\n"),
    "CHROME_UNSUBSCRIBED": (410, "push subscription has unsubscribed or expired.\n"),
    "CHROME_INVALID_REGISTRATION": (400, "InvalidRegistration\n"),
}

#: Answers of any maker that say nothing but a status; Edge's are all like this.
BARE = {f"HTTP_{status}": status for status in (200, 201, 202, 204, 400, 401, 403, 404, 405, 410, 413, 418, 429)} | {
    f"HTTP_{status}": status for status in (500, 502, 503, 504)
}
#: Scenario name -> a response that is no push service's error.
RAW = {
    "BAD_GATEWAY_HTML": Answer(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", _HTML),
    "NOT_JSON": Answer(500, b'{"code": 500, "err', _JSON),
}


class Maker(StrEnum):
    """Whose push service a path belongs to."""

    MOZILLA = "push"
    APPLE = "apple"
    CHROME = "chrome"


class Violation(StrEnum):
    """What is wrong with a request itself."""

    PATH = "path"
    METHOD = "method"
    TTL_MISSING = "ttl_missing"
    TTL = "ttl"
    TTL_NEGATIVE = "ttl_negative"
    URGENCY = "urgency"
    TOPIC = "topic"
    VAPID_MISSING = "vapid_missing"
    VAPID_HEADER = "vapid_header"
    VAPID_KEY = "vapid_key"
    JWT = "jwt"
    MISMATCH = "mismatch"
    TOO_LARGE = "too_large"
    ENCRYPTION = "encryption"


class Refusal(Exception):
    """A push service refuses a request."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(violation)
        self.violation = violation


_TOLD: dict[Maker, dict[Violation, str]] = {
    Maker.MOZILLA: {
        Violation.PATH: "errno_102",
        Violation.METHOD: "HTTP_405",
        Violation.TTL_MISSING: "errno_111",
        Violation.TTL: "errno_112",
        Violation.TTL_NEGATIVE: "errno_114",
        Violation.URGENCY: "HTTP_400",
        Violation.TOPIC: "errno_113",
        Violation.VAPID_MISSING: "errno_109",
        Violation.VAPID_HEADER: "errno_109",
        Violation.VAPID_KEY: "errno_109",
        Violation.JWT: "errno_109",
        # Mozilla itself says errno 109; most subscriptions of this world are Chrome's.
        Violation.MISMATCH: "CHROME_MISMATCH",
        Violation.TOO_LARGE: "errno_104",
        Violation.ENCRYPTION: "errno_110",
    },
    Maker.APPLE: {
        Violation.PATH: "BadPath",
        Violation.METHOD: "MethodNotAllowed",
        Violation.TTL_MISSING: "BadTtl",
        Violation.TTL: "BadTtl",
        Violation.TTL_NEGATIVE: "BadTtl",
        Violation.URGENCY: "BadUrgency",
        Violation.TOPIC: "BadWebPushTopic",
        Violation.VAPID_MISSING: "BadJwtToken",
        Violation.VAPID_HEADER: "BadAuthorizationHeader",
        Violation.VAPID_KEY: "BadVapidPublicKey",
        Violation.JWT: "BadJwtToken",
        Violation.MISMATCH: "VapidPkHashMismatch",
        Violation.TOO_LARGE: "PayloadTooLarge",
        Violation.ENCRYPTION: "BadWebPushRequest",
    },
    Maker.CHROME: {
        Violation.PATH: "HTTP_404",
        Violation.METHOD: "HTTP_405",
        Violation.TTL_MISSING: "HTTP_400",
        Violation.TTL: "HTTP_400",
        Violation.TTL_NEGATIVE: "HTTP_400",
        Violation.URGENCY: "HTTP_400",
        Violation.TOPIC: "HTTP_400",
        Violation.VAPID_MISSING: "HTTP_401",
        Violation.VAPID_HEADER: "HTTP_401",
        Violation.VAPID_KEY: "HTTP_403",
        Violation.JWT: "CHROME_INVALID_JWT",
        Violation.MISMATCH: "CHROME_MISMATCH",
        Violation.TOO_LARGE: "HTTP_413",
        Violation.ENCRYPTION: "HTTP_400",
    },
}


def refusal(maker: Maker, violation: Violation) -> Answer:
    """Return what a maker's push service says to a request that breaks a rule."""
    answer = of_scenario(Scenario(_TOLD[maker][violation], {}), "")
    assert answer is not None
    return answer


def of_scenario(scenario: Scenario, _project: str) -> Answer | None:
    """Return the answer of a scenario, or None when its name is none of these."""
    name = scenario.name
    if name in MOZILLA:
        return _mozilla(name, *MOZILLA[name])
    if name in APPLE:
        return Answer(APPLE[name], msgspec.json.encode({"reason": name}), _JSON)
    if name in CHROME:
        status, text = CHROME[name]
        return Answer(status, text.encode(), _TEXT)
    return Answer(BARE[name], b"", ()) if name in BARE else RAW.get(name)


def _mozilla(name: str, status: int, message: str) -> Answer:
    body = {
        "code": status,
        "errno": int(name.partition("_")[2]),
        "error": HTTPStatus(status).phrase,
        "message": message,
        "more_info": _MORE_INFO,
    }
    headers = _JSON
    if status == HTTPStatus.GONE:
        headers += ((b"cache-control", b"max-age=86400"),)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers += ((b"retry-after", b"120"),)
    return Answer(status, msgspec.json.encode(body), headers)
