"""What WNS' answers mean. A 200 is told apart by what became of the notification, everything else by its status.

Source: Microsoft, "Push notification service request and response headers".
"""

from __future__ import annotations

from clarion.providers.answer import FRONT_END, word
from clarion.providers.base import Result, Verdict
from clarion.providers.exchange import Answer

#: Two spellings of one header: the documents have the first, the service sends the second.
STATUS_HEADERS = ("x-wns-status", "x-wns-notificationstatus")
CONTINUE_AFTER = "x-wns-continue-after"
#: The response headers that `classify` looks at.
HEADERS = (*STATUS_HEADERS, CONTINUE_AFTER)

#: What became of a notification that WNS took.
BY_NOTIFICATION_STATUS = {
    "received": Verdict.ACCEPTED,
    "dropped": Verdict.REJECTED,
    "channelthrottled": Verdict.RETRY,
}

#: By HTTP status: verdict and reason. WNS names no reasons of its own.
BY_STATUS = FRONT_END | {
    400: (Verdict.REJECTED, "BAD_HEADERS"),
    401: (Verdict.BEARER, "BAD_ACCESS_TOKEN"),
    403: (Verdict.SUSPECT, "WRONG_APPLICATION"),
    404: (Verdict.UNREGISTERED, "CHANNEL_NOT_FOUND"),
    405: (Verdict.REJECTED, "METHOD_NOT_ALLOWED"),
    406: (Verdict.THROTTLED, "THROTTLE_LIMIT"),
    410: (Verdict.UNREGISTERED, "CHANNEL_EXPIRED"),
    413: (Verdict.REJECTED, "PAYLOAD_TOO_LARGE"),
    500: (Verdict.RETRY, "INTERNAL"),
    503: (Verdict.RETRY, "UNAVAILABLE"),
}

ACCEPTED = Result(Verdict.ACCEPTED)
_OK = 200
_WAIT_MAX_S = 6 * 3600.0


def classify(answer: Answer) -> Result:
    """What an HTTP answer means."""
    if answer.status == _OK:
        return _notification(answer)
    verdict, reason = BY_STATUS.get(answer.status, (Verdict.UNKNOWN, f"HTTP_{answer.status}"))
    return Result(verdict, reason, _wait_s(answer))


def _notification(answer: Answer) -> Result:
    status = next((answer.headers[name] for name in STATUS_HEADERS if name in answer.headers), "received").lower()
    verdict = BY_NOTIFICATION_STATUS.get(status, Verdict.UNKNOWN)
    if verdict is Verdict.ACCEPTED:
        return ACCEPTED
    return Result(verdict, word(status) or "HTTP_200", _wait_s(answer))


def _wait_s(answer: Answer) -> float | None:
    """Retry-After, or WNS' own header for it, which is seconds."""
    text = answer.headers.get(CONTINUE_AFTER, "")
    if answer.retry_after_s is not None or not (text.isascii() and text.isdecimal()):
        return answer.retry_after_s
    return min(float(text), _WAIT_MAX_S) or None
