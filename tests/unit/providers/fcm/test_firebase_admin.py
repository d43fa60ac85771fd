"""Google's own library judges our JSON: given the same parts, it writes the same document."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from firebase_admin import messaging

from clarion.app import FCMStyle
from clarion.message import Appearance, Button, Message, Target
from clarion.providers.fcm.composition import compose, splice

APPEARANCES = {
    "plain": Appearance(),
    "full": Appearance(
        title="Title",
        subtitle="Subtitle",
        body="Body",
        image="https://example.org/a.png",
        sound="ding",
        badge=3,
        click_action="https://example.org/",
        data={"order": "17"},
        buttons=(Button("yes", "Yes"), Button("no", "No", "https://example.org/no")),
        time_sensitive=True,
    ),
    "silent": Appearance(title="Title", image="https://example.org/a.png", badge=0, sound="ding", silent=True),
    "action": Appearance(click_action="OPEN_ORDER"),
    "unusual": Appearance(title='"\\\n\u2028', body="", badge=0, sound="default"),
}
HEADERS = {
    "none": {},
    "all": {
        "android-content-title": "T",
        "android-content-text": "B",
        "android-ticker-text": "K",
        "android-badge": "5",
        "ios-alert-title": "T",
        "ios-alert-body": "B",
        "ios-badge": "0",
        "ios-content-available": "1",
        "osx-alert-subtitle": "S",
        "web-icon": "https://example.org/i.png",
        "web-title": "W",
        "city": "Ulm",
        "android-content-available": "0",
        "template_name": "welcome",
    },
    "woken": {"ios-content-available": "1", "osx-content-available": "1", "android-content-available": "1"},
}
OPTIONS = [{}, {"ttl_s": 100, "priority": "normal", "collapse_key": "scores"}, {"priority": "high", "body": {"a": 1}}]
ROUTES = [(os, FCMStyle.DATA) for os in ("ANDROID", "IOS", "OSX", "WEB", "HMS")] + [("ANDROID", FCMStyle.NOTIFICATION)]


def google(document):
    """The document, taken apart and written once more by firebase-admin."""
    parts = {"android": android, "apns": apns, "webpush": webpush}
    blocks = {name: parts[name](document[name]) for name in parts if name in document}
    assert document.keys() <= {"token", "data", *parts}
    with pytest.warns(DeprecationWarning, match="token"):
        model = messaging.Message(token=document["token"], data=document["data"], **blocks)
    return json.loads(str(model))


def android(block):
    notification = block.get("notification")
    drawn = None
    if notification is not None:
        priority = notification.get("notification_priority", "").removeprefix("PRIORITY_").lower() or None
        count = notification.get("notification_count")
        same = {k: v for k, v in notification.items() if not k.startswith("notification_")}
        drawn = messaging.AndroidNotification(**same, priority=priority, notification_count=count)
    ttl = re.fullmatch(r"(\d+)s", block["ttl"]) if "ttl" in block else None
    return messaging.AndroidConfig(
        collapse_key=block.get("collapse_key"),
        priority=block["priority"],
        ttl=timedelta(seconds=int(ttl[1])) if ttl else None,
        notification=drawn,
    )


def apns(block):
    assert block.keys() <= {"headers", "payload", "fcm_options"}
    assert block["payload"].keys() == {"aps"}
    aps = dict(block["payload"]["aps"])
    made = messaging.Aps(
        alert=messaging.ApsAlert(**aps.pop("alert")) if "alert" in aps else None,
        badge=aps.pop("badge", None),
        sound=aps.pop("sound", None),
        content_available=aps.pop("content-available", None) == 1,
        mutable_content=aps.pop("mutable-content", None) == 1,
        custom_data=aps,
    )
    assert aps.keys() <= {"interruption-level"}
    return messaging.APNSConfig(
        headers=block["headers"],
        payload=messaging.APNSPayload(made),
        fcm_options=messaging.APNSFCMOptions(**block["fcm_options"]) if "fcm_options" in block else None,
    )


def webpush(block):
    notification = dict(block.get("notification", {}))
    actions = [messaging.WebpushNotificationAction(**action) for action in notification.pop("actions", [])]
    return messaging.WebpushConfig(
        headers=block["headers"],
        notification=messaging.WebpushNotification(**notification, actions=actions) if notification else None,
        fcm_options=messaging.WebpushFCMOptions(**block["fcm_options"]) if "fcm_options" in block else None,
    )


@pytest.mark.parametrize(("os", "style"), ROUTES)
@pytest.mark.parametrize("headers", HEADERS)
@pytest.mark.parametrize("appearance", APPEARANCES)
@pytest.mark.parametrize("options", OPTIONS)
def test_firebase_admin_writes_the_same_document(os, style, headers, appearance, options):
    given = {
        "id": "message:6ED94D19-172B-48AE-BB2C-7AA8E305CD31",
        "app": "demo",
        "body": "Hello",
        "target": Target(channel="default"),
        "accepted_ms": 0,
        "headers": HEADERS[headers],
        "appearance": APPEARANCES[appearance],
    }
    document = json.loads(splice(compose(Message(**given | options), os, style, now_ms=40_000), "t0ken"))["message"]
    assert google(document) == document
