"""Ready-made criteria: each opens in the form, is finished or says what is missing, and finds whom it names."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from config.templatetags.sito import icon
from segmentation import builder
from segmentation.builder import BuilderErrors, from_post, from_template
from segmentation.criteria import Catalog, Context, Words, check, parse
from segmentation.engine import evaluate, snapshot
from segmentation.models import Draft, Segment
from segmentation.templates import BLANK, GROUPS, TEMPLATES
from tests import factories
from tests.population import NOWS, ZONES
from tests.support.posted import fields_of

pytestmark = pytest.mark.django_db

NOW, WARSAW = NOWS[0], ZONES[0]
PLACE = "segment:new"
PAGE = "/segments/create/"
HTMX = {"HX-Request": "true", "HX-Target": "builder"}


@pytest.fixture
def client(client_for: Callable, marketer: Any) -> Client:
    return client_for(marketer)


def filled(tree: Any, values: Iterator[str]) -> Any:
    """The criteria with each blank filled in, in their order."""
    if isinstance(tree, dict):
        return {key: filled(value, values) for key, value in tree.items()}
    if isinstance(tree, list):
        return [filled(value, values) for value in tree]
    return next(values) if tree == BLANK else tree


def found(key: str, *values: str, now: datetime = NOW) -> set[int]:
    tree = parse(filled(TEMPLATES[key].fitted(Catalog()).criteria, iter(values)))
    check(tree, Catalog())
    with snapshot():
        return set(evaluate(tree, context=Context(now=now, zone=WARSAW)).members)


def ago(**span: int) -> datetime:
    return NOW - timedelta(**span)


@pytest.fixture
def named(account: Any) -> None:
    """What the marks in the criteria stand for."""
    factories.attribute("birth_date", "date")
    factories.consent("offers")
    factories.consent("texts", channel="sms")


# --- all of them ---------------------------------------------------------------------------------------------
def test_every_key_is_there_once_with_a_name_a_sentence_and_an_icon() -> None:
    listed = [template for group in GROUPS for template in group.templates]
    assert len(listed) == len(TEMPLATES)
    for template in listed:
        assert str(template.name)
        assert str(template.help).endswith(".")
        assert icon(template.icon).startswith("<svg")
    assert len({str(template.name) for template in listed}) == len(listed)


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize("key", TEMPLATES)
def test_each_is_of_the_language_and_can_be_told_and_counted(key: str) -> None:
    template = TEMPLATES[key].fitted(Catalog())
    factories.contact()
    tree = filled(template.criteria, iter(["X", "Y"]))
    node = parse(tree)
    catalog = Catalog()
    check(node, catalog)
    with snapshot():
        context = Context(now=NOW, zone=WARSAW)
        assert evaluate(node, context=context).members.issubset(context.everyone)
    assert str(node.sentence(Words(now=NOW, zone=WARSAW, catalog=catalog)).finished)


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize("key", TEMPLATES)
def test_each_opens_in_the_form_as_it_is_and_what_is_left_blank_is_refused(key: str) -> None:
    template = TEMPLATES[key].fitted(Catalog())
    form = from_template(key, place=PLACE)
    assert form is not None
    assert sum(len(fields) for fields in form.errors.values()) == template.blanks
    assert form.shows_errors == (template.blanks > 0)
    if not template.blanks:
        assert form.criteria() == template.criteria
        return
    marked = [(leaf, name) for leaf in form.shape.leaves() for name in form.errors.get(leaf.id, {})]
    assert all(leaf.values[name] == [""] for leaf, name in marked)
    assert form.focus == f"{marked[0][0].id}-{marked[0][1]}"
    with pytest.raises(BuilderErrors):
        form.criteria()
    for number, (leaf, name) in enumerate(marked):
        leaf.values[name] = [f"V{number}"]
    values = iter([f"V{number}" for number in range(template.blanks)])
    assert form.criteria() == filled(template.criteria, values)


def test_there_are_none_of_another_name() -> None:
    assert from_template("everyone", place=PLACE) is None
    assert BLANK not in str([TEMPLATES[key].criteria for key in TEMPLATES if not TEMPLATES[key].blanks])


# --- orders and products -------------------------------------------------------------------------------------
def test_a_brand_for_more_than_an_amount_is_a_sum_over_lines_of_half_a_year() -> None:
    """SD13."""
    two_orders, exactly, old, other_brand, cancelled = (factories.contact() for _ in range(5))
    half = {"product": "P", "brand": "Ray", "amount": "150.01"}
    rest = {"product": "Q", "brand": "Other", "amount": 5000}
    factories.order(two_orders, at=ago(days=2), lines=[half, rest])
    factories.order(two_orders, at=ago(days=100), lines=[{**half, "brand": "RAY", "amount": "150"}])
    factories.order(exactly, at=ago(days=2), lines=[{**half, "amount": 300}, rest])
    factories.order(old, at=ago(days=2), lines=[half])
    factories.order(old, at=ago(days=200), lines=[{**half, "amount": 900}])
    factories.order(other_brand, at=ago(days=2), lines=[rest])
    factories.order(cancelled, at=ago(days=2), lines=[{**half, "amount": 900}], status="cancelled")
    factories.contact()
    assert found("brand_amount", "Ray") == {two_orders.pk}


def test_the_spending_bands_part_the_buyers_whatever_the_number_of_orders() -> None:
    """SD14."""
    bands = {"spent_below_100": 1, "spent_100_500": 2, "spent_500_1000": 3, "spent_over_1000": 4}
    expected: dict[int, set[int]] = {1: set(), 2: set(), 3: set(), 4: set()}
    for band, totals in [
        (1, ["0"]),
        (1, ["50", "49.9999"]),
        (2, ["100"]),
        (2, ["50", "50"]),
        (2, ["499.9999"]),
        (3, ["500"]),
        (3, ["400", "600"]),
        (4, ["1000.0001"]),
        (4, ["700", "700"]),
    ]:
        contact = factories.contact()
        expected[band].add(contact.pk)
        for total in totals:
            factories.order(contact, at=ago(days=900), total=total)
        factories.order(contact, at=ago(days=900), total=5000, status="refunded")
    factories.contact()
    only_cancelled = factories.contact()
    factories.order(only_cancelled, at=ago(days=1), total=50, status="cancelled")
    assert {key: found(key) for key in bands} == {key: expected[band] for key, band in bands.items()}


def test_only_through_paid_ads_takes_one_order_from_elsewhere_as_a_no() -> None:
    """SD15."""
    paid, mixed, unpaid, cancelled_other, cancelled_paid = (factories.contact() for _ in range(5))
    factories.contact()
    factories.order(paid, at=ago(days=3), channel="ad", total=1)
    factories.order(paid, at=ago(days=900), channel="ad", total=1)
    factories.order(mixed, at=ago(days=3), channel="ad", total=1)
    factories.order(mixed, at=ago(days=900), channel="direct", total=1)
    factories.order(unpaid, at=ago(days=3), channel="utm", total=1)
    factories.order(cancelled_other, at=ago(days=3), channel="ad", total=1)
    factories.order(cancelled_other, at=ago(days=2), channel="search", total=1, status="cancelled")
    factories.order(cancelled_paid, at=ago(days=3), channel="ad", total=1, status="refunded")
    assert found("only_paid") == {paid.pk, cancelled_other.pk}


def test_a_product_in_the_last_month_and_never_its_accessory() -> None:
    """SD16."""
    lenses, both, long_ago_both, long_ago, accessory = (factories.contact() for _ in range(5))
    sold = {"product": "LENSES", "amount": 80}
    fluid = {"product": "FLUID", "amount": 30}
    factories.contact()
    factories.order(lenses, at=ago(days=5), lines=[sold, {"product": "CASE", "amount": 5}])
    factories.order(both, at=ago(days=5), lines=[sold, fluid])
    factories.order(long_ago_both, at=ago(days=5), lines=[sold])
    factories.order(long_ago_both, at=ago(days=2000), lines=[fluid])
    factories.order(long_ago, at=ago(days=40), lines=[sold])
    factories.order(accessory, at=ago(days=5), lines=[fluid])
    assert found("without_accessory", "Lenses", "Fluid") == {lenses.pk}


# --- engagement ----------------------------------------------------------------------------------------------
@pytest.fixture
def people() -> dict[str, int]:
    """Contacts by what they did last, each two years old but the new one."""
    last = {"today": 0, "13_days": 13, "29_days": 29, "59_days": 59, "89_days": 89, "170_days": 170, "400_days": 400}
    made = {name: factories.contact(created_at=ago(days=730)) for name in (*last, "never", "only_sent")}
    made["new"] = factories.contact(created_at=ago(days=20))
    for name, days in last.items():
        factories.visit(made[name], at=ago(days=days))
    factories.activity(made["only_sent"], "email_sent", at=ago(days=1))
    return {name: contact.pk for name, contact in made.items()}


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("engaged", ["today", "13_days", "29_days", "59_days", "89_days"]),
        ("unengaged", ["170_days", "400_days", "never", "only_sent", "new"]),
        ("interacted", ["today", "13_days"]),
        ("interacted_30", ["today", "13_days", "29_days"]),
        ("interacted_60", ["today", "13_days", "29_days", "59_days"]),
        ("sunset", ["400_days", "never", "only_sent"]),
    ],
)
def test_engagement_finds_whom_it_names(people: dict[str, int], key: str, names: list[str]) -> None:
    assert found(key) == {people[name] for name in names}


def test_the_contact_page_and_the_criterion_agree_on_who_is_engaged(people: dict[str, int], account: Any) -> None:
    from activities.selectors import engagement
    from contacts.models import Contact

    days = account.engagement_days
    said = {
        pk for pk in people.values() if engagement(Contact.objects.get(pk=pk), days=days, now=NOW, zone=WARSAW).engaged
    }
    assert said == found("engaged")


# --- buyers --------------------------------------------------------------------------------------------------
def test_kinds_of_buyers_find_whom_they_name() -> None:
    """A hundred buyers: number n spent n; the first twenty in two orders, the next five in three."""
    buyers = [factories.contact() for _ in range(100)]
    nobody, cancelled = factories.contact(), factories.contact()
    factories.order(cancelled, at=ago(days=1), total=9999, status="cancelled")
    orders = {n: 2 if n <= 20 else 3 if n <= 25 else 1 for n in range(1, 101)}
    for n, contact in enumerate(buyers, 1):
        for part in range(orders[n]):
            factories.order(contact, at=ago(days=n), total=n - orders[n] + 1 if part == 0 else 1)
    pks = {n: contact.pk for n, contact in enumerate(buyers, 1)}
    expected = {
        "low_spenders": range(1, 81),
        "medium_spenders": range(81, 100),
        "big_spenders": [100],
        "frequent_buyers": range(1, 26),
        "one_time_buyers": range(26, 101),
        "returning_buyers": range(1, 26),
    }
    for key, numbers in expected.items():
        assert found(key) == {pks[n] for n in numbers}, key
    assert found("no_order_yet") == {nobody.pk, cancelled.pk}


def test_the_rfm_groups_part_the_buyers_and_champions_are_the_best() -> None:
    """Five buyers, the better the later, the more often and the more: each has its own score in everything."""
    buyers = [factories.contact() for _ in range(5)]
    for n, contact in enumerate(buyers, 1):
        for _part in range(n):
            factories.order(contact, at=ago(days=100 - 10 * n), total=100 * n)
    factories.contact()
    groups = {key: found(key) for key in (template.key for template in GROUPS[-1].templates)}
    assert sorted(pk for group in groups.values() for pk in group) == sorted(each.pk for each in buyers)
    assert groups["champions"] == {buyers[4].pk}
    assert groups["loyal"] == {buyers[3].pk}
    assert groups["need_attention"] == {buyers[2].pk}
    assert groups["hibernating"] == {buyers[1].pk}
    assert groups["lost"] == {buyers[0].pk}


# --- on the page ---------------------------------------------------------------------------------------------
def data_of(response: Any) -> QueryDict:
    """The form of the page as a browser without scripts sends it."""
    text = response.content.decode()
    start = text.index('<form class="create"')
    return fields_of(text[start : text.index("</form>", start)])


def test_an_address_opens_the_form_filled(client: Client) -> None:
    response = client.get(f"{PAGE}?template=only_paid")
    assert response.status_code == 200
    data = data_of(response)
    assert from_post(data, place=PLACE).criteria() == TEMPLATES["only_paid"].criteria


def test_an_unknown_one_is_said_and_opens_an_empty_form(client: Client) -> None:
    response = client.get(f"{PAGE}?template=everyone")
    assert "There are no ready-made criteria of that name." in response.content.decode()
    assert response.context["builder"].pristine


def test_a_blank_is_marked_and_the_segment_refused_until_it_is_filled_in(client: Client) -> None:
    response = client.get(f"{PAGE}?template=brand_amount")
    text = response.content.decode()
    field = response.context["builder"].focus
    assert f'id="{field}-error"' in text
    data = data_of(response)
    assert data[field] == ""
    data["name"] = "Ray"
    refused = client.post(PAGE, data)
    assert refused.status_code == 422
    assert not Segment.objects.exists()
    data[field] = "Ray-Ban"
    assert client.post(PAGE, data).status_code == 302
    criteria = Segment.objects.get().version.criteria
    assert criteria == filled(TEMPLATES["brand_amount"].criteria, iter(["Ray-Ban"]))


def test_a_blank_is_not_counted_as_everyone(client: Client) -> None:
    factories.contact()
    data = data_of(client.get(f"{PAGE}?template=brand_amount"))
    response = client.post("/criteria/count/", data, headers=HTMX)
    assert response.context["live"].total is None
    assert all(node.count is None for node in response.context["live"].nodes.values())


def test_without_scripts_a_button_fills_the_form_and_keeps_what_is_typed_beside_it(client: Client) -> None:
    data = data_of(client.get(PAGE))
    data["name"], data["do"] = "Typed before", "template:champions"
    response = client.post(PAGE, data)
    assert response.status_code == 200
    assert 'value="Typed before"' in response.content.decode()
    assert from_post(data_of(response), place=PLACE).criteria() == TEMPLATES["champions"].criteria


def test_with_scripts_only_the_criteria_are_drawn_again(client: Client) -> None:
    data = data_of(client.get(PAGE))
    data["do"] = "template:without_accessory"
    response = client.post("/criteria/builder/", data, headers=HTMX)
    text = response.content.decode()
    assert "<html" not in text
    assert response.context["builder"].focus in text
    assert "Add ready-made criteria" in text


def test_what_is_in_the_form_already_stays_and_they_come_as_one_more_block(client: Client) -> None:
    data = data_of(client.get(f"{PAGE}?template=engaged"))
    data["do"] = "template:spent_100_500"
    form = from_post(data_of(client.post(PAGE, data)), place=PLACE)
    assert form.criteria() == {"any": [TEMPLATES["engaged"].criteria, TEMPLATES["spent_100_500"].criteria]}
    data["do"] = "template:brand_amount"
    again = from_post(data, place=PLACE)
    first, second = again.shape.leaves()
    assert list(again.errors) == [second.id]
    assert first.values["what"] == ["engagement"]


def test_a_button_that_no_form_has_changes_nothing(client: Client) -> None:
    data = data_of(client.get(f"{PAGE}?template=engaged"))
    data["do"] = "template:everyone"
    form = from_post(data, place=PLACE)
    assert form.problem
    assert len(form.shape.leaves()) == 1


def test_a_draft_is_not_thrown_away_and_the_page_says_that_there_is_one(client: Client, marketer: Any) -> None:
    data = data_of(client.get(f"{PAGE}?template=engaged"))
    assert client.get(PAGE).context["draft_of"] is None
    builder.drafts.keep_draft(marketer, from_post(data, place=PLACE), builder.drafts.Sent(), now=timezone.now())
    response = client.get(f"{PAGE}?template=champions")
    assert "You have a draft of" in response.content.decode()
    assert from_post(data_of(response), place=PLACE).criteria() == TEMPLATES["champions"].criteria
    assert Draft.objects.get().form == {name: data.getlist(name) for name in Draft.objects.get().form}
    back = client.get(PAGE)
    assert back.context["builder"].restored_at is not None
    assert "You have a draft of" not in back.content.decode()
    assert from_post(data_of(back), place=PLACE).criteria() == TEMPLATES["engaged"].criteria


def test_the_list_offers_each_with_its_sentence(client: Client) -> None:
    text = client.get(PAGE).content.decode()
    for key in TEMPLATES:
        assert f'value="template:{key}"' in text
    assert "Start from ready-made criteria" in text


def test_who_may_not_create_segments_opens_none(client_for: Callable, analyst: Any) -> None:
    assert client_for(analyst).get(f"{PAGE}?template=engaged").status_code == 403
