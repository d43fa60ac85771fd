"""What APNs' answers mean. Errors are told apart by `reason`, then by the HTTP status.

Source: Apple, "Handling notification responses from APNs" and "Sending channel management requests to APNs".
"""

from __future__ import annotations

from typing import Any

from clarion.providers.answer import json_object, word
from clarion.providers.base import Result, Verdict
from clarion.providers.exchange import Answer

ACCEPTED = Result(Verdict.ACCEPTED)
BAD_DEVICE_TOKEN = "BadDeviceToken"  # noqa: S105  # a reason's name

#: By `reason`.
BY_REASON = {
    "BadCollapseId": Verdict.REJECTED,
    BAD_DEVICE_TOKEN: Verdict.SUSPECT,
    "BadExpirationDate": Verdict.REJECTED,
    "BadMessageId": Verdict.REJECTED,
    "BadPriority": Verdict.REJECTED,
    # The topic's end comes from a header that any publisher may set: one message is not to park the others.
    "BadTopic": Verdict.SUSPECT,
    "DeviceTokenNotForTopic": Verdict.SUSPECT,
    "DuplicateHeaders": Verdict.REJECTED,
    "IdleTimeout": Verdict.RETRY,
    "InvalidPushType": Verdict.REJECTED,
    "MissingDeviceToken": Verdict.REJECTED,
    "MissingTopic": Verdict.SUSPECT,
    "PayloadEmpty": Verdict.REJECTED,
    "TopicDisallowed": Verdict.SUSPECT,
    "BadCertificate": Verdict.CREDENTIAL,
    "BadCertificateEnvironment": Verdict.CREDENTIAL,
    # Apple's pages write the first one, its servers were seen to write the second.
    "BadEnvironmentKeyIdInToken": Verdict.CREDENTIAL,
    "BadEnvironmentKeyInToken": Verdict.CREDENTIAL,
    "ExpiredProviderToken": Verdict.BEARER,
    "Forbidden": Verdict.CREDENTIAL,
    "InvalidProviderToken": Verdict.CREDENTIAL,
    "MissingProviderToken": Verdict.CREDENTIAL,
    "UnrelatedKeyIdInToken": Verdict.CREDENTIAL,
    "BadPath": Verdict.REJECTED,
    "MethodNotAllowed": Verdict.REJECTED,
    "ExpiredToken": Verdict.UNREGISTERED,
    "Unregistered": Verdict.UNREGISTERED,
    "PayloadTooLarge": Verdict.REJECTED,
    "TooManyProviderTokenUpdates": Verdict.THROTTLED,
    "TooManyRequests": Verdict.RETRY,
    "InternalServerError": Verdict.RETRY,
    "ServiceUnavailable": Verdict.RETRY,
    "Shutdown": Verdict.RETRY,
}

#: The same, of broadcasts and of the channels they go to.
BY_CHANNEL_REASON = {
    "BadChannelId": Verdict.REJECTED,
    "CannotCreateChannelConfig": Verdict.REJECTED,
    "ChannelNotRegistered": Verdict.REJECTED,
    "FeatureNotEnabled": Verdict.REJECTED,
    "MissingChannelId": Verdict.REJECTED,
    "MissingPushType": Verdict.REJECTED,
}

#: By HTTP status, for answers whose reason is not known, or that have none; any 5xx is tried again as well.
BY_STATUS = {
    408: Verdict.RETRY,
    413: Verdict.REJECTED,
    429: Verdict.RETRY,
}
_SERVER_ERRORS = range(500, 600)

#: They are about a connection: on a new one there is no need to wait.
AT_ONCE = frozenset({"IdleTimeout", "Shutdown"})

_VERDICTS = BY_REASON | BY_CHANNEL_REASON


def classify(answer: Answer) -> Result:
    """What an answer other than 200 means."""
    error = json_object(answer.body)
    reason = word(error.get("reason"))
    verdict = _VERDICTS.get(reason or "") or _by_status(answer.status)
    return Result(
        verdict,
        reason or f"HTTP_{answer.status}",
        0.0 if reason in AT_ONCE else answer.retry_after_s,
        dead_since_ms=_instant(error.get("timestamp")) if verdict is Verdict.UNREGISTERED else None,
        elsewhere=reason == BAD_DEVICE_TOKEN,
    )


def _by_status(status: int) -> Verdict:
    return Verdict.RETRY if status in _SERVER_ERRORS else BY_STATUS.get(status, Verdict.UNKNOWN)


def _instant(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
