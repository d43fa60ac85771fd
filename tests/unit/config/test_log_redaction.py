from __future__ import annotations

import io
import json
import logging
import secrets

import pytest
import structlog

from config.logging import REDACTED, configure, redact
from config.settings import LogFormat, Settings


@pytest.fixture
def write_to():
    """Configures logging into a stream for one test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield lambda style, stream: configure(Settings(log_format=style, log_level="DEBUG"), stream)
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def logged(write_to):
    stream = io.StringIO()
    write_to(LogFormat.JSON, stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def fail(token):
    raise RuntimeError(f"refused after {len(token)}")


SECRET = ["token", "device_token", "Authorization", "key", "api_key", "payload", "body", "client_secret", "password"]


@pytest.mark.parametrize("name", SECRET)
def test_a_secret_field_is_redacted_at_any_depth(name):
    event = {"event": "e", name: "hunter2", "nested": {"list": [{name: "hunter2"}]}}
    assert "hunter2" not in repr(redact(None, "info", event))
    assert redact(None, "info", event)[name] == REDACTED


def test_other_fields_and_the_event_stay():
    event = {"event": "token_refreshed", "shard": "3:0-2000", "accepted": 7}
    assert redact(None, "info", dict(event)) == event


def test_an_event_is_one_json_object_with_level_logger_and_time(logged):
    structlog.get_logger("clarion.delivery").info("shard_delivered", accepted=7)
    [line] = logged()
    assert (line["event"], line["level"], line["logger"], line["accepted"]) == (
        "shard_delivered",
        "info",
        "clarion.delivery",
        7,
    )
    assert line["timestamp"].endswith("Z")


def test_bound_context_is_on_every_line_of_any_logger(logged):
    with structlog.contextvars.bound_contextvars(message_id="message:1"):
        structlog.get_logger().info("ours")
        logging.getLogger("celery.worker").info("theirs %s", 1)
    assert [(line["event"], line["message_id"]) for line in logged()] == [
        ("ours", "message:1"),
        ("theirs 1", "message:1"),
    ]


@pytest.mark.parametrize("style", LogFormat)
def test_a_traceback_shows_no_local_variables(write_to, style):
    stream = io.StringIO()
    write_to(style, stream)
    token = secrets.token_hex()
    try:
        fail(token)
    except RuntimeError:
        structlog.get_logger().exception("delivery_failed")
    assert "RuntimeError: refused after 64" in stream.getvalue()
    assert token not in stream.getvalue()


def test_http_clients_never_log_addresses(logged):
    logging.getLogger("httpx").info("HTTP Request: POST https://example.invalid/3/device/hunter2")
    logging.getLogger("httpcore.http2").debug("send_request_headers authorization hunter2")
    assert logged() == []
