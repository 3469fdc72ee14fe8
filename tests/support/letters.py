"""Signing in, and the letters with links to set a password."""

import re

from django.core.cache import cache
from kombu.exceptions import OperationalError

from tests.support.people import PASSWORD
from users import tasks

TASKS = (tasks.send_reset_task, tasks.send_invitation_task)


def sign_in(client, email, password=PASSWORD, **more):
    return client.post("/login/", {"username": email, "password": password, **more})


def take_letters_at_once(monkeypatch) -> None:
    """There is a worker, and it has nothing else to do."""
    cache.clear()
    for task in TASKS:
        monkeypatch.setattr(task, "delay", task)


def lose_the_broker(monkeypatch) -> None:
    def fail(*_args):
        raise OperationalError

    for task in TASKS:
        monkeypatch.setattr(task, "delay", fail)


def link_in(letter) -> str:
    return re.search(r"https?://\S+", letter.body)[0]
