from __future__ import annotations

import pytest

from cli.doctor.finding import Level
from cli.doctor.store import Purpose, judge, judge_clock

FINE = {
    "redis_version": "7.2.4",
    "role": "master",
    "aof_enabled": 1,
    "aof_last_write_status": "ok",
    "maxmemory_policy": "noeviction",
    "maxmemory": 0,
    "used_memory": 10 << 20,
    "total_system_memory": 100 << 20,
}


def levels(purpose=Purpose.MAIN, **info):
    return {finding.check.partition(": ")[2]: finding.level for finding in judge(purpose, FINE | info)}


def test_a_fit_redis_is_fine():
    assert set(levels().values()) == {Level.OK}


@pytest.mark.parametrize(
    ("info", "check", "level"),
    [
        ({"redis_version": "6.2.14"}, "version", Level.WARN),
        ({"role": "slave"}, "role", Level.FAIL),
        ({"aof_enabled": 0}, "append-only file", Level.FAIL),
        ({"aof_last_write_status": "err"}, "append-only file", Level.FAIL),
        ({"maxmemory_policy": "allkeys-lru"}, "eviction", Level.FAIL),
        ({"used_memory": 80 << 20}, "memory", Level.WARN),
        ({"maxmemory": 10 << 20}, "memory", Level.FAIL),
    ],
)
def test_what_would_lose_something_fails(info, check, level):
    assert levels(**info)[check] is level


def test_a_broker_without_an_append_only_file_loses_nothing():
    assert levels(Purpose.BROKER, aof_enabled=0)["append-only file"] is Level.WARN


@pytest.mark.parametrize(
    ("skew_ms", "level"), [(0, Level.OK), (-900, Level.OK), (2_000, Level.WARN), (-6_000, Level.FAIL)]
)
def test_clocks_must_agree(skew_ms, level):
    assert judge_clock("Redis", skew_ms).level is level


def test_whatever_is_not_fine_says_what_to_do():
    worst = {"redis_version": "5.0", "role": "slave", "aof_enabled": 0, "maxmemory_policy": "x", "maxmemory": 1}
    assert all(finding.advice for finding in judge(Purpose.MAIN, FINE | worst) if finding.level is not Level.OK)
