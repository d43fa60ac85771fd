"""Kill -9 of Redis while messages wait for their time: they are still there, and each is sent once."""

from __future__ import annotations

import pytest

from config import redis_server
from config.stack import running
from tests.deadline import until
from tests.fault.delay import Delayed


@pytest.fixture
def stack(tmp_path):
    with running(tmp_path) as stack:
        yield stack


@pytest.fixture
def restart_redis(stack):
    """Kill the server, and start another one on its folder and port."""
    servers = []

    def restart():
        stack.redis.kill()
        servers.append(redis_server.start(stack.redis.data_dir, stack.redis.port))

    yield restart
    stack.fleet.stop()
    for server in servers:
        server.stop()


def test_what_is_scheduled_outlives_a_kill_of_redis(stack, storage, restart_redis):
    delayed = Delayed(stack, storage, 50, 4, 7)
    # It writes before it answers, except while a flush to the disk is under way.
    until(lambda: not storage.main.info("persistence")["aof_buffer_length"])
    restart_redis()
    delayed.assert_all_wait()
    delayed.assert_each_comes_once_and_not_early(within_s=60)
