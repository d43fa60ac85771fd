"""The Celery app: `celery -A worker.app worker|beat|flower`. Settings are read here, once, when the process starts."""

from __future__ import annotations

from celery import Celery
from celery.signals import setup_logging

from config import logging
from config.celeryconfig import celery_options
from config.settings import load_or_exit
from worker import signal
from worker.child import configure

settings, apps = load_or_exit()
logging.configure(settings)
setup_logging.connect(lambda **_: None, weak=False)  # Celery leaves logging alone when somebody listens

app = Celery("clarion", include=["tasks.plan", "tasks.deliver", "tasks.rescue"])
app.conf.update(celery_options(settings))

configure(settings, apps)
signal.connect(settings)
