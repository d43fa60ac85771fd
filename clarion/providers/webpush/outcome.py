"""What push services' answers mean: Apple's reasons, Mozilla's numbers, Chrome's sentences, then the HTTP status.

Sources: Apple, "Sending web push notifications in web apps and browsers"; Mozilla autopush, "Error codes"; RFC 8030.
Of all of them only 404 and 410 prove that one subscription is dead. A key that does not match the subscription is
our own mistake when it happens to everybody, so it is a suspicion. So is a JWT that one push service calls bad: its
word is not to stop what goes to the others.
"""

from __future__ import annotations

from typing import Any

from clarion.providers.answer import FRONT_END, json_object, word
from clarion.providers.base import Result, Verdict
from clarion.providers.exchange import Answer

_TEXT_MAX_BYTES = 1024
_ERRNO_MAX = 9999

ACCEPTED = Result(Verdict.ACCEPTED)
_ACCEPTED_FROM, _ACCEPTED_BELOW = 200, 300
_DEAD = frozenset({404, 410})

#: The key of the request is not the one that the subscription was made with: the browser must subscribe again.
MISMATCH = "VapidPkHashMismatch"

#: By Apple's `reason`.
APPLE = {
    "BadTtl": Verdict.REJECTED,
    "BadUrgency": Verdict.REJECTED,
    "BadWebPushTopic": Verdict.REJECTED,
    "BadWebPushRequest": Verdict.REJECTED,
    "MethodNotAllowed": Verdict.REJECTED,
    "PayloadTooLarge": Verdict.REJECTED,
    MISMATCH: Verdict.SUSPECT,
    "BadJwtToken": Verdict.SUSPECT,
    "BadVapidPublicKey": Verdict.SUSPECT,
    "BadAuthorizationHeader": Verdict.SUSPECT,
    "BadPath": Verdict.UNREGISTERED,
    "Unregistered": Verdict.UNREGISTERED,
    "IdleTimeout": Verdict.RETRY,
    "TooManyRequests": Verdict.RETRY,
    "InternalServerError": Verdict.RETRY,
    "ServiceUnavailable": Verdict.RETRY,
    "Shutdown": Verdict.RETRY,
}

#: By Mozilla's `errno`; the reason is `errno_` and the number.
MOZILLA = {
    101: Verdict.REJECTED,
    102: Verdict.UNREGISTERED,
    103: Verdict.UNREGISTERED,
    104: Verdict.REJECTED,
    105: Verdict.UNREGISTERED,
    106: Verdict.UNREGISTERED,
    108: Verdict.REJECTED,
    109: Verdict.SUSPECT,
    110: Verdict.REJECTED,
    111: Verdict.REJECTED,
    112: Verdict.REJECTED,
    113: Verdict.REJECTED,
    114: Verdict.REJECTED,
    201: Verdict.RETRY,
    202: Verdict.RETRY,
    900: Verdict.RETRY,
    901: Verdict.RETRY,
    902: Verdict.RETRY,
    903: Verdict.RETRY,
    999: Verdict.RETRY,
}
#: Mozilla: "immediate retry ok", whatever the Retry-After says that comes with every 503.
AT_ONCE = 202

#: By what a text from Chrome's service contains, in lower case: verdict and our word for it.
CHROME = {
    "do not correspond to the credentials": (Verdict.SUSPECT, MISMATCH),
    "invalid jwt": (Verdict.SUSPECT, "InvalidJWT"),
    "unsubscribed or expired": (Verdict.UNREGISTERED, "UnsubscribedOrExpired"),
    "invalidregistration": (Verdict.SUSPECT, "InvalidRegistration"),
}

#: By HTTP status, for answers that say no more: verdict and reason.
BY_STATUS = FRONT_END | {
    400: (Verdict.REJECTED, "BAD_REQUEST"),
    401: (Verdict.SUSPECT, "UNAUTHORIZED"),
    403: (Verdict.SUSPECT, "FORBIDDEN"),
    404: (Verdict.UNREGISTERED, "NOT_FOUND"),
    405: (Verdict.REJECTED, "METHOD_NOT_ALLOWED"),
    410: (Verdict.UNREGISTERED, "GONE"),
    413: (Verdict.REJECTED, "PAYLOAD_TOO_LARGE"),
    # A push service limits per subscription or per origin, and it is one of several: the others are not to wait for it.
    429: (Verdict.RETRY, "TOO_MANY_REQUESTS"),
    500: (Verdict.RETRY, "INTERNAL_SERVER_ERROR"),
    503: (Verdict.RETRY, "SERVICE_UNAVAILABLE"),
}


def classify(answer: Answer) -> Result:
    """What an answer means."""
    if _ACCEPTED_FROM <= answer.status < _ACCEPTED_BELOW:
        return ACCEPTED
    verdict, reason = _named(answer.body) or BY_STATUS.get(answer.status, (Verdict.UNKNOWN, f"HTTP_{answer.status}"))
    if answer.status in _DEAD:
        verdict = Verdict.UNREGISTERED
    elif verdict is Verdict.UNREGISTERED:
        verdict = Verdict.SUSPECT  # the words of a dead subscription under a status that is no proof
    return Result(verdict, reason, 0.0 if reason == f"errno_{AT_ONCE}" else answer.retry_after_s)


def _named(body: bytes) -> tuple[Verdict, str] | None:
    """The verdict and the word of an error that its body names."""
    document = json_object(body)
    return _apple(document.get("reason")) or _mozilla(document.get("errno")) or _said(body)


def _apple(reason: Any) -> tuple[Verdict, str] | None:
    known = word(reason)
    return None if known is None else (APPLE.get(known, Verdict.UNKNOWN), known)


def _mozilla(errno: Any) -> tuple[Verdict, str] | None:
    if not isinstance(errno, int) or isinstance(errno, bool) or not 0 < errno <= _ERRNO_MAX:
        return None
    return MOZILLA.get(errno, Verdict.UNKNOWN), f"errno_{errno}"


def _said(body: bytes) -> tuple[Verdict, str] | None:
    said = body[:_TEXT_MAX_BYTES].decode("utf-8", "replace").lower()
    return next((meaning for words, meaning in CHROME.items() if words in said), None)
