"""What HMS' answers mean: by the business code in the body, then by the HTTP status.

Source: Huawei, Push Kit REST API, "Sending messages" and its list of result codes.
"""

from __future__ import annotations

from typing import Any

from clarion.providers.answer import FRONT_END, json_object, word
from clarion.providers.base import Result, Verdict
from clarion.providers.exchange import Answer

SUCCESS, PARTIAL = "80000000", "80100000"

#: By business code, which is also the reason.
BY_CODE = {
    SUCCESS: Verdict.ACCEPTED,
    # Of all but those that it names.
    PARTIAL: Verdict.ACCEPTED,
    "80100001": Verdict.REJECTED,
    "80100003": Verdict.REJECTED,
    "80100004": Verdict.REJECTED,
    "80100013": Verdict.REJECTED,
    "80100016": Verdict.REJECTED,
    "80100017": Verdict.RETRY,
    "80100018": Verdict.REJECTED,
    "80200001": Verdict.BEARER,
    "80200003": Verdict.BEARER,
    "80200005": Verdict.BEARER,
    "80300002": Verdict.CREDENTIAL,
    # Every token of the request, which may be one: also what a wrong credential looks like, so it proves nothing.
    "80300007": Verdict.SUSPECT,
    "80300008": Verdict.REJECTED,
    "80300010": Verdict.REJECTED,
    "80300011": Verdict.REJECTED,
    "80300013": Verdict.REJECTED,
    "80600003": Verdict.RETRY,
    "81000001": Verdict.RETRY,
}

#: By HTTP status, for answers without a code: verdict and reason.
BY_STATUS = FRONT_END | {
    400: (Verdict.REJECTED, "BAD_REQUEST"),
    401: (Verdict.BEARER, "UNAUTHORIZED"),
    404: (Verdict.CREDENTIAL, "NOT_FOUND"),
    500: (Verdict.RETRY, "INTERNAL"),
    503: (Verdict.THROTTLED, "FLOW_CONTROL"),
}

ACCEPTED = Result(Verdict.ACCEPTED)
_ILLEGAL = Result(Verdict.UNREGISTERED, PARTIAL)


def classify(answer: Answer) -> Result:
    """What an HTTP answer means."""
    content = json_object(answer.body)
    code = word(content.get("code"))
    if code is None or not code.isdecimal():
        verdict, reason = BY_STATUS.get(answer.status, (Verdict.UNKNOWN, f"HTTP_{answer.status}"))
        return Result(verdict, reason, answer.retry_after_s)
    if code == SUCCESS:
        return ACCEPTED
    if code == PARTIAL:
        return _partial(content.get("msg"))
    return Result(BY_CODE.get(code, Verdict.UNKNOWN), code, answer.retry_after_s)


def _partial(report: Any) -> Result:
    """Some tokens are dead, the others' messages were taken; the report is JSON inside a string."""
    dead = json_object(report).get("illegal_tokens") if isinstance(report, str) else None
    if not isinstance(dead, list) or not dead:
        return Result(Verdict.UNKNOWN, PARTIAL)
    return ACCEPTED._replace(apart={token: _ILLEGAL for token in dead if isinstance(token, str)})
