"""Words, orders and names that would tell of contacts outside: left out for who sees some contacts only."""

from typing import Any

import pytest
from django.core.cache import cache
from pyroaring import BitMap

from actions import picked, services
from actions.models import Action, ActionRun
from contacts.models import Contact
from jobs.services import run as run_job
from segmentation.criteria import Context, Words, parse
from segmentation.models import UploadedList
from segmentation.services import fixed_list
from tags.models import Tag
from tests import factories
from tests.support.people import client_for, make_user
from tests.support.segments import calculated
from tests.support.split import Split, listed, split
from tests.test_explaining import WARSAW
from users.models import Role

pytestmark = pytest.mark.django_db
SECRET = "E-mail: jan.kowalski@example.com"


@pytest.fixture
def two() -> Split:
    cache.clear()
    return split()


# --- where the bounds of buyers are ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("criterion", "whole", "part"),
    [
        ({"band": "big"}, "100 PLN in all; medium spenders spent more than", "100 PLN in all"),
        ({"buyer": "frequent"}, "1 order; frequent buyers have more than", "1 order"),
    ],
)
def test_why_does_not_tell_how_much_others_bought(two: Split, criterion: Any, whole: str, part: str) -> None:
    for at, contact in enumerate(Contact.objects.order_by("pk"), start=1):
        factories.order(contact, at=two.now, total=100 * at)
    tree = {"kind": "spender", **criterion}
    one = two.mine[0]

    def told(mask: BitMap | None) -> str:
        context = Context(now=two.now, zone=WARSAW, mask=mask, only=BitMap([one]))
        words = Words(two.now, WARSAW, context.catalog)
        return str(parse(tree).evidence(one, context=context, words=words)).replace("\N{NO-BREAK SPACE}", " ")

    assert told(None).startswith(whole)
    assert told(two.mine) == part
    segment = calculated("Buyers", now=two.now, by=two.wide, criteria=tree)
    assert "more than" not in two.sees(f"/segments/{segment.pk}/why/{one}/").content.decode()
    assert "more than" in client_for(two.wide).get(f"/segments/{segment.pk}/why/{one}/").content.decode()


# --- the order of tags -------------------------------------------------------------------------------------------
def test_tags_are_offered_by_name_and_not_by_everybodys_use(two: Split) -> None:
    for name, holders in (("PRESS_A", two.mine[:1]), ("PRESS_B", two.everybody)):
        factories.tag(name, *Contact.objects.filter(pk__in=holders))
        Tag.objects.filter(name__iexact=name).update(contacts_count=len(holders))

    def offered(user: Any) -> list[str]:
        found = client_for(user).get("/criteria/values/?of=tag&q=press").context["found"]
        return [one.text[-1].upper() for one in found.values]

    assert (offered(two.wide), offered(two.narrow)) == (["B", "A"], ["A", "B"])


# --- whom a run changed ------------------------------------------------------------------------------------------
def acted(two: Split, by: Any) -> ActionRun:
    """A run on everybody whom the user picked."""
    ids = two.everybody if by == two.wide else two.mine
    chosen = picked.fix(ids, words=["All contacts"], query="", now=two.now, by=by)
    tag = factories.tag(f"OF_{by.name}".upper())
    action = Action.objects.create(
        picked=chosen, kind="add_tag", params={"tag": tag.pk, "name": tag.name}, created_at=two.now, created_by=by,
        question=chosen.question, part=0,
    )  # fmt: skip
    run = services.start_run(action, None, now=two.now)
    assert run is not None
    run_job("action", run.pk, now=two.now)
    return ActionRun.objects.get(pk=run.pk)


def test_a_run_on_what_somebody_else_picked_answers_as_one_that_is_not_there(two: Split) -> None:
    run, own = acted(two, two.wide), acted(two, two.narrow)
    assert run.changed_ids == two.everybody
    client = client_for(two.narrow)
    there, missing = client.get(f"/contacts/?changed={run.pk}"), client.get("/contacts/?changed=99999999")
    assert (there.status_code, missing.status_code) == (422, 422)
    for answer in (there, missing):
        assert "There is no such run of an action" in answer.content.decode()
    assert listed(two.sees(f"/contacts/?changed={own.pk}")) == 4
    for user, number in ((two.wide, 11), (make_user(Role.ANALYST), 11)):
        assert listed(client_for(user).get(f"/contacts/?changed={run.pk}")) == number


# --- what fixed lists are called ---------------------------------------------------------------------------------
def test_a_fixed_list_of_others_is_told_without_its_name(two: Split) -> None:
    made = fixed_list(SECRET, two.everybody, now=two.now, by=two.wide)
    tree = {"kind": "file", "file": made.pk}
    segment = calculated("Of the list", now=two.now, by=two.wide, criteria=tree)
    own = calculated("Mine of the list", now=two.now, by=two.narrow, criteria=tree)
    paths = [
        f"/contacts/?list={made.pk}",
        f"/contacts/segment/?list={made.pk}",
        f"/segments/{segment.pk}/",
        f"/segments/{segment.pk}/why/{two.mine[0]}/",
        f"/segments/{segment.pk}/history/{segment.latest_id}/",
        f"/segments/{own.pk}/criteria/",
        f"/segments/create/?copy={segment.pk}",
    ]
    for path in paths:
        text = two.sees(path).content.decode()
        assert SECRET not in text, path
        assert f"A list of contacts, #{made.pk}" in text, path
        assert SECRET in client_for(two.wide).get(path).content.decode(), path


def test_ones_own_and_files_have_their_names(two: Split) -> None:
    made = fixed_list(SECRET, two.mine, now=two.now, by=two.narrow)
    assert SECRET in two.sees(f"/contacts/?list={made.pk}").content.decode()
    assert "A list of contacts, #" not in two.sees(f"/contacts/?list={made.pk}").content.decode()
    UploadedList.objects.filter(pk=made.pk).update(report=made.report | {"fixed": False}, created_by=two.wide)
    assert SECRET in two.sees(f"/contacts/?list={made.pk}").content.decode()
