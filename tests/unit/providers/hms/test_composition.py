from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from clarion.app import HMSCredential
from clarion.message import Message, Target
from clarion.message.appearance import Appearance, Button
from clarion.providers.base import ContentRefused
from clarion.providers.hms import HMSProvider
from clarion.providers.hms.composition import compose, splice


def message(body="Hello", headers=None, **fields):
    return Message(
        id="message:1",
        app="demo",
        body=body,
        target=Target(channel="default"),
        accepted_ms=0,
        headers=headers or {},
        **fields,
    )


def sent(given, tokens=("t0ken",), now_ms=0):
    document = json.loads(splice(compose(given, "HMS", now_ms=now_ms), tokens))
    assert document["message"].pop("token") == list(dict.fromkeys(tokens))
    assert document.keys() == {"message"}
    return document["message"]


def own(android):
    return message(raw={"hms": {"android": android}})


def shown(given):
    return sent(given)["android"]["notification"]


def told(given):
    return json.loads(sent(given)["data"])


def test_a_message_is_a_notification_with_data_beside_it():
    given = message(headers={"android-content-title": "T", "custom": "1"}, appearance=Appearance(data={"k": "v"}))
    assert shown(given).items() >= {"title": "T", "body": "Hello", "click_action": {"type": 3}}.items()
    assert told(given) == {"messageId": "message:1", "custom": "1", "k": "v"}


def test_what_is_silent_is_data_alone_with_all_that_an_app_needs_to_draw_it():
    given = message(
        {"a": 1}, headers={"android-large-icon": "i", "wp-type": "tile"}, appearance=Appearance(silent=True)
    )
    assert "notification" not in sent(given)["android"]
    assert told(given) == {"messageId": "message:1", "android-large-icon": "i", "message": '{"a":1}'}


def test_a_message_that_another_text_hides_travels_as_data():
    assert told(message(headers={"android-content-text": "B"}))["message"] == "Hello"
    assert "message" not in told(message())


def test_a_notification_always_has_a_title_and_a_body():
    assert shown(message())["title"] == "Hello"
    assert shown(message(appearance=Appearance(subtitle="S")))["title"] == "S"
    assert shown(message("", appearance=Appearance(title="T")))["body"] == "T"
    assert shown(message("", appearance=Appearance(subtitle="S")))["body"] == "S"


def test_the_form_becomes_huaweis_members():
    form = Appearance(title="T", subtitle="S", image="https://x/y.png", sound="/raw/ding", badge=3)
    notification = shown(message(headers={"android-ticker-text": "K", "android-badge-class": "a.B"}, appearance=form))
    assert notification["notify_summary"] == "S"
    assert notification["image"] == "https://x/y.png"
    assert notification["sound"] == "/raw/ding"
    assert notification["ticker"] == "K"
    assert notification["badge"] == {"set_num": 3, "class": "a.B"}
    assert shown(message(appearance=Appearance(badge=0)))["badge"] == {"set_num": 0}


def test_the_default_sound_is_the_devices():
    assert shown(message(appearance=Appearance(sound="default")))["default_sound"] is True
    assert not {"sound", "default_sound"} & shown(message()).keys()


@pytest.mark.parametrize(
    ("target", "action"),
    [
        (None, {"type": 3}),
        ("https://x/y", {"type": 2, "url": "https://x/y"}),
        ("com.example.OPEN", {"type": 1, "action": "com.example.OPEN"}),
        ("intent://x/#Intent;scheme=a;end", {"type": 1, "intent": "intent://x/#Intent;scheme=a;end"}),
    ],
)
def test_a_touch_opens_the_app_a_page_or_an_action(target, action):
    assert shown(message(appearance=Appearance(click_action=target)))["click_action"] == action


def test_at_most_three_buttons_are_sent():
    buttons = tuple(Button(str(number), f"B{number}") for number in range(4))
    sent_buttons = shown(message(appearance=Appearance(buttons=(Button("u", "U", "https://x/"), *buttons))))["buttons"]
    assert len(sent_buttons) == 3
    assert sent_buttons[0] == {"name": "U", "action_type": 2, "intent": "https://x/"}
    assert sent_buttons[1] == {"name": "B0", "action_type": 0, "data": '{"id":"0"}'}


def test_a_repetition_replaces_the_first_copy_on_the_device():
    first, again, other = (shown(each) for each in (message(), message("b"), message(collapse_key="ü" * 99)))
    assert (
        (first["tag"], first["notify_id"]) == (again["tag"], again["notify_id"]) != (other["tag"], other["notify_id"])
    )
    assert first["tag"] == "message:1"
    assert len(other["tag"].encode()) <= 64
    assert all(0 <= each["notify_id"] < 2**31 for each in (first, other))


def test_urgency_is_high_only_when_it_is_asked_for():
    urgencies = [sent(message(priority=each))["android"]["urgency"] for each in ("high", "normal", None)]
    assert urgencies == ["HIGH", "NORMAL", "NORMAL"]


def test_the_time_to_live_is_what_is_left_of_it_and_at_most_fifteen_days():
    assert sent(message(ttl_s=100), now_ms=40_000)["android"]["ttl"] == "60s"
    assert sent(message(ttl_s=2_000_000))["android"]["ttl"] == "1296000s"
    assert sent(message())["android"]["ttl"] == "1296000s"


def test_the_message_can_bring_members_of_its_own():
    own = {"android": {"category": "IM", "urgency": "HIGH"}, "data": "mine", "apns": {"headers": {}}}
    document = sent(message(raw={"hms": own}))
    assert (document["data"], document["apns"]) == ("mine", {"headers": {}})
    assert (document["android"]["category"], document["android"]["urgency"]) == ("IM", "HIGH")
    assert document["android"]["notification"]["body"] == "Hello"
    drawn = {"notification": {"badge": {"add_num": 1, "set_num": None}, "importance": "LOW"}}
    notification = sent(message(appearance=Appearance(badge=3), raw={"hms": {"android": drawn}}))["android"][
        "notification"
    ]
    assert notification.items() >= {"body": "Hello", "importance": "LOW", "badge": {"add_num": 1}}.items()


@pytest.mark.parametrize("name", ["token", "topic", "condition"])
def test_whom_it_goes_to_is_not_the_messages_to_say(name):
    with pytest.raises(ContentRefused, match=r"raw\.hms"):
        compose(message(raw={"hms": {name: ["x"]}}), "HMS", now_ms=0)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (message("private " * 600), "4096"),
        (message(headers={"custom": "private " * 600}), "4096"),
        (message(headers={"android-badge": "private"}), "android-badge"),
        (message(""), "needs a title"),
        (own({"notification": {"title": None}}), "needs a title"),
        (own({"notification": {"body": 5}}), "needs a body"),
        (own({"notification": {"click_action": None}}), "click_action"),
        (own({"notification": {"click_action": {"type": 2}}}), "click_action"),
        (own({"notification": {"click_action": {"type": [1]}}}), "click_action"),
        (own({"notification": 5}), "android.notification is an object"),
        (own({"ttl": "1296001s"}), "1296000s"),
        (own({"ttl": 60}), "ttl"),
        (own({"urgency": ["private"]}), "HIGH or NORMAL"),
        (own({"collapse_key": 101}), "-1 to 100"),
        (own(5), "android is an object"),
        (message(raw={"hms": {"data": {"a": 1}}}), "data is a string"),
        (message(raw={"hms": {"data": None, "android": None}}), "neither"),
    ],
)
def test_what_hms_would_refuse_for_everybody_is_refused_before_anybody_gets_it(given, words):
    with pytest.raises(ContentRefused, match=words) as caught:
        compose(given, "HMS", now_ms=0)
    assert "private" not in str(caught.value)


def test_tokens_do_not_count_and_a_text_that_may_be_cut_fills_the_rest():
    composition = compose(message("ü" * 4000, appearance=Appearance(title="T", truncate=True)), "HMS", now_ms=0)
    assert 4090 <= len(composition.before + composition.after) <= 4096
    body = json.loads(splice(composition, ["x" * 160] * 3))["message"]["android"]["notification"]["body"]
    assert body.endswith("ü…")


@pytest.mark.parametrize("token", ['a"b', "a\\b", "ünï", "]}}"])
def test_any_token_is_spliced_as_a_json_string(token):
    sent(message("]}}"), tokens=("first", token, "last"))


def test_no_token_is_repeated_in_a_request():
    sent(message(), tokens=("a", "b", "a", "a"))


@pytest.fixture
def secret(tmp_path):
    file = tmp_path / "secret"
    file.write_text("s3cret\n")
    return file


@pytest.mark.parametrize(
    ("project", "url"),
    [
        (None, "https://push-api.cloud.huawei.com/v1/1047/messages:send"),
        ("73/1", "https://push-api.cloud.huawei.com/v2/73%2F1/messages:send"),
    ],
)
def test_the_project_decides_the_version(secret, project, url):
    provider = HMSProvider.open("demo", HMSCredential(client_id="1047", client_secret=secret, project_id=project))
    assert (provider.url, provider.credential, provider.batch_max) == (url, "1047", 1_000)
    assert "s3cret" not in repr(provider)


def test_one_request_has_all_of_its_devices(secret):
    provider = HMSProvider.open("demo", HMSCredential(client_id="1047", client_secret=secret))
    composition = provider.compose(message(), "HMS", now_ms=0)
    devices = [SimpleNamespace(token=f"t{number}", environment=None) for number in range(1000)]
    first, second = (provider.request(composition, devices, range(1000), "b34r3r") for _ in range(2))
    assert json.loads(first.body)["message"]["token"] == [device.token for device in devices]
    assert first.headers is second.headers
    assert first.headers == ("Authorization: Bearer b34r3r", "Content-Type: application/json;charset=UTF-8")
