"""The builder's requests: redrawing, the live count, drafts. As full pages and for htmx, for every role."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_tenants.utils import tenant_context

from segmentation import builder
from segmentation.builder.live import counted_before, kept_counts, live
from segmentation.criteria import Context, parse
from segmentation.engine import evaluate
from segmentation.models import Draft, SavedCriteria
from tags.models import Tag
from tests import factories
from tests.factories import NOW
from tests.population import NOWS, ZONES, people, settle
from tests.support.posted import fields_of
from tests.test_builder_form import html_of

pytestmark = pytest.mark.django_db

WARM = {"kind": "field", "field": "lead_score", "op": "gt", "value": 20}
HOT = {**WARM, "value": 50}
COUNT, REDRAW = "/criteria/count/", "/criteria/builder/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def scores(account: Any) -> list[Any]:
    return [factories.contact(lead_score=score, first_name=f"P{score}") for score in (10, 30, 60, 90)]


def posted(tree: Any, place: str = "segment:new", **changes: str) -> QueryDict:
    with timezone.override("Europe/Warsaw"):
        data = fields_of(html_of(builder.from_criteria(tree, place=place)))
    for name, value in changes.items():
        data[name] = value
    return data


def ids(tree: Any) -> list[str]:
    return [item.id for item in builder.from_criteria(tree, place="segment:new").shape.items()]


def answer(client: Any, data: Any, address: str = COUNT, status: int = 200, **headers: str) -> str:
    response = client.post(
        address, data, headers={**HTMX, **{name.replace("_", "-"): value for name, value in headers.items()}}
    )
    assert response.status_code == status
    return str(response.content.decode())


def texts(html: str) -> str:
    """The text of a fragment, blanks joined."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


# --- live count -----------------------------------------------------------------------------------------------
def test_the_count_says_the_whole_each_node_and_without_it(client_for: Any, marketer: Any, scores: Any) -> None:
    """SD8"""
    html = answer(client_for(marketer), posted({"all": [WARM, HOT]}))
    group, first, second = ids({"all": [WARM, HOT]})
    assert '<div class="stat">2</div>' in html
    assert "50.0" in html  # per cent of all
    for node, count, without in ((first, 3, 2), (second, 2, 3)):
        cell = html[html.index(f'id="{node}-count"') :].split("</div>")[0]
        assert f"<b>{count}</b>" in cell
        assert f"without: {without}" in cell
    assert f'id="{group}-count"' in html
    assert "P60" in html
    assert "P30" not in html
    assert "lead score is more than" in html.lower()


def test_left_out_says_how_many_it_takes_away(client_for: Any, marketer: Any, scores: Any) -> None:
    tree = {"all": [{"any": [{"all": [WARM]}]}, {"not": {"any": [HOT]}}]}
    html = answer(client_for(marketer), posted(tree))
    assert "<b>−2</b>" in html
    assert '<div class="stat">1</div>' in html


def test_left_out_is_told_alike_in_the_form_and_to_be_read(account: Any, scores: Any) -> None:
    """IP31: how many match what is left out, never all the others; and what Always comes to."""
    tree = {"all": [WARM, {"field": "lead_score", "kind": "field", "op": "lt", "value": 80},
                    {"any": [{"all": [WARM]}]}, {"not": {"any": [HOT]}}]}  # fmt: skip
    form = builder.from_criteria(tree, place="segment:new")
    counted = live(form, now=NOW, zone=ZONES[0])
    kept = kept_counts(evaluate(parse(tree), context=Context(now=NOW, zone=ZONES[0])), tree)
    read = counted_before(builder.from_criteria(tree, place="segment:new"), kept, now=NOW)
    always, left_out = form.shape.always, form.shape.leave_out
    assert always is not None
    assert left_out is not None
    assert counted.nodes[always.id].count == read.nodes[always.id].count == 2
    assert counted.nodes[left_out.id].matches == read.nodes[left_out.id].matches == 2
    assert counted.nodes[left_out.id].removes == 1


def test_an_unfinished_form_tells_no_moment_and_left_out_no_loss(client_for: Any, marketer: Any, scores: Any) -> None:
    tree = {"all": [{"any": [{"all": [WARM]}]}, {"not": {"any": [HOT]}}]}
    _block, unfinished, *_rest = ids(tree)
    data = posted(tree)
    data[f"{unfinished}-value"] = ""
    html = answer(client_for(marketer), data)
    assert "2 match" in texts(html)
    assert "−" not in html
    assert "exact, at" not in html


def test_a_chosen_category_stands_with_its_parents(client_for: Any, marketer: Any, account: Any) -> None:
    media = factories.category("Klient/Media")
    html = html_of(
        builder.from_criteria({"kind": "category", "op": "any", "categories": [media.slug_path]}, place="x:1")
    )
    assert '<span class="chip">Klient / Media</span>' in html


def test_what_is_unfinished_has_a_sentence_in_place_of_its_number_and_hides_no_other(
    client_for: Any, marketer: Any, scores: Any
) -> None:
    tree = {"any": [{"all": [WARM, HOT]}, {"all": [HOT]}]}
    data = posted(tree)
    _block, unfinished, third, block, _last = ids(tree)
    data[f"{third}-value"] = ""
    html = answer(client_for(marketer), data)
    cell = {node: html[html.index(f'id="{node}-count"') :][:400] for node in (unfinished, third, block)}
    assert "<b>3</b>" in cell[unfinished]
    assert "Type a number." in cell[third]
    assert "<b>2</b>" in cell[block]
    assert "stat" not in html.split('id="builder-total"')[1].split("builder-numbers")[0]
    assert "Finish what is marked" in html


def test_a_fresh_form_waits_and_names_no_number(client_for: Any, marketer: Any, scores: Any) -> None:
    assert "Choose a first criterion" in answer(client_for(marketer), posted(None))


def test_a_deleted_tag_is_told_at_its_place_not_counted_as_nobody(client_for: Any, marketer: Any, scores: Any) -> None:
    Tag.objects.create(name="VIP")
    data = posted({"all": [WARM, {"kind": "tag", "op": "none", "tags": ["VIP"]}]})
    Tag.objects.all().delete()
    html = answer(client_for(marketer), data)
    assert "There is no tag “VIP”." in html
    assert "Finish what is marked" in html


def test_a_tampered_form_is_422_and_no_number(client_for: Any, marketer: Any, scores: Any) -> None:
    data = posted(WARM, shape=json.dumps({"blocks": [], "last": 0}))
    assert "stat" not in answer(client_for(marketer), data, status=422)
    assert 'role="alert"' in answer(client_for(marketer), data, REDRAW, status=422)


def test_an_answer_carries_the_number_of_its_question(client_for: Any, marketer: Any, scores: Any) -> None:
    response = client_for(marketer).post(COUNT, posted(WARM), headers={**HTMX, "X-Builder-Sequence": "17"})
    assert response["X-Builder-Sequence"] == "17"


def test_may_be_written_to_counts_consents_addresses_and_status(client_for: Any, marketer: Any, account: Any) -> None:
    mail, text = factories.consent("news"), factories.consent("sms", channel="sms")
    good = factories.contact(lead_score=30, phone="+48600000001")
    left = factories.contact(lead_score=30, status="unsubscribed")
    without = factories.contact(lead_score=30, email=None)
    no = factories.contact(lead_score=30)
    for contact in (good, left, without):
        factories.answer(contact, mail)
        factories.answer(contact, text)
    factories.answer(no, mail, "withdrawn")
    html = texts(answer(client_for(marketer), posted(WARM)))
    assert "may be e-mailed 1 " in html
    assert "may be texted 1 " in html


def test_the_live_number_is_the_engines_on_every_node(account: Any) -> None:
    settle(people(3))
    vip = {"kind": "tag", "op": "any", "tags": ["VIP"]}
    tree = {"any": [{"all": [vip, {"not": WARM}]}, {"not": {"any": [HOT, vip]}}]}
    form = builder.from_criteria(tree, place="segment:new")
    counted = live(form, now=NOWS[0], zone=ZONES[0])
    built = form.built()
    evaluation = evaluate(parse(built.tree), context=Context(now=NOWS[0], zone=ZONES[0]))
    assert counted.total == evaluation.count
    for node in evaluation.nodes:
        if node.path in built.nodes and not node.path.endswith("not"):
            assert counted.nodes[built.nodes[node.path]].count == node.count


def test_another_account_is_not_counted(
    client_for: Any, marketer: Any, scores: Any, other_account: Any, make_user: Any
) -> None:
    with tenant_context(other_account):
        stranger = client_for(make_user("marketer"))
        assert '<div class="stat">0</div>' in answer(stranger, posted(WARM))
        assert not Draft.objects.filter(user__email=marketer.email).exists()


def test_an_analyst_may_count_and_redraw(client_for: Any, analyst: Any, scores: Any) -> None:
    client = client_for(analyst)
    assert '<div class="stat">3</div>' in answer(client, posted(WARM))
    answer(client, posted(WARM, do="block"), REDRAW)


@pytest.mark.parametrize("address", [COUNT, REDRAW, "/criteria/draft/discard"])
def test_nobody_signed_in_sees_nothing_and_get_is_not_answered(client_for: Any, marketer: Any, address: str) -> None:
    assert client_for(None).post(address).status_code == 302
    assert client_for(marketer).get(address).status_code == 405


def test_the_number_of_queries_does_not_grow_with_choices_or_criteria(
    client_for: Any, marketer: Any, scores: Any
) -> None:
    client = client_for(marketer)

    def queries(tree: Any, address: str) -> int:
        data = posted(tree)
        with CaptureQueriesContext(connection) as captured:
            answer(client, data, address)
        return len(captured)

    def account_grows(number: int) -> None:
        for one in range(number):
            factories.attribute(f"a{number}_{one}")
            factories.consent(f"c{number}_{one}")
            Tag.objects.create(name=f"T{number}_{one}")
            SavedCriteria.objects.create(name=f"s{number}_{one}", criteria=WARM, created_at=NOW, updated_at=NOW)

    account_grows(1)
    tag = {"kind": "tag", "op": "any", "tags": ["T1_0"]}
    few = {"all": [WARM, tag]}
    queries(few, COUNT)  # makes the draft that later ones change
    more = {"all": [*few["all"], HOT]}
    before = queries(more, REDRAW), queries(more, COUNT)
    account_grows(12)
    queries(few, COUNT)  # the sets of the new consents are read once and kept
    many = {"all": [WARM, tag, *[WARM, tag] * 10]}
    assert (queries(many, REDRAW), queries(many, COUNT)) == before


# --- redrawing --------------------------------------------------------------------------------------------------
def test_a_button_redraws_the_whole_and_says_where_the_focus_goes(client_for: Any, marketer: Any, scores: Any) -> None:
    html = answer(client_for(marketer), posted(WARM, do="block"), REDRAW)
    assert html.count('class="block block') == 2
    assert 'data-focus="n3-what"' in html
    assert "<html" not in html


def test_a_changed_operator_redraws_only_its_criterion(client_for: Any, marketer: Any, scores: Any) -> None:
    data = posted({"all": [WARM, HOT]}, do="refresh")
    leaf = ids({"all": [WARM, HOT]})[1]
    data[f"{leaf}-op"] = "between"
    html = answer(client_for(marketer), data, REDRAW, HX_Target=leaf)
    assert f'id="{leaf}"' in html
    assert f'name="{leaf}-from"' in html
    assert 'id="builder"' not in html


# --- drafts -----------------------------------------------------------------------------------------------------
def test_a_draft_is_kept_with_the_count_offered_again_and_discarded(
    client_for: Any, marketer: Any, scores: Any
) -> None:
    client = client_for(marketer)
    html = answer(client, posted(WARM, place="saved:new", name="Half done"), X_Builder_Sequence="2")
    assert "Draft kept" in html
    page = client.get(reverse("segmentation:saved_create")).content.decode()
    assert "This is your draft" in page
    assert "Half done" in page
    assert fields_of(page)["n2-what"] == "field:lead_score"
    response = client.post(
        "/criteria/draft/discard", {"place": "saved:new"}, headers={"Referer": "http://acme.testserver/x"}
    )
    assert (response.status_code, response["Location"]) == (302, "http://acme.testserver/x")
    assert "This is your draft" not in client.get(reverse("segmentation:saved_create")).content.decode()


@pytest.mark.parametrize(
    ("address", "sequence", "expected"),
    [
        ("/segments/create/?template=engaged", "2", "/segments/create/"),
        ("/segments/create/?template=engaged", "1", None),  # only looked at so far
        ("/segments/create/", "2", None),
        ("/segments/?q=a", "2", None),
    ],
)
def test_what_was_changed_is_reloaded_not_what_the_address_filled_in(
    address: str, sequence: str, expected: str | None, client_for: Any, marketer: Any, scores: Any
) -> None:
    current = {"HX-Current-URL": f"http://acme.testserver{address}"}
    response = client_for(marketer).post(
        COUNT, posted(WARM), headers={**HTMX, **current, "X-Builder-Sequence": sequence}
    )
    assert response.headers.get("HX-Replace-Url") == expected


def test_opening_a_page_keeps_no_draft(client_for: Any, marketer: Any, scores: Any) -> None:
    answer(client_for(marketer), posted(WARM), X_Builder_Sequence="1")
    answer(client_for(marketer), posted(None), X_Builder_Sequence="2")
    assert not Draft.objects.exists()


def test_a_draft_is_the_users_own_and_of_its_place(client_for: Any, marketer: Any, owner: Any, scores: Any) -> None:
    answer(client_for(marketer), posted(WARM, place="saved:new"), X_Builder_Sequence="2")
    assert "This is your draft" not in client_for(owner).get(reverse("segmentation:saved_create")).content.decode()
    assert builder.from_draft(marketer, "segment:new") is None


def test_a_draft_of_an_older_form_is_not_opened(marketer: Any) -> None:
    Draft.objects.create(user=marketer, place="saved:new", form={"shape": ["?"]}, kept_at=NOW - timedelta(days=1))
    assert builder.from_draft(marketer, "saved:new") is None


def test_discarding_never_leads_to_another_site(client_for: Any, marketer: Any) -> None:
    response = client_for(marketer).post(
        "/criteria/draft/discard", {"place": "x"}, headers={"Referer": "http://evil.example/"}
    )
    assert response["Location"] == "/"
