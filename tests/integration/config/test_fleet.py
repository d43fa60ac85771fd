from __future__ import annotations

import httpx
import pytest
import redis
from celery import Celery

from clarion.queue import Queue
from config import redis_server
from config.fleet import ROOT, Fleet, NotReady, read_procfile
from config.process import members
from tests.deadline import until

#: A worker with our options and one task that leaves a mark.
CELERY = """
import os, redis
from celery import Celery
from config.celeryconfig import celery_options
from config.settings import read_settings
settings = read_settings()
app = Celery("probe", set_as_current=False)
app.conf.update(celery_options(settings))

@app.task(name="probe.mark")
def mark(value):
    with redis.Redis.from_url(settings.redis_url) as client:
        client.rpush("marks", value, os.getpid())
"""
WORKER = 'python -m celery --quiet -A probe worker -Q clarion.plan -n "{name}-$$@%h" --without-gossip --without-mingle'
PROCFILE = "\n".join(
    [
        f"threads: {WORKER.format(name='threads')} -P threads -c 2",
        f"prefork: {WORKER.format(name='prefork')} -P prefork -c 2",
        'web: python -m http.server --bind "$CLARION_API_HOST" "$CLARION_API_PORT"',
        "broken: echo what went wrong >&2; exit 3",
        "stuck: sleep 600",
        "family: sleep 600 & exec sleep 600",
    ]
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = redis_server.start(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
def fleet(server, tmp_path):
    (tmp_path / "probe.py").write_text(CELERY)
    (tmp_path / "Procfile").write_text(PROCFILE)
    env = {"CLARION_REDIS_URL": server.url, "PYTHONPATH": f"{ROOT}:{tmp_path}"}
    with Fleet(env, tmp_path / "log", tmp_path / "Procfile") as fleet:
        yield fleet


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_workers_come_up_run_a_task_and_stop(fleet, server, pool):
    fleet.start(pool, 2)
    fleet.wait_up()
    pids = fleet.pids(pool)
    assert len(set(pids)) == 2
    assert len(fleet.children(pool)) == (4 if pool == "prefork" else 0)
    with redis.Redis.from_url(server.url) as client, Celery(broker=server.url, set_as_current=False) as celery:
        client.delete("marks")
        celery.send_task("probe.mark", ["here"], queue="clarion.plan")
        value, pid = client.blpop("marks", 10)[1], int(client.blpop("marks", 10)[1])
    assert value == b"here"
    assert pid in pids + fleet.children(pool)
    fleet.stop()
    assert fleet.pids(pool) == []
    until(lambda: not any(members(pid) for pid in pids))


def test_a_killed_worker_is_gone_and_another_can_be_started(fleet):
    fleet.start("threads")
    fleet.wait_up()
    [killed] = fleet.kill("threads")
    assert fleet.pids("threads") == []
    fleet.start("threads")
    fleet.wait_up()
    assert fleet.pids("threads") != [killed]


def test_the_children_of_a_killed_parent_can_be_found_and_end_with_the_fleet(fleet):
    fleet.start("family")
    until(lambda: fleet.children("family"))
    children = fleet.children("family")
    [parent] = fleet.kill("family")
    assert fleet.children("family") == children
    fleet.stop()
    until(lambda: not members(parent))


def test_a_signal_reaches_the_children_when_asked(fleet):
    fleet.start("family")
    until(lambda: fleet.children("family"))
    [parent] = fleet.kill("family", children=True)
    until(lambda: not members(parent))


def test_web_is_up_when_it_answers_on_its_free_port(fleet):
    fleet.start("web")
    fleet.wait_up()
    assert httpx.get(fleet.api_url).status_code == 200


def test_a_process_that_ends_is_reported_with_its_log(fleet):
    fleet.start("broken")
    with pytest.raises(NotReady, match=r"broken ended while it was waited for\.\nwhat went wrong"):
        fleet.wait_ready(lambda: False)


def test_a_process_that_ended_before_it_was_waited_for_is_reported_too(fleet):
    fleet.start("broken")
    until(lambda: not fleet.pids("broken"))
    with pytest.raises(NotReady, match="broken ended"):
        fleet.wait_up()


def test_what_does_not_come_up_in_time_is_reported(fleet):
    fleet.start("stuck")
    with pytest.raises(NotReady, match=r"Not ready within 0\.2 s"):
        fleet.wait_ready(lambda: False, timeout_s=0.2)


def test_our_own_settings_do_not_reach_the_fleet(monkeypatch, tmp_path):
    monkeypatch.setenv("CLARION_SHARD_SIZE", "7")
    assert "CLARION_SHARD_SIZE" not in Fleet({}, tmp_path).env


def test_the_procfile_names_every_queue_of_the_product():
    commands = read_procfile(ROOT / "Procfile")
    assert {"web", "express", "bulk", "beat", "flower"} == set(commands)
    read = [
        queue for line in commands.values() if "-Q " in line for queue in line.split("-Q ")[1].split()[0].split(",")
    ]
    assert sorted(read) == sorted(queue.value for queue in Queue)
