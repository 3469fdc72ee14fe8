"""Celery: it wakes workers and keeps the beat. The work itself is rows in the accounts' schemas (docs/jobs.md)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("sito")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    # A tick that waited too long in the queue is dropped: the next one does its work.
    beat_schedule={
        "tick": {"task": "jobs.tasks.tick_task", "schedule": 30.0, "options": {"expires": 30}},
        "purge": {"task": "jobs.tasks.purge_task", "schedule": 3600.0, "options": {"expires": 3600}},
    },
    # A page must not hang on an absent broker: the row is saved, and `tick` sends what could not be sent.
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1},
    broker_transport_options={"socket_connect_timeout": 2, "socket_timeout": 10, "max_retries": 1},
)
app.autodiscover_tasks()
