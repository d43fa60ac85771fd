from __future__ import annotations

from celery import Celery
from celery.app.defaults import NAMESPACES, flatten

from clarion.queue import Queue, Task
from config.celeryconfig import celery_options
from config.settings import Settings

OPTIONS = celery_options(Settings(rescue_every_s=3))


def test_celery_knows_every_option():
    known = {name for name, _option in flatten(NAMESPACES)}
    assert set(OPTIONS) <= known


def test_the_queues_are_the_products():
    celery = Celery("t", set_as_current=False)
    celery.conf.update(OPTIONS)
    assert set(celery.amqp.queues) == {queue.value for queue in Queue}
    assert celery.conf.task_default_queue in celery.amqp.queues


def test_the_sweep_is_due_as_often_as_the_settings_say_and_expires():
    [entry] = OPTIONS["beat_schedule"].values()
    assert (entry["task"], entry["schedule"]) == (Task.RESCUE, 3)
    assert entry["options"]["queue"] == Queue.RESCUE
    assert entry["options"]["expires"] > entry["schedule"]


def test_the_broker_is_the_redis_unless_another_is_named():
    assert OPTIONS["broker_url"] == Settings().redis_url
    assert celery_options(Settings(broker_url="amqp://h"))["broker_url"] == "amqp://h"


def test_the_broker_delivers_again_when_the_settings_say():
    def timeout_s(settings):
        return celery_options(settings)["broker_transport_options"]["visibility_timeout"]

    assert timeout_s(Settings(visibility_timeout_s=5)) == 5
    assert timeout_s(Settings()) == 3_600
