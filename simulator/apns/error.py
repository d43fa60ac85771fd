"""Every error APNs answers with, as its JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from simulator.exchange import Answer, Header
from simulator.scenario import Scenario

_JSON: tuple[Header, ...] = ((b"content-type", b"application/json"),)
_GONE = 410

#: Reason -> HTTP status.
REASONS: dict[str, int] = {
    **dict.fromkeys(
        (
            "BadCollapseId",
            "BadDeviceToken",
            "BadExpirationDate",
            "BadMessageId",
            "BadPriority",
            "BadTopic",
            "DeviceTokenNotForTopic",
            "DuplicateHeaders",
            "IdleTimeout",
            "InvalidPushType",
            "MissingDeviceToken",
            "MissingTopic",
            "PayloadEmpty",
            "TopicDisallowed",
            # of broadcasts and channels
            "BadChannelId",
            "CannotCreateChannelConfig",
            "ChannelNotRegistered",
            "FeatureNotEnabled",
            "MissingChannelId",
            "MissingPushType",
        ),
        400,
    ),
    **dict.fromkeys(
        (
            "BadCertificate",
            "BadCertificateEnvironment",
            # as Apple's pages write it, and as its servers were seen to
            "BadEnvironmentKeyIdInToken",
            "BadEnvironmentKeyInToken",
            "ExpiredProviderToken",
            "Forbidden",
            "InvalidProviderToken",
            "MissingProviderToken",
            "UnrelatedKeyIdInToken",
        ),
        403,
    ),
    "BadPath": 404,
    "MethodNotAllowed": 405,
    "ExpiredToken": _GONE,
    "Unregistered": _GONE,
    "PayloadTooLarge": 413,
    "TooManyProviderTokenUpdates": 429,
    "TooManyRequests": 429,
    "InternalServerError": 500,
    "ServiceUnavailable": 503,
    "Shutdown": 503,
}

#: Scenario name -> a response that is no APNs error.
RAW: dict[str, Answer] = {
    "EMPTY_ERROR": Answer(503, b"", ()),
    "NOT_JSON": Answer(500, b'{"reason":"Internal', _JSON),
    "BAD_GATEWAY_HTML": Answer(502, b"<html><body>Bad Gateway</body></html>", ((b"content-type", b"text/html"),)),
}

#: Options of the scenarios above, beside those of every error.
OPTIONS = frozenset({"reason", "since_ms"})


class Refusal(Exception):
    """APNs refuses a request."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def error(reason: str, status: int | None = None, **further: Any) -> Answer:
    """Return an error; `status` is the documented one unless given, `further` are members beside the reason."""
    content = msgspec.json.encode({"reason": reason, **further})
    return Answer(REASONS[reason] if status is None else status, content, _JSON)


def stamped(answer: Answer, now_ms: int) -> Answer:
    """Return a 410 that says since when; one that says it already stays as it is."""
    if answer.status != _GONE or b'"timestamp"' in answer.body:
        return answer
    content = msgspec.json.decode(answer.body, type=dict[str, Any])
    return msgspec.structs.replace(answer, body=msgspec.json.encode(content | {"timestamp": now_ms}))


def of_scenario(scenario: Scenario, _: str) -> Answer | None:
    """Return the error of a scenario, or None when its name is not an error of APNs."""
    if scenario.name not in REASONS:
        return RAW.get(scenario.name)
    further = {"timestamp": int(scenario.number("since_ms"))} if "since_ms" in scenario.options else {}
    return error(scenario.options.get("reason", scenario.name), REASONS[scenario.name], **further)
