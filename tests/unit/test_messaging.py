from __future__ import annotations

import subprocess
import sys

import pytest

from clarion import DeliveryOptions, Messaging, PublishOptions
from clarion.app import Limits
from clarion.errors import InvalidField, Misconfigured, UnknownMessage
from config.fleet import ROOT

#: Nobody listens there: what is refused never gets so far.
NOWHERE = "redis://127.0.0.1:1/0"
SERVER = "http://127.0.0.1:1"
MESSAGE = "message:6ED94D19-172B-48AE-BB2C-7AA8E305CD31"


@pytest.fixture(params=[NOWHERE, SERVER])
def messaging(request):
    with Messaging(request.param, app_id="demo", api_key="key-0123456789abcd") as opened:
        yield opened


@pytest.mark.parametrize("app_id", ["", "a b", "a/b", "a:b", "x" * 65, "a\n", "ü", None, 5])
@pytest.mark.parametrize("url", [NOWHERE, SERVER])
def test_what_is_no_application_id_is_refused(url, app_id):
    with pytest.raises(Misconfigured, match="app_id"):
        Messaging(url, app_id=app_id, api_key="key-0123456789abcd")


@pytest.mark.parametrize("url", ["", "127.0.0.1", "ftp://h", "redis:h"])
def test_what_is_no_way_in_is_refused(url):
    with pytest.raises(Misconfigured, match="url"):
        Messaging(url, app_id="demo")


@pytest.mark.parametrize("api_key", [None, ""])
def test_every_http_call_needs_a_key(api_key):
    with pytest.raises(Misconfigured, match="api_key"):
        Messaging(SERVER, app_id="demo", api_key=api_key)


@pytest.mark.parametrize("channels", [[], (), "news"])
def test_a_device_leaves_named_channels_or_all_of_them(messaging, channels):
    with pytest.raises(InvalidField) as caught:
        messaging.unregister_device("device", channels)
    assert caught.value.field == "channels"


def test_a_string_is_no_list_of_channels(messaging):
    with pytest.raises(InvalidField) as caught:
        messaging.register_device("token", "device", "IOS", channels="news")
    assert caught.value.field == "channels"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("x", 5), "channel_name"),
        (("x", None, {"headers": {}}), "publish_options"),
        (("x", None, DeliveryOptions()), "publish_options"),
        (("x", None, None, PublishOptions()), "delivery_options"),
    ],
)
def test_an_argument_of_another_kind_is_named(messaging, arguments, field):
    with pytest.raises(InvalidField) as caught:
        messaging.publish(*arguments)
    assert caught.value.field == field


def test_the_limits_of_the_direct_way_are_given_to_it():
    limits = Limits(singlecast=1)
    to_two = DeliveryOptions(push_singlecast=["a", "b"])
    with Messaging(NOWHERE, app_id="demo", limits=limits) as messaging, pytest.raises(InvalidField, match="at most 1"):
        messaging.publish("x", delivery_options=to_two)


@pytest.mark.parametrize(
    ("statement", "left_out"),
    [
        ("import clarion", {"celery", "httpx", "redis"}),
        ("import clarion; clarion.Messaging('redis://h', app_id='a')", {"celery", "httpx"}),
        ("import clarion; clarion.Messaging('http://h', app_id='a', api_key='k')", {"celery", "redis"}),
    ],
)
def test_a_web_app_imports_only_what_it_uses(statement, left_out):
    program = f"{statement}\nimport sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    imported = {name.partition(".")[0] for name in done.stdout.split()}
    assert "clarion" in imported
    assert imported.isdisjoint(left_out | {"pycurl", "firebase_admin", "fastapi", "pydantic", "structlog", "config"})


@pytest.mark.parametrize("limit", [0, -1, 1_001, True, "5", 2.0, None])
def test_how_many_are_listed_is_a_number_with_bounds(messaging, limit):
    for call in (
        lambda: messaging.schedules(limit),
        lambda: messaging.schedule(MESSAGE, limit),
        lambda: messaging.preview(DeliveryOptions(), limit),
    ):
        with pytest.raises(InvalidField) as caught:
            call()
        assert caught.value.field == "limit"


@pytest.mark.parametrize(
    "message_id",
    [
        *("", "message:1", MESSAGE.lower(), MESSAGE + "\n", MESSAGE[:-1] + "\ud800", "message:" + "-" * 36, "../x"),
        *(None, 5, True, MESSAGE.encode(), [MESSAGE], {}),
    ],
    ids=repr,
)
def test_what_never_was_a_message_id_is_unknown(messaging, message_id):
    for call in (
        messaging.get_message_status,
        messaging.cancel,
        messaging.pause,
        messaging.resume,
        messaging.schedule,
        lambda each: messaging.reschedule(each, 0),
    ):
        with pytest.raises(UnknownMessage):
            call(message_id)


def test_only_options_can_be_previewed(messaging):
    with pytest.raises(InvalidField) as caught:
        messaging.preview(PublishOptions())
    assert caught.value.field == "delivery_options"
