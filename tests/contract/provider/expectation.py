"""What is the same of every provider, and what each of them says it with: how it is opened, addressed and answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from clarion.app import APNsCredential, FCMCredential, HMSCredential, WebPushCredential, WNSCredential
from clarion.providers.apns import APNsProvider
from clarion.providers.base import Provider, Verdict
from clarion.providers.fcm import FCMProvider
from clarion.providers.hms import HMSProvider
from clarion.providers.webpush import WebPushProvider
from clarion.providers.wns import WNSProvider

#: What a simulator announced.
Ready = Mapping[str, Any]


@dataclass(frozen=True)
class Expectation:
    """One provider.

    Attributes:
        os: the operating system to compose for.
        open: the provider at the simulator that announced itself so; its messages go to the given origin, if there is
            one, instead of the simulator's.
        token: a device's token at that origin, None the simulator's, of what the simulator is to know it by.
        known_as: how the simulator's ledger names the same.
        answers: what is wrong -> scenario, verdict, reason.
        multiplexes: it speaks HTTP/2. Over HTTP/1.1, one request at a time, there are no streams to refuse or to limit,
            and nothing is ever on its way beside a request that a server goes away from.
    """

    os: str
    open: Callable[[Ready, str | None], Provider]
    token: Callable[[Ready, str, str | None], str]
    known_as: Callable[[str], str]
    answers: Mapping[str, tuple[str, Verdict, str]]
    multiplexes: bool = True


def _ca(ready: Ready) -> Path:
    return Path(ready["ca"])


def _known(ready: Ready, provider: str, *names: str) -> dict[str, Any]:
    return {name: ready["providers"][provider][name] for name in names}


def _fcm(ready: Ready, origin: str | None) -> Provider:
    account = Path(ready["credentials"])
    return FCMProvider.open(
        "demo", FCMCredential(service_account=account, endpoint=origin or ready["fcm"], ca_bundle=_ca(ready))
    )


def _apns(ready: Ready, origin: str | None) -> Provider:
    given = _known(ready, "apns", "key_id", "team_id", "topic", "endpoint", "sandbox_endpoint")
    key = Path(ready["providers"]["apns"]["key_file"])
    moved = {} if origin is None else {"endpoint": origin}
    return APNsProvider.open("demo", APNsCredential(**given | moved, key_file=key, ca_bundle=_ca(ready)))


def _webpush(ready: Ready, _: str | None) -> Provider:
    known = ready["providers"]["webpush"]
    hosts, key = frozenset(known["hosts"]), Path(known["private_key"])
    return WebPushProvider.open(
        "demo", WebPushCredential(private_key=key, subject=known["subject"], hosts=hosts, ca_bundle=_ca(ready))
    )


def _wns(ready: Ready, _: str | None) -> Provider:
    given = _known(ready, "wns", "client_id", "tenant_id", "token_endpoint")
    known = ready["providers"]["wns"]
    hosts, secret = frozenset(known["hosts"]), Path(known["client_secret"])
    return WNSProvider.open("demo", WNSCredential(**given, client_secret=secret, hosts=hosts, ca_bundle=_ca(ready)))


def _hms(ready: Ready, origin: str | None) -> Provider:
    given = _known(ready, "hms", "client_id", "endpoint", "token_endpoint")
    moved = {} if origin is None else {"endpoint": origin}
    secret = Path(ready["providers"]["hms"]["client_secret"])
    return HMSProvider.open("demo", HMSCredential(**given | moved, client_secret=secret, ca_bundle=_ca(ready)))


def _subscription(ready: Ready, text: str, origin: str | None) -> str:
    known = ready["providers"]["webpush"]
    keys = {"p256dh": known["p256dh"], "auth": known["auth"]}
    return json.dumps({"endpoint": f"{origin or known['origin']}/push/{text}", "keys": keys})


def _channel(ready: Ready, text: str, origin: str | None) -> str:
    return f"{origin or ready['providers']['wns']['origin']}/w/?token={quote(text, safe='')}"


EXPECTATIONS = {
    "fcm": Expectation(
        os="ANDROID",
        open=_fcm,
        token=lambda _ready, text, _origin: text,
        known_as=str,
        answers={
            "dead": ("UNREGISTERED", Verdict.UNREGISTERED, "UNREGISTERED"),
            "suspect": ("SENDER_ID_MISMATCH", Verdict.SUSPECT, "SENDER_ID_MISMATCH"),
            "rejected": ("INVALID_ARGUMENT", Verdict.REJECTED, "INVALID_ARGUMENT"),
            "throttled": ("QUOTA_EXCEEDED;retry_after=7", Verdict.THROTTLED, "QUOTA_EXCEEDED"),
            "bearer": ("UNAUTHENTICATED", Verdict.BEARER, "UNAUTHENTICATED"),
            "credential": ("PERMISSION_DENIED", Verdict.CREDENTIAL, "PERMISSION_DENIED"),
            "transient": ("UNAVAILABLE;retry_after=7", Verdict.RETRY, "UNAVAILABLE"),
            "page of HTML": ("BAD_GATEWAY_HTML", Verdict.RETRY, "BAD_GATEWAY"),
            "empty body": ("EMPTY_ERROR", Verdict.RETRY, "UNAVAILABLE"),
        },
    ),
    "apns": Expectation(
        os="IOS",
        open=_apns,
        token=lambda _ready, text, _origin: text.encode().hex(),
        known_as=lambda text: text.encode().hex(),
        answers={
            "dead": ("Unregistered", Verdict.UNREGISTERED, "Unregistered"),
            "suspect": ("DeviceTokenNotForTopic", Verdict.SUSPECT, "DeviceTokenNotForTopic"),
            "rejected": ("PayloadTooLarge", Verdict.REJECTED, "PayloadTooLarge"),
            "throttled": ("TooManyProviderTokenUpdates", Verdict.THROTTLED, "TooManyProviderTokenUpdates"),
            "bearer": ("ExpiredProviderToken", Verdict.BEARER, "ExpiredProviderToken"),
            "credential": ("InvalidProviderToken", Verdict.CREDENTIAL, "InvalidProviderToken"),
            "transient": ("ServiceUnavailable;retry_after=7", Verdict.RETRY, "ServiceUnavailable"),
            "page of HTML": ("BAD_GATEWAY_HTML", Verdict.RETRY, "HTTP_502"),
            "empty body": ("EMPTY_ERROR", Verdict.RETRY, "HTTP_503"),
        },
    ),
    "webpush": Expectation(
        os="WEB",
        open=_webpush,
        token=_subscription,
        known_as=lambda text: f"/push/{text}",
        answers={
            "dead": ("errno_106;status=410", Verdict.UNREGISTERED, "errno_106"),
            "suspect": ("CHROME_MISMATCH", Verdict.SUSPECT, "VapidPkHashMismatch"),
            # Each push service judges our key for itself: what one of them thinks of it does not stop the others.
            "credential": ("BadJwtToken", Verdict.SUSPECT, "BadJwtToken"),
            "rejected": ("errno_104", Verdict.REJECTED, "errno_104"),
            # No push service speaks for the others: nothing throttles them all, and there is no access token to refuse.
            "too fast": ("TooManyRequests;retry_after=7", Verdict.RETRY, "TooManyRequests"),
            "transient": ("errno_201", Verdict.RETRY, "errno_201"),
            "page of HTML": ("BAD_GATEWAY_HTML", Verdict.RETRY, "BAD_GATEWAY"),
            "empty body": ("HTTP_503", Verdict.RETRY, "SERVICE_UNAVAILABLE"),
        },
    ),
    "wns": Expectation(
        os="WP",
        open=_wns,
        token=_channel,
        known_as=str,
        answers={
            "dead": ("GONE", Verdict.UNREGISTERED, "CHANNEL_EXPIRED"),
            "suspect": ("FORBIDDEN", Verdict.SUSPECT, "WRONG_APPLICATION"),
            "rejected": ("PAYLOAD_TOO_LARGE", Verdict.REJECTED, "PAYLOAD_TOO_LARGE"),
            "throttled": ("NOT_ACCEPTABLE;continue_after=7", Verdict.THROTTLED, "THROTTLE_LIMIT"),
            "bearer": ("UNAUTHORIZED", Verdict.BEARER, "BAD_ACCESS_TOKEN"),
            "accepted in name only": ("DROPPED", Verdict.REJECTED, "dropped"),
            "transient": ("UNAVAILABLE;retry_after=7", Verdict.RETRY, "UNAVAILABLE"),
            # WNS' answers have no bodies: an empty one is what it always sends.
        },
        multiplexes=False,
    ),
    "hms": Expectation(
        os="HMS",
        open=_hms,
        token=lambda _ready, text, _origin: text,
        known_as=str,
        answers={
            "suspect": ("80300007", Verdict.SUSPECT, "80300007"),
            "rejected": ("80300008", Verdict.REJECTED, "80300008"),
            "throttled": ("HTTP_503;retry_after=7", Verdict.THROTTLED, "FLOW_CONTROL"),
            "bearer": ("80200003", Verdict.BEARER, "80200003"),
            "credential": ("80300002", Verdict.CREDENTIAL, "80300002"),
            "transient": ("81000001", Verdict.RETRY, "81000001"),
            "empty body": ("HTTP_502", Verdict.RETRY, "BAD_GATEWAY"),
            "success that says nothing": ("EMPTY_SUCCESS", Verdict.UNKNOWN, "HTTP_200"),
            # Its dead tokens are named among those of a request that is accepted.
        },
    ),
}
MULTIPLEXING = [name for name, expectation in EXPECTATIONS.items() if expectation.multiplexes]
ANSWERS = [(name, wrong) for name, expectation in EXPECTATIONS.items() for wrong in expectation.answers]
