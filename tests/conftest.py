"""What every test may ask for: a real Redis, emptied for each test."""

from __future__ import annotations

import pytest

from clarion.storage import open_storage
from config import redis_server


@pytest.fixture(scope="session")
def redis_process(tmp_path_factory):
    """The session's own server."""
    server = redis_server.start(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_process):
    """The URL of an empty Redis."""
    storage = open_storage(redis_process.url)
    storage.main.flushall()
    storage.close()
    return redis_process.url


@pytest.fixture
def storage(redis_url):
    """Stores on an empty Redis."""
    opened = open_storage(redis_url)
    yield opened
    opened.close()
