from __future__ import annotations

import pytest

PUBLISH, REGISTER, READ = "publish-key-0123456789", "register-key-0123456789", "read-key-0123456789"
NEWS = "news-key-0123456789"
DEVICE = {"deviceToken": "t", "deviceId": "d", "os": "IOS"}


@pytest.mark.parametrize(
    ("method", "path", "body", "needed"),
    [
        ("POST", "/messaging/default", {"message": 1}, PUBLISH),
        ("DELETE", "/messaging/{id}", None, PUBLISH),
        ("GET", "/messaging/{id}", None, READ),
        ("GET", "/clarion/messages/{id}", None, READ),
        ("GET", "/clarion/messages", None, READ),
        ("POST", "/messaging/registrations", DEVICE, REGISTER),
        ("GET", "/messaging/registrations/d", None, REGISTER),
        ("DELETE", "/messaging/registrations/d", None, REGISTER),
    ],
)
def test_each_route_needs_its_scope(api, method, path, body, needed):
    api.post("/messaging/registrations", DEVICE)
    path = path.format(id=api.publish({}).id)
    for key in {PUBLISH, REGISTER, READ} - {needed}:
        assert api.refusal(method, path, json=body, key=key) == 5007
    assert api.ask(method, path, json=body, key=needed).status_code == 200


@pytest.mark.parametrize("key", [PUBLISH, REGISTER, READ, NEWS])
def test_any_key_may_ask_where_it_is(api, key):
    assert api.get("/info", key=key).json() == {"rtURL": api.url, "appId": "demo", "apiKey": key}


def test_a_key_that_is_bound_to_channels_publishes_only_there(api):
    assert api.publish({}, "news", key=NEWS).target.channel == "news"
    assert api.refusal("POST", "/messaging/default", json={}, key=NEWS) == 5007
    assert api.refusal("POST", "/messaging/News", json={}, key=NEWS) == 5007


def test_a_key_that_is_bound_to_channels_reaches_no_single_device_past_them(api):
    assert api.refusal("POST", "/messaging/news", json={"pushSinglecast": ["device-1"]}, key=NEWS) == 5007


def test_a_key_that_is_bound_to_channels_cancels_only_there(api):
    inside, outside = api.publish({}, "news").id, api.publish({}, "default").id
    assert api.refusal("DELETE", f"/messaging/{outside}", key=NEWS) == 5007
    assert api.get(f"/messaging/{outside}").json()["status"] == "scheduled"
    assert api.delete(f"/messaging/{inside}", key=NEWS).json()["status"] == "CANCELLED"
    unknown = "message:6ED94D19-172B-48AE-BB2C-7AA8E305CD31"
    assert api.refusal("DELETE", f"/messaging/{unknown}", key=NEWS) == 5040
