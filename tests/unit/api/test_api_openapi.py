from __future__ import annotations

import json

import pytest

from api import model, progress_model, schedule_model
from api.wire import Wire

METHODS = {"get", "post", "delete"}


@pytest.fixture
def document(application):
    return application.openapi()


def operations(document):
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


def test_it_lists_every_route_that_is_served(document):
    base = "/{app_id}/{api_key}"
    assert {name for name, _ in operations(document)} == {
        f"POST {base}/messaging/{{channel}}",
        f"GET {base}/messaging/{{message_id}}",
        f"DELETE {base}/messaging/{{message_id}}",
        f"POST {base}/messaging/registrations",
        f"GET {base}/messaging/registrations/{{device_id}}",
        f"DELETE {base}/messaging/registrations/{{device_id}}",
        f"GET {base}/clarion/messages",
        f"GET {base}/clarion/messages/{{message_id}}",
        f"POST {base}/clarion/messages/{{message_id}}/pause",
        f"POST {base}/clarion/messages/{{message_id}}/resume",
        f"POST {base}/clarion/messages/{{message_id}}/reschedule",
        f"GET {base}/clarion/schedules",
        f"GET {base}/clarion/schedules/{{message_id}}",
        f"POST {base}/clarion/schedules/preview",
        f"GET {base}/info",
        f"GET {base}/clarion/providers",
        f"POST {base}/clarion/providers/{{provider}}/resume",
        "GET /healthz",
        "GET /readyz",
    }


def test_every_reply_and_every_error_has_a_model(document):
    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            assert response["content"]["application/json"]["schema"], f"{name} {status}"
        if "api_key" in name:
            assert {"400", "401", "503", "default"} <= operation["responses"].keys(), name


def test_nothing_is_said_to_answer_422(document):
    assert all("422" not in operation["responses"] for _, operation in operations(document))
    assert "HTTPValidationError" not in json.dumps(document)


def test_bodies_are_described_in_the_words_of_the_wire(document):
    bodies = {
        name.rpartition("/")[2]: operation["requestBody"]["content"]["application/json"]["schema"]
        for name, operation in operations(document)
        if "requestBody" in operation
    }
    assert bodies.keys() == {"{channel}", "registrations", "preview", "reschedule"}
    times = {"publishAt", "timeZone", "repeatEvery", "repeatCron", "repeatExpiresAt", "repeatCount", "localTime"}
    times |= {"misfire", "quietHours", "freezeAudience", "ratePerS", "spreadOver"}
    publish = {"message", "publishPolicy", "pushBroadcast", "pushSinglecast", "idempotencyKey"}
    assert publish | times <= bodies["{channel}"]["properties"].keys()
    assert bodies["preview"]["properties"].keys() == times | {"limit"}
    assert bodies["reschedule"]["required"] == ["publishAt"]
    assert bodies["registrations"]["required"] == ["deviceToken", "deviceId", "os"]


def test_no_success_has_the_two_members_that_mean_an_error():
    models = [each for module in (model, progress_model, schedule_model) for each in vars(module).values()]
    replies = {kind for kind in models if isinstance(kind, type) and issubclass(kind, Wire)}
    assert len(replies) > 20
    for reply in replies:
        names = {field.serialization_alias or name for name, field in reply.model_fields.items()}
        assert reply is model.Error or not {"code", "message"} <= names, reply


def test_a_body_is_described_where_it_is_used(document):
    bodies = [operation.get("requestBody", {}) for _, operation in operations(document)]
    assert "$ref" not in json.dumps(bodies)
    assert "clickAction" in json.dumps(bodies)
