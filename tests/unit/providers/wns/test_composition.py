from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.app import WNSCredential
from clarion.errors import Misconfigured
from clarion.message import Message, Target
from clarion.message.appearance import Appearance, Button
from clarion.providers.base import AddressRefused, ContentRefused
from clarion.providers.wns import WNSProvider
from clarion.providers.wns.composition import compose

CHANNEL = "https://db5p.notify.windows.com/?token=AwYAAAB%2fQAhYEiAESPobjHzQcwGCTjHu"


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


def sent(given_message, now_ms=0):
    """Headers by lower-case name, and the body."""
    composition = compose(given_message, "WP", now_ms=now_ms)
    headers = dict(line.split(": ", 1) for line in composition.headers("b34r3r"))
    return {name.lower(): value for name, value in headers.items()}, composition.body


def parsed(body):
    return fromstring(body)  # noqa: S314  # it is our own


def drawn(given_message):
    return parsed(sent(given_message)[1])


def texts(element):
    return [text.text for text in element.iter("text")]


def test_a_message_is_a_toast_unless_it_says_otherwise():
    headers, body = sent(message(appearance=Appearance(title="T", subtitle="S")))
    assert headers == {
        "authorization": "Bearer b34r3r",
        "content-type": "text/xml",
        "x-wns-type": "wns/toast",
        "x-wns-requestforstatus": "true",
        "x-wns-cache-policy": "cache",
        "x-wns-priority": "1",
        "x-wns-tag": headers["x-wns-tag"],
    }
    toast = parsed(body)
    assert toast.tag == "toast"
    assert toast.find("visual/binding").get("template") == "ToastGeneric"
    assert texts(toast) == ["T", "S", "Hello"]


def test_backendless_headers_win_over_the_form():
    headers = {"wp-title": "T", "wp-content": "C", "wp-backgroundImage": "https://x/y.png", "wp-parameter": "open"}
    toast = drawn(message(headers=headers, appearance=Appearance(title="form")))
    assert texts(toast) == ["T", "C"]
    assert toast.find("visual/binding/image").get("src") == "https://x/y.png"
    assert toast.get("launch") == "messageId=message:1;action=open"


def test_the_app_is_told_its_own_pairs_and_not_what_speaks_to_systems():
    given_message = message(
        headers={"custom": "a=b;c%", "wp-title": "T", "ios-badge": "3"}, appearance=Appearance(data={"k": "v"})
    )
    assert drawn(given_message).get("launch") == "k=v;custom=a%3Db%3Bc%25;messageId=message:1"


def test_a_click_on_a_url_opens_it():
    toast = drawn(message(appearance=Appearance(click_action="https://x/?a=1&b=2")))
    assert (toast.get("activationType"), toast.get("launch")) == ("protocol", "https://x/?a=1&b=2")


def test_buttons_tell_the_app_which_one_it_was_or_open_their_url():
    buttons = (Button("yes", "Yes!"), Button("more", "More", "https://x/"))
    first, second = drawn(message(appearance=Appearance(buttons=buttons, data={"action": "mine"}))).iter("action")
    assert (first.get("content"), first.get("arguments")) == ("Yes!", "action=yes;messageId=message:1")
    assert (second.get("activationType"), second.get("arguments")) == ("protocol", "https://x/")


@pytest.mark.parametrize(
    ("sound", "source"),
    [
        ("default", None),
        ("IM", "ms-winsoundevent:Notification.IM"),
        ("Looping.Alarm2", "ms-winsoundevent:Notification.Looping.Alarm2"),
        ("ding.wav", "ms-appx:///ding.wav"),
        ("ms-appx:///Sounds/ding.wav", "ms-appx:///Sounds/ding.wav"),
    ],
)
def test_a_sound_is_windows_own_or_a_file_of_the_app(sound, source):
    audio = drawn(message(appearance=Appearance(sound=sound))).find("audio")
    assert (None if audio is None else audio.get("src")) == source


def test_what_is_time_sensitive_is_urgent():
    assert drawn(message(appearance=Appearance(time_sensitive=True))).get("scenario") == "urgent"


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_no_text_gets_out_of_its_element(text):
    shown = Appearance(title=text, click_action=text, image=text, data={"k": text}, buttons=(Button(text, text),))
    toast = drawn(message(text, appearance=shown))
    assert toast.tag == "toast"
    assert {element.tag for element in toast.iter()} <= {
        *("toast", "visual", "binding", "text", "image", "actions", "action")
    }


def test_markup_in_a_message_is_text():
    evil = '</text><image src="x"/>&quot; ]]> \x00\x0b'
    toast = drawn(message(evil, appearance=Appearance(title=evil)))
    assert texts(toast) == ['</text><image src="x"/>&quot; ]]> '] * 2
    assert toast.find("visual/binding/image") is None


def test_an_empty_type_is_none():
    assert sent(message(headers={"wp-type": ""}))[0]["x-wns-type"] == "wns/toast"
    assert sent(message(raw={"wns": {"type": "", "xml": None, "headers": None}}))[0]["x-wns-type"] == "wns/toast"


def test_a_tile_has_two_sizes_and_the_wide_one_has_more():
    headers = {"wp-type": "TILE", "wp-backContent": "back", "wp-backImage": "https://x/b.png"}
    given_message = message(headers=headers, appearance=Appearance(title="T", image="https://x/a.png"))
    told, body = sent(given_message)
    medium, wide = parsed(body).iter("binding")
    assert (told["x-wns-type"], told["x-wns-priority"]) == ("wns/tile", "2")
    assert [binding.get("template") for binding in (medium, wide)] == ["TileMedium", "TileWide"]
    assert [(image.get("placement"), image.get("src")) for image in medium.iter("image")] == [
        ("background", "https://x/a.png"),
        ("peek", "https://x/b.png"),
    ]
    assert (texts(medium), texts(wide)) == (["T", "Hello"], ["T", "Hello", "back"])


@pytest.mark.parametrize(
    ("headers", "form", "value"),
    [
        ({"wp-badge": "7"}, Appearance(), "7"),
        ({}, Appearance(badge=0), "0"),
        ({"wp-badge": "newMessage"}, Appearance(badge=3), "newMessage"),
    ],
)
def test_a_badge_is_a_number_or_a_glyph(headers, form, value):
    told, body = sent(message(headers=headers | {"wp-type": "badge"}, appearance=form))
    assert (parsed(body).tag, parsed(body).get("value")) == ("badge", value)
    assert "x-wns-tag" not in told


def test_a_raw_notification_is_the_apps_own_bytes_or_the_message_as_json():
    told, body = sent(message(headers={"wp-type": "raw", "wp-raw": "<any>thing"}))
    assert (told["x-wns-type"], told["content-type"]) == ("wns/raw", "application/octet-stream")
    assert body == b"<any>thing"
    _, body = sent(message({"a": 1}, headers={"wp-type": "raw", "custom": "x"}))
    assert json.loads(body) == {"messageId": "message:1", "custom": "x", "message": '{"a":1}'}


def test_what_is_silent_is_raw_whatever_its_type():
    told, _ = sent(message(headers={"wp-type": "toast"}, appearance=Appearance(silent=True)))
    assert (told["x-wns-type"], told["x-wns-priority"]) == ("wns/raw", "3")


def test_a_repetition_replaces_the_first_copy_on_the_device():
    tags = [sent(each)[0]["x-wns-tag"] for each in (message(), message("b"), message(collapse_key="k" * 99))]
    assert tags[0] == tags[1] != tags[2]
    assert all(len(tag) == 16 and tag.isalnum() for tag in tags)


def test_priority_is_what_the_message_asks_for():
    assert [sent(message(priority=each))[0]["x-wns-priority"] for each in ("high", "normal", None)] == ["1", "2", "1"]


def test_the_time_to_live_is_what_is_left_of_it():
    assert sent(message(ttl_s=100), now_ms=40_000)[0]["x-wns-ttl"] == "60"
    assert sent(message(ttl_s=100), now_ms=99_999)[0]["x-wns-ttl"] == "1"
    assert "x-wns-ttl" not in sent(message())[0]


@pytest.mark.parametrize("xml", ["<?xml version='1.0' encoding='UTF-8'?><toast>ü</toast>", "<toast>🎉</toast>"])
def test_xml_in_utf_8_is_sent_as_it_stands(xml):
    assert sent(message(raw={"wns": {"xml": xml}}))[1] == xml.encode()


def test_the_message_can_bring_its_own_xml_type_and_headers():
    own = {"xml": "<tile><visual/></tile>", "type": "wns/tile", "headers": {"x-wns-tag": "mine", "MS-CV": "abc.1"}}
    told, body = sent(message(raw={"wns": own}))
    assert body == b"<tile><visual/></tile>"
    assert (told["x-wns-type"], told["x-wns-tag"], told["ms-cv"]) == ("wns/tile", "mine", "abc.1")


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"xml": "<toast>"}, "well-formed"),
        ({"xml": "<toast>\x00</toast>"}, "well-formed"),
        ({"xml": "<?xml version='1.0' encoding='no-such'?><toast/>"}, "UTF-8"),
        ({"xml": "<?xml version='1.0' encoding='utf-16'?><toast/>"}, "UTF-8"),
        ({"xml": "<?xml version='1.0' encoding='big5'?><toast/>"}, "UTF-8"),
        ({"xml": '<?xml version="1.0" encoding = "idna"?><toast/>'}, "UTF-8"),
        ({"xml": "<!DOCTYPE toast [<!ENTITY a 'b'>]><toast>&a;</toast>"}, "document type"),
        ({"xml": "<tile/>"}, "element toast"),
        ({"xml": "<toast/>", "type": "wns/badge"}, "element badge"),
        ({"type": ["wns/toast"]}, "type"),
        ({"type": 0}, "type"),
        ({"headers": {"X-WNS-Tag": "x" * 17}}, "X-WNS-Tag"),
        ({"headers": {"x-wns-tag": "a-b"}}, "x-wns-tag"),
        ({"headers": {"X-WNS-Group": "a b"}}, "X-WNS-Group"),
        ({"headers": {"X-WNS-TTL": "soon"}}, "X-WNS-TTL"),
        ({"headers": {"X-WNS-Cache-Policy": "yes"}}, "X-WNS-Cache-Policy"),
        ({"headers": {"X-WNS-RequestForStatus": "1"}}, "X-WNS-RequestForStatus"),
        ({"headers": {"X-WNS-PRIORITY": "5"}}, "X-WNS-PRIORITY"),
        ({"headers": {"X-WNS-SuppressPopup": "true"}}, "X-WNS-SuppressPopup"),
        ({"headers": {"X-WNS-Tag": "a", "x-wns-tag": "b"}}, "once"),
        ({"xml": 5}, "text"),
        ({"xml": "", "type": "wns/raw"}, "text"),
        ({"type": "wns/other"}, "type"),
        ({"headers": ["x"]}, "headers"),
        ({"headers": {"Authorization": "x"}}, "headers"),
        ({"headers": {"X-WNS-Tag": "a\r\nX: y"}}, "headers"),
        ({"headers": {"X-WNS-Tag": 5}}, "headers"),
        ({"headers": {"x-wns-type": "wns/raw"}}, "raw.wns.type"),
        ({"toast": {}}, "toast"),
        ({"xml": "<toast>" + "x" * 5000 + "</toast>"}, "5000"),
    ],
)
def test_what_is_no_notification_of_its_own_is_refused(own, words):
    with pytest.raises(ContentRefused, match=words):
        compose(message(raw={"wns": own}), "WP", now_ms=0)


@pytest.mark.parametrize(
    ("given_message", "words"),
    [
        (message("x" * 5000), "5000"),
        (message(headers={"wp-type": "poster"}), "wp-type"),
        (message(headers={"wp-type": "badge"}), "number"),
        (message(headers={"wp-type": "badge", "wp-badge": "smile"}), "glyph"),
        (message(headers={"wp-count": "many"}), "wp-count"),
    ],
)
def test_what_wns_would_refuse_for_everybody_is_refused_before_anybody_gets_it(given_message, words):
    with pytest.raises(ContentRefused, match=words) as caught:
        compose(given_message, "WP", now_ms=0)
    assert "xxx" not in str(caught.value)


def test_a_text_that_may_be_cut_is_cut_to_what_fits():
    _, body = sent(message("ü" * 5000, appearance=Appearance(truncate=True)))
    assert 4990 <= len(body) <= 5000
    assert texts(parsed(body))[0].endswith("ü…")


@pytest.fixture
def provider(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    return WNSProvider.open("demo", WNSCredential(client_id="ms-app://s-1-15-2-1-2-3-4-5-6-7", client_secret=secret))


def request_for(provider, channel):
    composition = provider.compose(message(), "WP", now_ms=0)
    return provider.request(composition, [SimpleNamespace(token=channel, environment=None)], (7,), "b34r3r")


def test_a_request_goes_to_the_channel_and_shares_its_headers(provider):
    composition = provider.compose(message(), "WP", now_ms=0)
    devices = [SimpleNamespace(token=CHANNEL + end, environment=None) for end in "ab"]
    first, second = (provider.request(composition, [device], (7,), "b34r3r") for device in devices)
    assert (first.url, first.tag) == (CHANNEL + "a", (7,))
    assert first.headers is second.headers
    assert first.body is second.body


@pytest.mark.parametrize(
    ("channel", "word"),
    [
        ("https://evil.example/?token=a", "CHANNEL_NOT_ALLOWED"),
        ("https://db5p.notify.windows.com:22/?token=a", "CHANNEL_NOT_ALLOWED"),
        ("https://notify.windows.com.evil.example/?token=a", "CHANNEL_NOT_ALLOWED"),
        ("https://notify.windows.com/?token=a", "CHANNEL_NOT_ALLOWED"),
        ("http://db5p.notify.windows.com/?token=a", "BAD_CHANNEL"),
        ("https://db5p.notify.windows.com@evil.example/", "BAD_CHANNEL"),
        ("https://db5p.notify.windows.com/?token=a b", "BAD_CHANNEL"),
        ("a-token", "BAD_CHANNEL"),
    ],
)
def test_nothing_goes_where_channels_are_not(provider, channel, word):
    with pytest.raises(AddressRefused) as caught:
        request_for(provider, channel)
    assert str(caught.value) == word


def test_a_package_sid_is_a_short_word_in_the_credentials_name(provider):
    assert (len(provider.credential), provider.credential.isalnum()) == (32, True)


def test_neither_secret_nor_client_is_in_the_providers_repr(provider):
    assert "s3cret" not in repr(provider)


def test_a_secret_that_is_not_there_is_named_and_an_empty_one_too(tmp_path):
    with pytest.raises(Misconfigured, match="nowhere"):
        WNSProvider.open("demo", WNSCredential(client_id="c", client_secret=Path("nowhere")))
    empty = tmp_path / "empty"
    empty.write_text(" \n")
    with pytest.raises(Misconfigured, match="is empty"):
        WNSProvider.open("demo", WNSCredential(client_id="c", client_secret=empty))


@pytest.mark.parametrize(
    ("tenant", "url", "scope"),
    [
        ("t-1", "https://login.microsoftonline.com/t-1/oauth2/v2.0/token", "https://wns.windows.com/.default"),
        (None, "https://login.live.com/accesstoken.srf", "notify.windows.com"),
    ],
)
def test_the_tenant_decides_who_is_asked_for_access_tokens(tmp_path, tenant, url, scope):
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    grant = WNSProvider.open("demo", WNSCredential(client_id="c", client_secret=secret, tenant_id=tenant)).grant
    assert grant.url == url
    assert grant.form == {
        "grant_type": "client_credentials",
        "client_id": "c",
        "client_secret": "s3cret",
        "scope": scope,
    }
