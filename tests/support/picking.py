"""Actions on contacts picked in the contact manager: asked, answered, carried out."""

import re

from django.utils.timezone import now as clock
from pyroaring import BitMap

from actions import picked
from actions.kinds import KINDS
from actions.models import ActionRun, PickedContacts
from contacts.models import Contact
from jobs.models import JobState
from jobs.services import run as run_job
from tags.models import ContactTag
from tests import factories
from users.models import User

URL = "/contacts/actions/"


def people(number: int = 3, **fields) -> list[Contact]:
    return [factories.contact(**fields) for _ in range(number)]


def fixed(ids, by: User, *, now=None) -> PickedContacts:
    return picked.fix(BitMap(ids), words=["All contacts"], query="", now=now or clock(), by=by)


def asked(client, kind: str, address: str = "", **given) -> tuple[str, str]:
    """The question's page and its mark."""
    page = client.post(f"{URL}new/{kind}/{address}", given)
    assert page.status_code == 200, page.content.decode()[:3000]
    text = page.content.decode()
    return text, re.findall(r'name="question" value="([0-9a-f]{32})"', text)[0]


def answered(client, kind: str, address: str = "", **given):
    _text, question = asked(client, kind, address, **given)
    return client.post(f"{URL}new/{kind}/{address}", given | {"confirmed": "yes", "question": question})


def carried_out() -> list[ActionRun]:
    for run in ActionRun.objects.filter(state=JobState.WAITING):
        run_job("action", run.pk, now=clock())
    return list(ActionRun.objects.order_by("pk"))


def tagged(name: str = "VIP") -> set[int]:
    return set(ContactTag.objects.filter(tag__name=name).values_list("contact_id", flat=True))


def started(contacts, by: User, *, name: str = "VIP") -> ActionRun:
    kept = fixed([each.pk for each in contacts], by)
    part = KINDS["add_tag"].form({"tags": name}, now=clock(), by=by)
    assert part.is_valid()
    [action] = picked.act_on(kept, part, kind=KINDS["add_tag"], now=clock(), by=by)
    return action.runs.get()
