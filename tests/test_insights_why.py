"""Why in, why not, as pages: from the segment, from the contact; and all segments of a contact (SG2, SG3)."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts.models import Contact
from insights.tree import Block, Layout, Line, laid_out
from segmentation.criteria import parse
from segmentation.explaining import why
from segmentation.models import SavedCriteria
from tags.models import Tag
from tests import factories
from tests.support.audiences import NOW
from tests.support.segments import SCORED, calculated, create, scored
from tests.test_explaining import WARSAW

pytestmark = pytest.mark.django_db
VIP = {"kind": "tag", "op": "any", "tags": ["VIP"]}
LATE = {"kind": "tag", "op": "any", "tags": ["LATE"]}


@pytest.fixture
def client(client_for: Any, user: Any) -> Any:
    return client_for(user)


@pytest.fixture
def person() -> Contact:
    made = factories.contact(first_name="Ada", last_name="Nowak", email="ada@example.com", lead_score=18)
    factories.tag("VIP", made)
    factories.tag("LATE")
    return made


def told(client: Any, path: str, status: int = 200) -> str:
    """What a page says, without its markup."""
    response = client.get(path)
    assert response.status_code == status
    text = re.sub(r"<[^>]+>", " ", response.content.decode().split("<main")[1])
    return " ".join(text.split())


def layout_of(tree: Any, person: Contact) -> Layout:
    return laid_out(why(parse(tree), person.pk, now=NOW, zone=WARSAW).root)


def drawn(item: Block | Line) -> Any:
    """A node as (title, holds, good, below)."""
    if isinstance(item, Line):
        return (item.negated, item.holds, item.good)
    return (item.title, item.holds, item.good, [drawn(child) for child in item.children])


# --- the tree ------------------------------------------------------------------------------------------------
def test_always_blocks_and_leave_out_stand_as_in_the_form(person: Contact) -> None:
    tree = {"all": [VIP, {"any": [{"all": [SCORED]}, {"any": [VIP]}]}, {"not": {"any": [LATE, VIP]}}]}
    layout = layout_of(tree, person)
    assert layout.always is not None
    assert layout.leave_out is not None
    assert drawn(layout.always)[1:] == (True, True, [(False, True, True)])
    assert [drawn(block)[1:] for block in layout.blocks] == [
        (False, False, [(False, False, False)]),
        (True, True, [(False, True, True)]),
    ]
    # Whoever is left out for it is not in: what holds there speaks against it.
    assert drawn(layout.leave_out)[1:] == (True, False, [(False, False, True), (False, True, False)])


SCORED_FALSE, VIP_TRUE = (False, False, False), (False, True, True)  # negated, holds, speaks for being in
NESTED = ("Not all of these", False, False, [(False, True, False), (True, True, False)])


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (SCORED, ("All of these", False, False, [SCORED_FALSE])),
        ({"not": SCORED}, ("All of these", True, True, [(True, True, True)])),
        ({"not": {"not": SCORED}}, ("All of these", False, False, [SCORED_FALSE])),
        (
            {"not": {"any": [SCORED, VIP]}},
            ("None of these", False, False, [(False, False, True), (False, True, False)]),
        ),
        ({"any": [SCORED, VIP]}, ("Any of these", True, True, [SCORED_FALSE, VIP_TRUE])),
        ({"all": [VIP, {"not": {"all": [VIP, {"not": SCORED}]}}]}, ("All of these", False, False, [VIP_TRUE, NESTED])),
    ],
)
def test_any_other_tree_is_drawn_as_it_is(person: Contact, tree: Any, expected: Any) -> None:
    layout = layout_of(tree, person)
    assert (layout.always, layout.leave_out) == (None, None)
    assert [drawn(block) for block in layout.blocks] == [expected]


def test_what_would_have_to_change_is_collected(person: Contact) -> None:
    both = layout_of({"all": [SCORED, LATE, VIP]}, person)
    assert ([line.path for line in both.changes], both.either) == (["all[0]", "all[1]"], False)
    one_of = layout_of({"any": [{"all": [SCORED]}, {"all": [LATE]}]}, person)
    assert (len(one_of.changes), one_of.either) == (2, True)
    assert layout_of(VIP, person).changes == []


# --- the pages -----------------------------------------------------------------------------------------------
def test_a_person_is_found_and_explained(client: Any, person: Contact) -> None:
    segment = calculated(criteria={"all": [VIP, SCORED]}, now=timezone.now() - timedelta(hours=1))
    found = client.get(f"/segments/{segment.pk}/why/?q=nowak ada").content.decode()
    assert f'href="/segments/{segment.pk}/why/{person.pk}/"' in found
    text = told(client, f"/segments/{segment.pk}/why/{person.pk}/")
    for said in (
        "Ada Nowak does not meet the criteria",
        "does not have this contact among the members",
        "18 , 2 short of 20",
        "Has the tag VIP",
        "would have to change",
    ):
        assert said in text


def test_a_search_by_htmx_answers_the_list_alone(client: Any, person: Contact) -> None:
    segment = create()
    response = client.get(f"/segments/{segment.pk}/why/?q=ada@", headers={"HX-Request": "true"})
    assert "<main" not in response.content.decode()
    assert "Ada Nowak" in response.content.decode()


def test_more_than_ten_are_not_listed_but_said(client: Any) -> None:
    scored(12)
    segment = create()
    text = client.get(f"/segments/{segment.pk}/why/?q=scored").content.decode()
    assert text.count(f'href="/segments/{segment.pk}/why/') == 10 + 1  # and the tab
    assert "There are more" in text


def test_members_and_those_who_left_are_offered_to_begin_with(client: Any) -> None:
    (kept, gone) = scored(2)
    segment = calculated(every=1, unit="day")
    Contact.objects.filter(pk=gone).update(lead_score=0)
    from tests.test_movements import again

    again(segment)
    text = client.get(f"/segments/{segment.pk}/why/").content.decode()
    members, left = text.split("Some who left")
    assert f"/why/{kept}/" in members
    assert f"/why/{kept}/" not in left
    assert f"/why/{gone}/" in left


def test_data_that_changed_since_the_calculation_are_pointed_out(client: Any, person: Contact) -> None:
    segment = calculated(criteria=SCORED)
    assert "Something has changed since" not in told(client, f"/segments/{segment.pk}/why/{person.pk}/")
    Contact.objects.filter(pk=person.pk).update(lead_score=30)
    assert "will take this contact in" in told(client, f"/segments/{segment.pk}/why/{person.pk}/")


def test_criteria_that_name_something_deleted_say_so(client: Any, person: Contact) -> None:
    segment = create(criteria={"all": [LATE]})
    Tag.objects.filter(name="LATE").delete()
    text = told(client, f"/segments/{segment.pk}/why/{person.pk}/")
    assert "The criteria cannot be evaluated" in text
    assert "all[0].tags[0]" in text


def test_criteria_referred_to_are_explained_within(client: Any, person: Contact) -> None:
    saved = SavedCriteria.objects.create(name="Warm", criteria=SCORED, created_at=NOW, updated_at=NOW)
    segment = create(criteria={"all": [{"kind": "saved", "criteria": saved.pk}]})
    text = told(client, f"/segments/{segment.pk}/why/{person.pk}/")
    assert "Meets the saved criteria Warm" in text
    assert "18 , 2 short of 20" in text


@pytest.mark.parametrize("path", ["{0}/why/", "{0}/why/{1}/", "{0}/compare/", "{0}/forecast/"])
def test_pages_of_a_segment_that_is_not_there_are_not_found(client: Any, person: Contact, path: str) -> None:
    assert client.get("/segments/" + path.format(999, person.pk)).status_code == 404


def test_a_contact_that_is_not_there_is_not_found(client: Any) -> None:
    segment = create()
    for pk in (0, 999999, 10**30):
        assert client.get(f"/segments/{segment.pk}/why/{pk}/").status_code == 404
        assert client.get(f"/contacts/{pk}/segments/").status_code == 404


@pytest.mark.parametrize(
    "path", ["segments/{0}/why/", "segments/{0}/why/{1}/", "segments/{0}/compare/", "segments/{0}/forecast/?count=1",
             "segments/overlap/", "contacts/{1}/segments/"],
)  # fmt: skip
def test_analysts_read_every_page_and_are_offered_nothing_that_writes(
    client_for: Any, analyst: Any, person: Contact, path: str
) -> None:
    segment = calculated()
    reader = client_for(analyst)
    address = "/" + path.format(segment.pk, person.pk)
    text = told_html(reader, address)
    for closed in ("/segments/create/", "/settings/", "/criteria/"):
        assert closed not in text
    assert reader.post(address).status_code in (403, 405)


def told_html(client: Any, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return str(response.content.decode())


# --- from the contact ----------------------------------------------------------------------------------------
@pytest.fixture
def three(person: Contact) -> list[Any]:
    """In, not in, never calculated."""
    return [calculated("Aa in", criteria=VIP), calculated("Bb out", criteria=SCORED), create("Cc never")]


def test_the_contacts_card_leads_to_why_and_to_all_segments(client: Any, person: Contact, three: list[Any]) -> None:
    text = client.get(f"/contacts/{person.pk}/").content.decode()
    assert f'href="/segments/{three[0].pk}/why/{person.pk}/"' in text
    assert f'href="/contacts/{person.pk}/segments/"' in text


@pytest.mark.parametrize(
    ("query", "shown"),
    [("", ["Aa in", "Bb out", "Cc never"]), ("?show=in", ["Aa in"]), ("?show=out", ["Bb out"]), ("?q=OUT", ["Bb out"])],
)
def test_all_segments_of_a_contact(
    client: Any, person: Contact, three: list[Any], query: str, shown: list[str]
) -> None:
    text = client.get(f"/contacts/{person.pk}/segments/{query}").content.decode()
    assert re.findall(r'class="name" href="/segments/\d+/">([^<]+)<', text) == shown


@pytest.mark.parametrize("query", ["?show=all", "?page=0", "?other=1", "?sort=name"])
def test_a_list_that_cannot_be_narrowed_so_shows_nothing(client: Any, person: Contact, query: str) -> None:
    response = client.get(f"/contacts/{person.pk}/segments/{query}")
    assert response.status_code == 422
    assert "Nothing is shown" in response.content.decode()


@pytest.mark.parametrize(
    "path", ["/contacts/{1}/segments/?show=in", "/segments/{0}/why/?q=ada", "/segments/{0}/compare/"]
)
def test_queries_do_not_grow_with_rows(client: Any, person: Contact, path: str) -> None:
    segment = calculated("Aa", criteria=VIP)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(path.format(segment.pk, person.pk)).status_code == 200
        return len(captured)

    calculated("A second", criteria=VIP)
    queries()
    before = queries()
    for number in range(4):
        calculated(f"More {number}", criteria=VIP)
        factories.contact(first_name="Ada")
    assert queries() == before


def test_the_preview_tells_a_negated_criterion_as_negated(client: Any, person: Contact) -> None:
    """As the tree does: never its opposite."""
    segment = create(criteria={"all": [VIP, {"not": LATE}]})
    text = told(client, f"/segments/{segment.pk}/")
    assert "Does not have the tag LATE" in text


def test_of_many_segments_the_newest_calculations_are_looked_at(
    client: Any, person: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    from insights.views import memberships
    from segmentation import contact_pages

    for module in (memberships, contact_pages):
        monkeypatch.setattr(module, "LOOKED_AT", 2)
    for name in ("A old", "B", "C"):
        calculated(name, criteria=VIP)
    text = client.get(f"/contacts/{person.pk}/segments/?show=in").content.decode()
    assert re.findall(r'class="name" href="/segments/\d+/">([^<]+)<', text) == ["B", "C"]
    assert "The 2 segments calculated last were looked at." in text
    card = client.get(f"/contacts/{person.pk}/").content.decode()
    assert ">C</a>" in card
    assert ">A old</a>" not in card
