"""A button never makes the form larger than criteria can be: it says so, and all that was there stays."""

from typing import Any

import pytest

from segmentation import builder
from segmentation.builder import Builder
from segmentation.builder.shape import MAX_NODES, Group, Leaf, load
from segmentation.criteria.limits import CRITERIA
from segmentation.models import Draft, SavedCriteria
from tests.population import NOWS
from tests.support.posted import fields_of
from tests.test_builder_form import html_of

pytestmark = pytest.mark.django_db
SCORE = {"kind": "field", "field": "lead_score", "op": "gt", "value": 20}


def of_size(number: int) -> Builder:
    return builder.from_criteria({"all": [SCORE] * number}, place="segment:new")


def pressed(form: Builder, button: str, **more: str) -> Builder:
    return builder.from_post({**form.fields(), "do": [button]} | {k: [v] for k, v in more.items()}, place=form.place)


@pytest.mark.parametrize("button", ["duplicate:BLOCK", "duplicate:LEAF", "add:BLOCK", "nest:BLOCK", "block", "always"])
def test_nothing_is_added_beyond_what_criteria_can_hold(account: Any, button: str) -> None:
    form = of_size(CRITERIA)
    block, leaf = form.shape.blocks[0].id, form.shape.leaves()[0].id
    after = pressed(form, button.replace("BLOCK", block).replace("LEAF", leaf))
    assert same(after, form)
    assert "250" in after.notice


def same(after: Builder, form: Builder) -> bool:
    return after.fields() == form.fields() and after.refused and not after.problem


def test_saved_criteria_are_not_inserted_beyond_it(account: Any) -> None:
    two = {"all": [SCORE, SCORE]}
    saved = SavedCriteria.objects.create(name="Two", criteria=two, created_at=NOWS[0], updated_at=NOWS[0])
    form = of_size(CRITERIA - 1)
    after = pressed(form, "insert_copy", insert=str(saved.pk))
    assert same(after, form)


def test_up_to_the_limit_it_is_added(account: Any) -> None:
    form = of_size(CRITERIA - 1)
    after = pressed(form, f"add:{form.shape.blocks[0].id}")
    assert (len(after.shape.leaves()), after.notice, after.refused) == (CRITERIA, "", False)


def test_what_is_too_large_already_may_shrink(account: Any) -> None:
    form = of_size(2)
    first = form.shape.leaves()[0]
    form.shape.blocks[0].children += [Leaf(form.shape.new_id(), dict(first.values)) for _number in range(CRITERIA)]
    after = pressed(form, f"remove:{first.id}")
    assert (len(after.shape.leaves()), after.refused) == (CRITERIA + 1, False)


def test_groups_without_criteria_are_bounded_too(account: Any) -> None:
    form = of_size(1)
    form.shape.blocks[0].children += [Group(form.shape.new_id()) for _number in range(MAX_NODES - 2)]
    after = pressed(form, f"nest:{form.shape.blocks[0].id}")
    assert after.notice
    assert load(after.layout) == load(form.layout)


def test_the_page_keeps_its_criteria_and_its_draft(client_for: Any, marketer: Any) -> None:
    client, form = client_for(marketer), of_size(CRITERIA - 1)
    html_of(form)
    block = form.shape.blocks[0].id
    answer = client.post("/criteria/builder/", {**form.fields(), "place": "segment:new", "do": f"duplicate:{block}"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Nothing was added" in page
    assert sum(name.endswith("-what") for name in fields_of(page)) == CRITERIA - 1
    assert len(load(Draft.objects.get().form["shape"][0]).leaves()) == CRITERIA - 1
