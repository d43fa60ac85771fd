"""Headers, form and message in one; and the whole table of push headers, each with where it goes."""

from __future__ import annotations

import pytest

from clarion.errors import InvalidField
from clarion.message import Appearance, Message, PushBroadcast, Target
from clarion.message.look import HEADERS, check_headers, custom, look, own, wakes

#: Header -> the operating system that it speaks to, and the part of the form that it sets (None: a provider reads it).
TABLE = {
    "ios-alert-title": ("IOS", "title"),
    "ios-alert-subtitle": ("IOS", "subtitle"),
    "ios-alert-body": ("IOS", "body"),
    "ios-alert": ("IOS", "body"),
    "ios-badge": ("IOS", "badge"),
    "ios-sound": ("IOS", "sound"),
    "ios-content-available": ("IOS", "silent"),
    "ios-rich-media-url": ("IOS", "image"),
    "ios_immediate_push": ("IOS", None),
    "osx-alert-title": ("OSX", "title"),
    "osx-alert-subtitle": ("OSX", "subtitle"),
    "osx-alert-body": ("OSX", "body"),
    "osx-alert": ("OSX", "body"),
    "osx-badge": ("OSX", "badge"),
    "osx-sound": ("OSX", "sound"),
    "osx-content-available": ("OSX", "silent"),
    "osx-rich-media-url": ("OSX", "image"),
    "android-ticker-text": ("ANDROID", None),
    "android-content-title": ("ANDROID", "title"),
    "android-content-text": ("ANDROID", "body"),
    "android-action": ("ANDROID", "click_action"),
    "android-summary-subtext": ("ANDROID", "subtitle"),
    "android-content-sound": ("ANDROID", "sound"),
    "android-large-icon": ("ANDROID", None),
    "android-attachment-url": ("ANDROID", "image"),
    "android-badge": ("ANDROID", "badge"),
    "android-content-available": ("ANDROID", "silent"),
    "android_immediate_push": ("ANDROID", None),
    "wp-type": ("WP", None),
    "wp-title": ("WP", "title"),
    "wp-subtitle": ("WP", "subtitle"),
    "wp-parameter": ("WP", "click_action"),
    "wp-backgroundImage": ("WP", "image"),
    "wp-count": ("WP", "badge"),
    "wp-backTitle": ("WP", None),
    "wp-backImage": ("WP", None),
    "wp-backContent": ("WP", None),
    "wp-raw": ("WP", None),
    "wp-content": ("WP", "body"),
    "wp-badge": ("WP", "badge"),
    "web-title": ("WEB", "title"),
    "web-body": ("WEB", "body"),
    "web-image": ("WEB", "image"),
    "web-icon": ("WEB", None),
    "web-badge": ("WEB", "badge"),
    "web-click-action": ("WEB", "click_action"),
}
#: These are for the apps of every system, as any header that nobody knows.
FOR_ALL = ["template_name", "ios", "web-page", "city"]
SYSTEMS = [str(os.name) for os in PushBroadcast]
FORM = Appearance(title="form", subtitle="form", body="form", image="form", sound="form", badge=1, click_action="form")


def message(headers=None, **fields):
    return Message(
        id="message:1",
        app="demo",
        body=fields.pop("body", "Hello"),
        target=Target(channel="default"),
        accepted_ms=0,
        headers=headers or {},
        **fields,
    )


def given_and_shown(part):
    return {"badge": ("7", 7), "silent": ("1", True)}.get(part, ("x", "x"))


@pytest.mark.parametrize(("header", "home"), TABLE.items())
def test_a_push_header_has_one_home(header, home):
    os, part = home
    given, shown = given_and_shown(part)
    form = Appearance(body="") if part == "silent" else FORM
    sent = message({header: given}, appearance=form)
    assert custom(sent) == {}
    spoken_to = {os, "HMS"} if os == "ANDROID" else {os}
    for each in SYSTEMS:
        looks = look(sent, each)
        assert own(sent, each) == ({header: given} if each in spoken_to else {})
        changed = {name for name in Appearance.__struct_fields__ if getattr(looks, name) != getattr(form, name)}
        assert changed == ({part} if part and each in spoken_to else set())
        if part and each in spoken_to:
            assert getattr(looks, part) == shown


def test_the_table_is_complete():
    assert {header for table in HEADERS.values() for header in table} <= TABLE.keys()


@pytest.mark.parametrize("header", FOR_ALL)
def test_any_other_header_is_for_the_app_on_every_system(header):
    sent = message({header: "x"}, appearance=Appearance(data={header: "form", "more": "y"}))
    assert custom(sent) == {header: "x", "more": "y"}
    assert all(not own(sent, os) and look(sent, os).body == "Hello" for os in SYSTEMS)


def test_without_headers_or_form_the_message_itself_is_shown():
    assert look(message(), "IOS") == Appearance(body="Hello")
    assert look(message(body={"a": 1}), "WEB").body == '{"a":1}'


def test_the_form_goes_before_the_message_and_a_header_before_the_form():
    form = Appearance(title="form", body="form")
    assert look(message(appearance=form), "ANDROID") == form
    shown = look(message({"android-content-text": "header", "ios-alert-title": "other"}, appearance=form), "ANDROID")
    assert (shown.title, shown.body) == ("form", "header")


def test_an_empty_header_says_nothing():
    assert look(message({"ios-alert-title": ""}, appearance=FORM), "IOS") == FORM


def test_of_two_headers_for_one_part_the_documented_one_wins():
    assert look(message({"ios-alert": "short", "ios-alert-body": "documented"}), "IOS").body == "documented"


@pytest.mark.parametrize(("value", "silent"), [("1", True), ("true", True), ("TRUE", True), ("0", False), ("x", False)])
def test_content_available_makes_a_message_silent_that_has_nothing_to_show(value, silent):
    sent = message({"ios-content-available": value}, body="")
    assert (look(sent, "IOS").silent, wakes(sent, "IOS")) == (silent, silent)
    assert (look(sent, "ANDROID").silent, wakes(sent, "ANDROID")) == (False, False)


#: What an SDK sends with every publish, whatever it is.
EVERY_PUBLISH = {"ios-content-available": "1", "osx-content-available": "1", "android-content-available": "1"}
TEXTS = ["title", "subtitle", "body"]


@pytest.mark.parametrize("os", ["IOS", "OSX", "ANDROID", "HMS"])
@pytest.mark.parametrize("body", ["Hello", {"a": 1}, 0, False])
def test_content_available_beside_a_message_shows_it_and_wakes_the_app(os, body):
    sent = message(EVERY_PUBLISH, body=body)
    assert (look(sent, os).silent, wakes(sent, os)) == (False, True)


@pytest.mark.parametrize("os", ["IOS", "OSX", "ANDROID", "HMS"])
@pytest.mark.parametrize("part", TEXTS)
def test_content_available_beside_a_text_shows_it_and_wakes_the_app(os, part):
    header = next(name for name, sets in HEADERS[os].items() if sets == part)
    for sent in (
        message(EVERY_PUBLISH | {header: "News"}, body=""),
        message(EVERY_PUBLISH, body="", appearance=Appearance(**{part: "News"})),
    ):
        assert (look(sent, os).silent, wakes(sent, os)) == (False, True)


@pytest.mark.parametrize(("os", "silent"), [("IOS", False), ("OSX", False), ("ANDROID", True), ("HMS", True)])
@pytest.mark.parametrize("parts", [{"badge": 0}, {"sound": "default"}])
def test_a_badge_or_a_sound_alone_is_something_on_apples_systems(os, silent, parts):
    assert look(message(EVERY_PUBLISH, body="", appearance=Appearance(**parts)), os).silent is silent


@pytest.mark.parametrize("os", ["IOS", "OSX", "ANDROID", "HMS"])
@pytest.mark.parametrize(
    ("body", "form"),
    [
        ("", Appearance()),
        (None, Appearance()),
        ({}, Appearance()),
        ([], Appearance()),
        ("Hello", Appearance(body="")),
        ("Hello", Appearance(title="T", silent=True)),
    ],
)
def test_content_available_is_silent_where_nothing_is_to_be_shown_or_the_form_says_so(os, body, form):
    sent = message(EVERY_PUBLISH, body=body, appearance=form)
    assert (look(sent, os).silent, wakes(sent, os)) == (True, True)


def test_a_header_can_make_a_silent_form_heard_on_one_system():
    sent = message({"ios-content-available": "0"}, appearance=Appearance(silent=True))
    assert (look(sent, "IOS").silent, wakes(sent, "IOS")) == (False, False)
    assert (look(sent, "ANDROID").silent, wakes(sent, "ANDROID")) == (True, True)


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "2147483648", "9" * 5_000])
def test_a_badge_that_is_no_number_is_named(value):
    with pytest.raises(InvalidField, match="header ios-badge"):
        look(message({"ios-badge": value}), "IOS")


def test_headers_are_checked_for_the_systems_that_are_asked_about():
    sent = message({"ios-badge": "x"})
    check_headers(sent, ["ANDROID", "WEB"])
    with pytest.raises(InvalidField, match="ios-badge"):
        check_headers(sent, ["ANDROID", "IOS"])


def test_windows_badge_may_be_a_picture_which_its_provider_judges():
    assert look(message({"wp-badge": "newMessage"}, appearance=FORM), "WP") == FORM
