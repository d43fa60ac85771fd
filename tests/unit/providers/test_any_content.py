"""Whatever is published, composers say what is wrong in one way: anything else would break accept and planner."""

from __future__ import annotations

import json
from contextlib import suppress
from operator import attrgetter

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clarion.app import FCMStyle, Limits
from clarion.errors import InvalidField
from clarion.message import Appearance, Button, DeliveryOptions, PublishOptions
from clarion.message.look import HEADERS
from clarion.message.validation import build
from clarion.providers.apns.composition import compose as apns
from clarion.providers.apns.payload import OWN_HEADERS
from clarion.providers.apns.push_type import PUSH_TYPES
from clarion.providers.base import ContentRefused
from clarion.providers.fcm.composition import compose as fcm
from clarion.providers.fcm.composition import splice
from clarion.providers.fcm.schema import MESSAGE
from clarion.providers.hms.composition import compose as hms
from clarion.providers.webpush.composition import compose as webpush
from clarion.providers.wns.composition import compose as wns

COMPOSERS = {
    "fcm": lambda message, os: splice(fcm(message, os, FCMStyle.NOTIFICATION, now_ms=0), "t"),
    "apns": lambda message, os: apns(message, os, "com.example.app").body,
    "webpush": lambda message, os: webpush(message, os, now_ms=0).content or b"{}",
    "wns": lambda message, os: wns(message, os, now_ms=0) and b"{}",
    "hms": lambda message, os: b"".join((hms(message, os, now_ms=0).before, b"]}}")),
}
SYSTEMS = {"fcm": ["ANDROID", "IOS", "WEB"], "apns": ["IOS", "OSX"], "webpush": ["WEB"], "wns": ["WP"], "hms": ["HMS"]}


#: The members of each provider's payload that mean something to somebody; those of FCM as its own table has them.
SHAPES = {
    "fcm": MESSAGE,
    "apns": {
        "aps": dict.fromkeys(("alert", "badge", "sound", "event", "timestamp", "attributes", "attributes-type"), 0),
        **dict.fromkeys(("message", "mdm", "buttons"), 0),
    },
    "webpush": {"data": {}, "notification": {"title": 0}, **dict.fromkeys(("title", "tag", "actions", "web_push"), 0)},
    "wns": {"xml": 0, "type": 0, "headers": dict.fromkeys(("X-WNS-Tag", "x-wns-tag", "x-wns-ttl", "MS-CV"), 0)},
    "hms": {
        "android": {
            "notification": {"click_action": {"type": 0, "url": 0}, **dict.fromkeys(("title", "body", "badge"), 0)},
            **dict.fromkeys(("ttl", "urgency", "collapse_key", "category", "data"), 0),
        },
        **dict.fromkeys(("data", "apns", "token"), 0),
        "notification": {"title": 0, "body": 0},
    },
}
WORDS = [
    *(
        "",
        "1",
        "true",
        "0",
        "5s",
        "1296001s",
        "9" * 30 + "s",
        "#ff8800",
        "PRIVATE",
        "https://x.example",
        "start",
        "update",
    ),
    *(
        "wns/toast",
        "wns/raw",
        "wns/badge",
        "<toast/>",
        "<badge value='1'/>",
        "<!DOCTYPE toast><toast/>",
        "<toast",
        "HIGH",
    ),
    *("<?xml version='1.0' encoding='no-such'?><toast/>", "<?xml version='1.0' encoding='utf-32'?><toast/>", "\x00"),
    *("\ufeff<toast/>", "²", "٣", "nan", "inf", "🇩🇪🇫🇷", "ü" * 50, "x" * 4_000, *PUSH_TYPES),
]
TEXT = st.one_of(st.sampled_from(WORDS), st.text(st.characters(codec="utf-8"), max_size=20))
LINE = st.text(st.characters(codec="ascii", min_codepoint=33), min_size=1, max_size=20)
NUMBER = st.one_of(st.integers(-(2**63), 2**64 - 1), st.integers(-2, 4), st.floats())
LEAF = st.one_of(st.none(), st.booleans(), NUMBER, TEXT)
VALUE = st.recursive(
    LEAF,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=8,
)


def shaped(shape):
    """Objects with members of that shape, of others, and with anything as a value."""
    known = {name: shaped(inner) | VALUE if isinstance(inner, dict) else VALUE for name, inner in shape.items()}
    whole = st.fixed_dictionaries({}, optional=known)
    return whole if shape is MESSAGE else st.one_of(whole, st.dictionaries(TEXT, VALUE, max_size=2))


RAW = st.sampled_from(list(SHAPES)).flatmap(lambda name: st.tuples(st.just(name), shaped(SHAPES[name])))
HEADER = [
    *{header for table in HEADERS.values() for header in table},
    *(f"{os}-{name}" for os in ("ios", "osx") for name in OWN_HEADERS),
    *("wp-type", "wp-raw", "wp-backTitle", "wp-backImage", "android-ticker-text", "android-badge-class", "web-icon"),
    *("template_name", "ios_immediate_push", "custom", "aps", "from", "messageId"),
]
id_of = attrgetter("id")
APPEARANCE = st.builds(
    Appearance,
    title=st.none() | TEXT,
    subtitle=st.none() | TEXT,
    body=st.none() | TEXT,
    image=st.none() | LINE,
    sound=st.none() | LINE,
    badge=st.none() | st.integers(0, 2**31 - 1),
    click_action=st.none() | LINE,
    data=st.dictionaries(LINE, TEXT, max_size=3),
    buttons=st.lists(st.builds(Button, id=LINE, title=LINE, url=st.none() | LINE), max_size=2, unique_by=id_of).map(
        tuple
    ),
    time_sensitive=st.booleans(),
    silent=st.booleans(),
    truncate=st.booleans(),
)


REFUSED = {"xml": "<?xml version='1.0' encoding='no-such'?><toast/>"}


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    body=VALUE,
    headers=st.dictionaries(st.sampled_from(HEADER) | LINE, TEXT, max_size=5),
    appearance=APPEARANCE,
    raw=RAW,
    delivery=st.fixed_dictionaries(
        {}, optional={"ttl": st.integers(1, 28 * 86_400), "priority": st.sampled_from(["high", "normal"])}
    ),
)
@example(body="", headers={}, appearance=Appearance(), raw=("wns", REFUSED), delivery={})
@example(body="", headers={}, appearance=Appearance(), raw=("fcm", {"android": 5}), delivery={})
@example(body="", headers={}, appearance=Appearance(), raw=("hms", {"android": 5}), delivery={})
@example(body="", headers={}, appearance=Appearance(), raw=("apns", {"aps": 5}), delivery={})
def test_a_composer_refuses_or_makes_json_and_raises_nothing_else(body, headers, appearance, raw, delivery):
    provider, members = raw
    publish = PublishOptions(headers=headers, appearance=appearance, raw={provider: members})
    try:
        message = build("demo", Limits(), body, None, publish, DeliveryOptions(**delivery), now_ms=0)
    except InvalidField:  # never stored, so never composed
        return
    for name, compose in COMPOSERS.items():
        for os in SYSTEMS[name]:
            with suppress(ContentRefused):
                assert isinstance(json.loads(compose(message, os)), dict)
