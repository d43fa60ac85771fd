from __future__ import annotations

import time

import pytest

from api.model import Registration

DEVICE = {"deviceToken": "token-1", "deviceId": "dev-1", "os": "ANDROID", "osVersion": "14"}


def register(api, **fields):
    answer = api.post("/messaging/registrations", DEVICE | fields)
    assert answer.status_code == 200, answer.text
    return answer.json()["registrationId"]


def test_a_device_registers_is_read_and_unregisters(api):
    registration_id = register(api)
    assert isinstance(registration_id, str)

    answer = api.get("/messaging/registrations/dev-1")
    assert answer.json() == [
        {
            "id": registration_id,
            "deviceToken": "token-1",
            "deviceId": "dev-1",
            "os": "ANDROID",
            "osVersion": "14",
            "channels": ["default"],
            "expiration": None,
            "userId": None,
            "properties": {},
            "environment": None,
            "timeZone": None,
        }
    ]
    Registration.model_validate(answer.json()[0], extra="forbid")

    assert api.delete("/messaging/registrations/dev-1").content == b'{"result":true}'
    assert api.refusal("GET", "/messaging/registrations/dev-1") == 5000
    assert api.refusal("DELETE", "/messaging/registrations/dev-1") == 5001


def test_registering_again_replaces_and_keeps_the_id(api):
    first = register(api, channels=["default", "news"], properties={"plan": "pro"}, userId="u")
    assert register(api, deviceToken="token-2", channels=["news"]) == first
    [found] = api.get("/messaging/registrations/dev-1").json()
    assert (found["deviceToken"], found["channels"], found["properties"]) == ("token-2", ["news"], {})


@pytest.mark.parametrize("unit_ms", [1, 1000])
def test_an_expiration_in_seconds_or_milliseconds_is_read_in_milliseconds(api, unit_ms):
    at_ms = (int(time.time()) + 3600) * 1000
    register(api, expiration=at_ms / unit_ms)
    assert api.get("/messaging/registrations/dev-1").json()[0]["expiration"] == at_ms


def test_channels_are_left_one_by_one(api):
    register(api, channels=["a", "b", "c d"])
    assert api.delete("/messaging/registrations/dev-1?channel=a&channel=c%20d").json() == {"result": True}
    assert api.get("/messaging/registrations/dev-1").json()[0]["channels"] == ["b"]
    assert api.delete("/messaging/registrations/dev-1?channel=b").json() == {"result": True}
    assert api.refusal("GET", "/messaging/registrations/dev-1") == 5000


@pytest.mark.parametrize("device_id", ["a/b", "a:b", "ü 😀", "..", "channels", "100%", "/"])
def test_a_device_id_is_percent_encoded(api, device_id):
    register(api, deviceId=device_id)
    path = "".join(f"%{byte:02X}" for byte in device_id.encode())
    assert api.get(f"/messaging/registrations/{path}").json()[0]["deviceId"] == device_id
    assert api.delete(f"/messaging/registrations/{path}").json() == {"result": True}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("deviceToken", ""),
        ("deviceToken", None),
        ("deviceId", 5),
        ("os", "SYMBIAN"),
        ("channels", "news"),
        ("channels", ["a/b"]),
        ("expiration", 1_000_000_000),
        ("expiration", "tomorrow"),
        ("properties", []),
        ("userId", 5),
        ("environment", "staging"),
        ("timeZone", "Mars/Phobos"),
        ("timeZone", 2),
    ],
)
def test_a_field_that_cannot_be_used_is_named(api, field, value):
    answer = api.post("/messaging/registrations", DEVICE | {field: value})
    assert (answer.status_code, answer.json()["code"]) == (400, 90001)
    assert answer.json()["errorData"]["field"] in (field, field.rstrip("s"))


def test_an_environment_belongs_to_the_token(api):
    for fields, environment in (
        ({"os": "IOS", "environment": "sandbox"}, "sandbox"),
        ({"os": "IOS"}, "sandbox"),
        ({"os": "IOS", "environment": "production"}, "production"),
        ({"os": "IOS", "deviceToken": "token-2"}, None),
    ):
        register(api, **fields)
        assert api.get("/messaging/registrations/dev-1").json()[0]["environment"] == environment


def test_a_time_zone_is_that_of_the_latest_registration(api):
    for fields, zone in (
        ({"timeZone": "Europe/Paris"}, "Europe/Paris"),
        ({"timeZone": "Asia/Kolkata"}, "Asia/Kolkata"),
        ({"timeZone": ""}, None),
        ({"timeZone": "UTC"}, "UTC"),
        ({}, None),
    ):
        register(api, **fields)
        assert api.get("/messaging/registrations/dev-1").json()[0]["timeZone"] == zone


def test_an_unknown_time_zone_is_refused_with_what_was_expected(api):
    answer = api.post("/messaging/registrations", DEVICE | {"timeZone": "Mars/Phobos"})
    assert answer.json()["message"] == "Invalid timeZone: expected an IANA time zone such as Europe/Paris."
    assert api.refusal("GET", "/messaging/registrations/dev-1") == 5000


def test_applications_do_not_see_each_others_devices(api):
    register(api)
    other = {"app": "other", "key": "other-key-0123456789"}
    assert api.refusal("GET", "/messaging/registrations/dev-1", **other) == 5000
    assert api.refusal("DELETE", "/messaging/registrations/dev-1", **other) == 5001
