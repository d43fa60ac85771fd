from __future__ import annotations

import json
from types import SimpleNamespace
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from clarion.app import APNsCredential, APNsEnvironment
from clarion.message import Message, Target
from clarion.message.appearance import Appearance, Button
from clarion.providers.apns import APNsProvider
from clarion.providers.apns.composition import compose
from clarion.providers.base import AddressRefused, ContentRefused

ID = "message:0F3B5B5E-6C1D-4B66-9D52-6A2E5B1F0C11"
TOKEN = "0123456789abcdefABCDEF"


def message(body="Hello", headers=None, **fields):
    given = {"id": ID, "app": "demo", "target": Target(channel="default"), "accepted_ms": 1_000}
    return Message(**given | {"body": body, "headers": headers or {}} | fields)


def composed(given, os="IOS"):
    made = compose(given, os, "com.example.app")
    return dict(line.split(": ", 1) for line in made.lines), json.loads(made.body)


def headers_of(given, os="IOS"):
    return composed(given, os)[0]


def payload_of(given, os="IOS"):
    return composed(given, os)[1]


def aps_of(given, os="IOS"):
    return payload_of(given, os)["aps"]


@pytest.fixture(scope="module")
def key_file(tmp_path_factory):
    key = ec.generate_private_key(ec.SECP256R1())
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file = tmp_path_factory.mktemp("keys") / "AuthKey.p8"
    file.write_bytes(key.private_bytes(*pem))
    return file


def opened(key_file, app="demo", **fields):
    given = {"key_file": key_file, "key_id": "KEY4567890", "team_id": "TEAM567890", "topic": "com.example.app"}
    return APNsProvider.open(app, APNsCredential(**given | fields))


def device(token=TOKEN, environment=None):
    return SimpleNamespace(token=token, environment=environment)


def test_a_message_is_an_alert():
    headers, payload = composed(message())
    assert headers == {
        "apns-topic": "com.example.app",
        "apns-push-type": "alert",
        "apns-priority": "10",
        "apns-collapse-id": ID,
    }
    assert payload == {"message": "Hello", "messageId": ID, "aps": {"alert": {"body": "Hello"}}}


def test_headers_of_the_devices_own_system_say_how_it_looks():
    words = {"alert-title": "T", "alert-subtitle": "S", "alert-body": "B", "badge": "0", "sound": "default"}
    for os in ("IOS", "OSX"):
        payload = payload_of(message(headers={f"{os.lower()}-{name}": value for name, value in words.items()}), os)
        assert payload["aps"] == {
            "alert": {"title": "T", "subtitle": "S", "body": "B"},
            "badge": 0,
            "sound": "default",
        }
        assert (payload["ios-alert-title"], payload["ios-alert-subtitle"], payload["message"]) == ("T", "S", "Hello")


def test_an_image_a_click_action_buttons_and_data_travel_beside_aps():
    shown = Appearance(
        image="https://example.com/a.png",
        click_action="open_cart",
        data={"order": "7"},
        buttons=(Button("yes", "Yes"), Button("web", "Web", "https://example.com")),
    )
    payload = payload_of(message(headers={"custom": "1"}, appearance=shown))
    assert payload["attachment-url"] == "https://example.com/a.png"
    assert payload["click_action"] == "open_cart"
    assert (payload["order"], payload["custom"]) == ("7", "1")
    assert payload["buttons"] == [
        {"id": "yes", "title": "Yes"},
        {"id": "web", "title": "Web", "url": "https://example.com"},
    ]
    assert payload["aps"]["mutable-content"] == 1
    assert payload["aps"]["category"] == "buttonActionsTemplate"


@pytest.mark.parametrize("name", ["template_name", "ios_immediate_push"])
def test_a_template_is_drawn_by_the_apps_extension(name):
    payload = payload_of(message(headers={name: "welcome"}))
    assert (payload[name], payload["aps"]["mutable-content"]) == ("welcome", 1)


def test_headers_for_other_systems_take_no_space():
    headers = {"android-content-title": "T", "android_immediate_push": "{}", "wp-title": "T", "ios-badge": "1"}
    headers |= {"osx-badge": "1", "web-title": "T", "web-icon": "i", "osx-of-the-app": "1"}
    assert payload_of(message(headers=headers)).keys() == {"message", "messageId", "aps"}


def test_a_header_for_the_app_wins_over_data_of_the_same_name():
    shown = Appearance(data={"order": "form", "messageId": "forged"})
    payload = payload_of(message(headers={"order": "header", "ios-of-the-app": "1"}, appearance=shown))
    assert (payload["order"], payload["messageId"], payload["ios-of-the-app"]) == ("header", ID, "1")


def test_content_available_with_every_publish_shows_what_there_is_and_wakes_the_app():
    headers, payload = composed(message(headers={"ios-content-available": "1"}))
    assert (headers["apns-push-type"], headers["apns-priority"]) == ("alert", "10")
    assert payload["aps"] == {"alert": {"body": "Hello"}, "content-available": 1}
    headers, payload = composed(message("", headers={"ios-content-available": "1"}))
    assert (headers["apns-push-type"], payload["aps"]) == ("background", {"content-available": 1})
    _, payload = composed(message("", headers={"ios-content-available": "1", "ios-badge": "3"}))
    assert payload["aps"] == {"badge": 3, "content-available": 1}


def test_apples_own_headers_reach_aps():
    headers = {
        "ios-thread-id": "thread",
        "ios-category": "MINE",
        "ios-target-content-id": "window",
        "ios-relevance-score": "0.5",
        "ios-interruption-level": "passive",
    }
    assert aps_of(message(headers=headers)) == {
        "alert": {"body": "Hello"},
        "thread-id": "thread",
        "category": "MINE",
        "target-content-id": "window",
        "relevance-score": 0.5,
        "interruption-level": "passive",
    }
    assert aps_of(message(headers=headers), "OSX") == {"alert": {"body": "Hello"}}


def test_a_time_sensitive_message_breaks_through():
    assert aps_of(message(appearance=Appearance(time_sensitive=True)))["interruption-level"] == "time-sensitive"


@pytest.mark.parametrize("priority", [None, "high"])
def test_a_silent_message_is_a_background_push_of_priority_5(priority):
    shown = Appearance(silent=True, title="T", badge=3, sound="default")
    headers, payload = composed(message(appearance=shown, priority=priority))
    assert (headers["apns-push-type"], headers["apns-priority"]) == ("background", "5")
    assert payload["aps"] == {"content-available": 1}
    assert payload["message"] == "Hello"


def test_a_message_of_normal_priority_spares_the_battery():
    assert headers_of(message(priority="normal"))["apns-priority"] == "5"


#: Push type, what follows the topic, priority by default, bytes of payload: Apple's table.
TYPES = [
    ("alert", "", "10", 4096),
    ("background", "", "5", 4096),
    ("location", ".location-query", "5", 4096),
    ("voip", ".voip", "10", 5120),
    ("complication", ".complication", "5", 4096),
    ("fileprovider", ".pushkit.fileprovider", "5", 4096),
    ("mdm", "", "5", 4096),
    ("liveactivity", ".push-type.liveactivity", "10", 4096),
    ("pushtotalk", ".voip-ptt", "10", 4096),
    ("widgets", ".push-type.widgets", "5", 4096),
    ("controls", ".push-type.controls", "5", 4096),
]


@pytest.mark.parametrize(("name", "suffix", "priority", "limit"), TYPES)
def test_each_push_type_has_its_topic_priority_and_size(name, suffix, priority, limit):
    def sized(length):
        raw = {"apns": {"filler": "x" * length, "aps": {"event": "update"}}}
        return compose(message(headers={"ios-push-type": name}, raw=raw), "IOS", "com.example.app")

    headers = dict(line.split(": ", 1) for line in sized(1).lines)
    assert headers["apns-topic"] == "com.example.app" + suffix
    assert (headers["apns-push-type"], headers["apns-priority"]) == (name, priority)
    rest = len(sized(1).body) - 1
    assert len(sized(limit - rest).body) == limit
    with pytest.raises(ContentRefused, match=str(limit)):
        sized(limit - rest + 1)


def test_a_mac_has_its_own_push_type_header():
    assert headers_of(message(headers={"osx-push-type": "background"}), "OSX")["apns-push-type"] == "background"


def test_a_live_activity_says_what_happens_to_it():
    live = {"ios-push-type": "liveactivity"}
    given = message(headers=live, raw={"apns": {"aps": {"event": "end", "content-state": {"score": 3}}}})
    assert aps_of(given) == {"event": "end", "content-state": {"score": 3}, "timestamp": 1}
    with pytest.raises(ContentRefused, match="event"):
        compose(message(headers=live), "IOS", "com.example.app")


STARTED = {"event": "start", "alert": {"title": "T"}, "attributes-type": "Game", "attributes": {}}


def test_a_live_activity_starts_with_an_alert_and_attributes():
    live = {"ios-push-type": "liveactivity"}
    assert aps_of(message(headers=live, raw={"apns": {"aps": STARTED}})).items() >= STARTED.items()
    for name in ("alert", "attributes-type", "attributes"):
        rest = {each: value for each, value in STARTED.items() if each != name}
        with pytest.raises(ContentRefused, match="attributes-type"):
            compose(message(headers=live, raw={"apns": {"aps": rest}}), "IOS", "com.example.app")


@pytest.mark.parametrize(
    "fields",
    [
        {"appearance": Appearance(title="T")},
        {"appearance": Appearance(body="B")},
        {"appearance": Appearance(sound="default")},
        {"appearance": Appearance(badge=1)},
        {"headers": {"ios-alert-subtitle": "S"}},
        {"raw": {"apns": {"aps": {"alert": "A"}}}},
        {"raw": {"apns": {"aps": {"sound": "default"}}}},
    ],
)
def test_a_background_push_shows_nothing_so_what_is_to_be_shown_is_refused(fields):
    headers = {"ios-push-type": "background"} | fields.get("headers", {})
    with pytest.raises(ContentRefused, match="background push"):
        compose(message(**fields | {"headers": headers}), "IOS", "com.example.app")


def test_mdm_gets_its_own_payload_and_nothing_else():
    given = message(headers={"ios-push-type": "mdm"}, raw={"apns": {"mdm": "magic"}})
    assert payload_of(given) == {"mdm": "magic"}


def test_raw_members_join_ours_and_null_takes_one_away():
    aps = {"alert": {"loc-key": "K", "body": None}, "thread-id": "t"}
    raw = {"apns": {"message": "other", "new": [1], "aps": aps}}
    payload = payload_of(message(headers={"ios-sound": "default", "ios-alert-title": "T"}, raw=raw))
    assert (payload["message"], payload["new"]) == ("other", [1])
    assert payload["aps"] == {"alert": {"title": "T", "loc-key": "K"}, "thread-id": "t", "sound": "default"}


def test_an_app_with_its_own_collapse_key_keeps_it():
    assert headers_of(message(collapse_key="scores"))["apns-collapse-id"] == "scores"


@pytest.mark.parametrize("key", ["k" * 65, "ü" * 40, "a b", "a\r\napns-priority: 1", "\x00"])
def test_a_key_that_no_header_can_carry_is_replaced_by_its_digest(key):
    first, again, other = (headers_of(message(collapse_key=each))["apns-collapse-id"] for each in (key, key, key + "x"))
    assert first == again != other
    assert len(first) == 64
    assert first.isalnum()


def test_the_expiration_is_the_instant_the_message_ends():
    assert headers_of(message(ttl_s=60, accepted_ms=1_700_000_000_900))["apns-expiration"] == "1700000060"
    assert "apns-expiration" not in headers_of(message())


def test_a_long_text_is_refused_or_cut_in_both_places_it_stands():
    with pytest.raises(ContentRefused, match="4096"):
        compose(message("ü" * 3000), "IOS", "com.example.app")
    made = compose(message("ü" * 3000, appearance=Appearance(truncate=True)), "IOS", "com.example.app")
    payload = json.loads(made.body)
    assert 4000 < len(made.body) <= 4096
    assert payload["aps"]["alert"]["body"] == payload["message"]
    assert payload["message"].endswith("ü…")


def test_what_the_app_parses_is_never_cut():
    given = message({"id": [1, 2]}, appearance=Appearance(body="x" * 9000, truncate=True))
    assert json.loads(payload_of(given)["message"]) == {"id": [1, 2]}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (message(""), "nothing"),
        (message(headers={"aps": "1"}), "aps"),
        (message(appearance=Appearance(data={"aps": "1"})), "aps"),
        (message(raw={"apns": {"aps": [1]}}), "aps"),
        (message(headers={"ios-badge": "many"}), "ios-badge"),
        (message(headers={"ios-badge": "9" * 30}), "badge"),
        (message(headers={"ios-push-type": "loud"}), "ios-push-type"),
        (message(headers={"ios-interruption-level": "loud"}), "ios-interruption-level"),
        (message(headers={"ios-relevance-score": "2"}), "ios-relevance-score"),
        (message(headers={"ios-relevance-score": "nan"}), "ios-relevance-score"),
    ],
)
def test_what_apns_would_refuse_for_everybody_is_refused_before_anybody_gets_it(given, words):
    with pytest.raises(ContentRefused, match=words):
        compose(given, "IOS", "com.example.app")


def test_a_badge_alone_is_something_to_show():
    assert aps_of(message("", headers={"ios-badge": "0"})) == {"badge": 0}


def test_a_refusal_does_not_quote_the_message():
    with pytest.raises(ContentRefused) as caught:
        compose(message("very private " * 400), "IOS", "com.example.app")
    assert "private" not in str(caught.value)


def test_a_request_is_the_path_of_the_device_and_an_id_that_tells_the_device(key_file):
    provider = opened(key_file)
    composition = provider.compose(message(), "IOS", now_ms=0)
    request = provider.request(composition, [device()], [0xABC123], "jwt")
    assert request.url == f"https://api.push.apple.com/3/device/{TOKEN}"
    assert request.headers[0] == "authorization: bearer jwt"
    (line,) = request.own
    name, _, value = line.partition(": ")
    assert (name, value) == ("apns-id", "0f3b5b5e-6c1d-4b66-9d52-000000abc123")
    assert str(UUID(value)) == value


def test_requests_share_headers_and_body_and_a_retry_repeats_its_id(key_file):
    provider = opened(key_file)
    first, second = (provider.compose(message(), "IOS", now_ms=now) for now in (0, 60_000))
    one = provider.request(first, [device()], [7], "jwt")
    two = provider.request(first, [device("ab")], [8], "jwt")
    again = provider.request(second, [device()], [7], "jwt")
    assert one.headers is two.headers
    assert one.body is two.body
    assert (again.own, again.body) == (one.own, one.body)
    assert two.own != one.own


@pytest.mark.parametrize(
    "token", ["", "xyz", "abc/../../4/broadcasts", "ab\r\ncd", "ab?x", "a b", "ａｂ", "ab\n", "٣٤", "%61"]
)
def test_nothing_but_hexadecimal_digits_gets_into_a_path(key_file, token):
    provider = opened(key_file)
    composition = provider.compose(message(), "IOS", now_ms=0)
    with pytest.raises(AddressRefused, match=r"^BadDeviceToken$"):
        provider.request(composition, [device(token)], [0], "jwt")


def test_each_token_goes_to_its_own_environment(key_file):
    def urls(provider):
        composition = provider.compose(message(), "IOS", now_ms=0)
        for environment in (None, "production", "sandbox"):
            yield provider.request(composition, [device("ab", environment)], [0], "jwt").url

    production = "https://api.push.apple.com/3/device/ab"
    sandbox = "https://api.sandbox.push.apple.com/3/device/ab"
    default = opened(key_file)
    assert (default.environment, list(urls(default))) == ("production", [production, production, sandbox])
    other = opened(key_file, environment=APNsEnvironment.SANDBOX)
    assert (other.environment, list(urls(other))) == ("sandbox", [sandbox, production, sandbox])
    with pytest.raises(AddressRefused, match=r"^UnknownEnvironment$"):
        default.request(default.compose(message(), "IOS", now_ms=0), [device("ab", "moon")], [0], "jwt")


def test_an_operating_system_may_have_another_bundle_id(key_file):
    provider = opened(key_file, topics={"OSX": "com.example.mac"})
    lines = [provider.compose(message(), os, now_ms=0).lines[0] for os in ("IOS", "OSX")]
    assert lines == ["apns-topic: com.example.app", "apns-topic: com.example.mac"]


def test_apps_with_one_key_share_its_provider_token_and_its_connections(key_file):
    first, second = (opened(key_file, app=app) for app in ("one", "two"))
    assert first.credential == second.credential == "TEAM567890.KEY4567890"
    assert first.line == second.line
    assert first.line.share == "apns:TEAM567890.KEY4567890"
    assert first.line != opened(key_file, key_id="OTHER67890").line
    assert first.credential == opened(key_file, environment=APNsEnvironment.SANDBOX).credential


def test_a_provider_does_not_show_its_key(key_file):
    assert "PrivateKey" not in repr(opened(key_file))
