"""Backendless' own JavaScript SDK, unmodified from npm, against the server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from clarion.calendar.repeat import Repeat
from clarion.message import PublishPolicy, PushBroadcast
from clarion.message.message import Target

PACKAGE = "backendless@8"
DRIVER = Path(__file__).with_name("drive.cjs")
ADMIN = "admin-key-0123456789"
UNKNOWN = "message:6ED94D19-172B-48AE-BB2C-7AA8E305CD31"
DEVICE = "Backendless.setupDevice({ uuid: 'dev-1', platform: 'android', version: '14' });"


def cannot(reason):
    """Where the suite must run whole, what is missing is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def sdk_folder():
    """Where the SDK is installed; once a machine, by an atomic rename."""
    if not (shutil.which("node") and shutil.which("npm")):
        cannot("node and npm are needed for Backendless' JavaScript SDK")
    folder = Path(tempfile.gettempdir()) / f"clarion-{PACKAGE.replace('@', '-')}"
    if not folder.exists():
        fresh = Path(tempfile.mkdtemp(prefix="clarion-npm-"))
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(fresh), PACKAGE]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        if done.returncode:
            shutil.rmtree(fresh)
            cannot(f"npm could not install {PACKAGE}: {done.stderr.strip()[-300:]}")
        try:
            fresh.rename(folder)
        except OSError:  # somebody else was first
            shutil.rmtree(fresh)
    return folder


@pytest.fixture
def run(api, sdk_folder):
    """Runs JavaScript in an async function that is given `Backendless`; returns what it returned or threw."""

    def run(code, key=ADMIN):
        command = ["node", str(DRIVER), str(sdk_folder), api.url, "demo", key]
        done = subprocess.run(command, input=code, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_a_message_is_published_read_and_cancelled(api, run):
    outcome = run("""
        const published = await Backendless.Messaging.publish('default', 'hello')
        const status = await Backendless.Messaging.getMessageStatus(published.messageId)
        const cancelled = await Backendless.Messaging.cancel(published.messageId)
        const after = await Backendless.Messaging.getMessageStatus(published.messageId)
        return [published, status, cancelled, after]
    """)["result"]
    message_id = outcome[0]["messageId"]
    assert outcome == [
        {"messageId": message_id, "status": "scheduled", "errorMessage": None},
        {"messageId": message_id, "status": "scheduled", "errorMessage": None},
        {"messageId": message_id, "status": "CANCELLED"},
        {"messageId": message_id, "status": "cancelled", "errorMessage": None},
    ]
    assert api.stored(message_id).body == "hello"


def test_all_options_of_a_publish_arrive(api, run):
    published = run("""
        const publishOptions = new Backendless.Messaging.PublishOptions({
            publisherId: 'pub1',
            subtopic: 'news.business',
            headers: { 'android-content-title': 'title', 'ios-badge': 1 },
        })
        const deliveryOptions = new Backendless.Messaging.DeliveryOptions({
            publishPolicy: 'PUSH',
            pushBroadcast: 'ANDROID|IOS',
            pushSinglecast: ['dev-1', 'dev-2'],
        })
        return Backendless.Messaging.publish('my chan é', { a: 1, b: [true, null] }, publishOptions, deliveryOptions)
    """)["result"]
    message = api.stored(published["messageId"])
    assert message.body == {"a": 1, "b": [True, None]}
    assert message.target == Target(
        channel="my chan é", broadcast=PushBroadcast.IOS | PushBroadcast.ANDROID, devices=("dev-1", "dev-2")
    )
    assert (message.publisher_id, message.subtopic, message.policy) == ("pub1", "news.business", PublishPolicy.PUSH)
    assert message.headers == {"android-content-title": "title", "ios-badge": "1"}


def test_options_given_as_plain_objects_arrive(api, run):
    published = run("""
        const deliveryOptions = { pushPolicy: 'ONLY', pushBroadcast: 3, publishAt: 0, repeatEvery: 0, foo: '333' }
        return Backendless.Messaging.publish('news', undefined, { headers: {} }, deliveryOptions)
    """)["result"]
    message = api.stored(published["messageId"])
    assert (message.body, message.policy) == (None, PublishPolicy.PUSH)
    assert message.target.broadcast == PushBroadcast.IOS | PushBroadcast.ANDROID


def test_a_message_is_delayed_and_repeated_until_it_is_cancelled(api, run):
    at_ms = time.time_ns() // 1_000_000 + 3_600_000
    outcome = run(f"""
        const options = {{ publishAt: new Date({at_ms}), repeatEvery: 60, repeatExpiresAt: {at_ms} + 3600e3 }}
        const published = await Backendless.Messaging.publish('news', 'x', null, options)
        const cancelled = await Backendless.Messaging.cancel(published.messageId)
        return [published, cancelled]
    """)["result"]
    message_id = outcome[0]["messageId"]
    assert outcome == [
        {"messageId": message_id, "status": "scheduled", "errorMessage": None},
        {"messageId": message_id, "status": "CANCELLED"},
    ]
    message = api.stored(message_id)
    assert message.starts_ms == at_ms
    assert message.repeat == Repeat(every_ms=60_000, expires_ms=at_ms + 3_600_000)


@pytest.mark.parametrize(
    ("options", "code", "field"),
    [
        ("{ publishAt: new Date(1000) }", 5030, "publishAt"),
        ("{ repeatEvery: 60, repeatExpiresAt: 1000 }", 5003, "repeatExpiresAt"),
        ("{ segmentQuery: \"os='IOS'\" }", 90005, "segmentQuery"),
    ],
)
def test_options_that_cannot_be_used_are_refused_with_their_name(run, options, code, field):
    error = run(f"return Backendless.Messaging.publish('default', 'x', null, {options})")["error"]
    assert (error["code"], error["status"]) == (code, 400)
    assert field in error["message"]


def test_a_device_registers_is_read_and_unregisters(run):
    expires = int(time.time()) + 3600
    outcome = run(
        DEVICE
        + f"""
        const registered = await Backendless.Messaging.registerDevice('tok', ['default', 'news'], {expires})
        const first = await Backendless.Messaging.getRegistrations()
        const again = await Backendless.Messaging.registerDevice('tok', ['news'], new Date({expires} * 1000 + 500))
        const second = await Backendless.Messaging.getRegistrations()
        const unregistered = await Backendless.Messaging.unregisterDevice()
        return [registered, first, again, second, unregistered]
    """
    )["result"]
    registered, first, again, second, unregistered = outcome
    assert isinstance(registered["registrationId"], str)
    assert first == [
        {
            "id": registered["registrationId"],
            "deviceToken": "tok",
            "deviceId": "dev-1",
            "os": "ANDROID",
            "osVersion": "14",
            "channels": ["default", "news"],
            "expiration": expires * 1000,
            "userId": None,
            "properties": {},
            "environment": None,
            "timeZone": None,
        }
    ]
    assert again == registered
    assert (second[0]["channels"], second[0]["expiration"]) == (["news"], expires * 1000 + 500)
    assert unregistered == {"result": True}


def test_a_device_without_channels_is_on_the_default_one(run):
    outcome = run(
        DEVICE
        + """
        await Backendless.Messaging.registerDevice('tok')
        return Backendless.Messaging.getRegistrations()
    """
    )["result"]
    assert outcome[0]["channels"] == ["default"]
    assert outcome[0]["expiration"] is None


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (f"return Backendless.Messaging.cancel('{UNKNOWN}')", 5040),
        (f"return Backendless.Messaging.getMessageStatus('{UNKNOWN}')", 5040),
        (DEVICE + "return Backendless.Messaging.getRegistrations()", 5000),
        (DEVICE + "return Backendless.Messaging.unregisterDevice()", 5001),
        (DEVICE + "return Backendless.Messaging.registerDevice('tok', ['default'], new Date(1e12))", 90001),
        ("return Backendless.Messaging.pushWithTemplate('My Template', { a: 'b' })", 90005),
        ("return Backendless.Messaging.getPushTemplates('ANDROID')", 90005),
        ("return Backendless.Messaging.deleteChannel('news')", 90005),
        (
            "return Backendless.Messaging.sendEmail('subject', { textmessage: 't' }, ['a@example.com'])",
            90005,
        ),
    ],
)
def test_an_error_reaches_the_caller_with_its_code(run, code, expected):
    error = run(code)["error"]
    assert (error["code"], error["status"]) == (expected, 400)
    assert error["message"]


def test_a_key_without_the_permission_is_told_5007(run):
    assert run("return Backendless.Messaging.publish('default', 'x')", "read-key-0123456789")["error"]["code"] == 5007


def test_a_wrong_key_is_told_2002(run):
    error = run("return Backendless.Messaging.publish('default', 'x')", "wrong-key-0123456789")["error"]
    assert (error["code"], error["status"]) == (2002, 401)


def test_info_is_what_the_sdk_asks_for(api, run):
    info = run("return Backendless.appInfoPromise()")["result"]
    assert info == {"rtURL": api.url, "appId": "demo", "apiKey": ADMIN}
