"""The pages that add actions: choosing, the question, confirming; who may, what is refused."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.urls import reverse
from django.utils.timezone import now as clock
from django_tenants.utils import tenant_context

from actions import services, views
from actions.models import Action, ActionRun
from jobs.models import JobState
from jobs.services import run as run_job
from segmentation.models import Calculation
from tags.models import Tag
from tests import factories
from tests.support.acting import add_tag, add_url, list_url, ready, segment_contacts
from tests.support.audiences import add_calculation, make_contacts, make_segment, ready_segment, start_calculation

HTMX = {"HX-Request": "true", "HX-Target": "actions"}


@pytest.fixture
def client(client_for, marketer):
    return client_for(marketer)


def test_the_page_offers_the_seven_kinds(client):
    """IP17."""
    text = client.get(add_url(ready())).content.decode()
    for title in (
        "Add category", "Remove category", "Add tag", "Remove tag", "Add consent", "Remove consent", "Export",
    ):  # fmt: skip
        assert title in text


@pytest.mark.parametrize(
    "kind", ["add_category", "remove_category", "add_tag", "remove_tag", "add_consent", "remove_consent", "export"]
)
def test_each_kind_has_its_form_as_page_and_as_part(client, kind):
    segment = ready(refreshes=True)
    whole = client.get(add_url(segment), {"kind": kind})
    part = client.get(add_url(segment), {"kind": kind}, headers=HTMX)
    assert (whole.status_code, part.status_code) == (200, 200)
    assert b"<html" in whole.content
    assert b"<html" not in part.content
    assert f'value="{kind}"'.encode() in part.content


@pytest.mark.parametrize("when", ["before it is read", "after it was read"])
def test_a_calculation_that_ends_while_the_segment_is_read_closes_nothing(client, monkeypatch, when):
    segment = make_segment()
    calculation = start_calculation(segment, at=clock())
    read = views.segment_for

    def ends(*asked):
        if when == "before it is read":
            run_job("calculation", calculation.pk, now=clock())
        found = read(*asked)
        run_job("calculation", calculation.pk, now=clock())
        return found

    monkeypatch.setattr(views, "segment_for", ends)
    answer = client.post(add_url(segment), {"kind": "add_tag", "tags": "vip"})
    assert answer.status_code == 200
    assert "readiness window has closed" not in answer.content.decode()
    monkeypatch.setattr(views, "segment_for", read)
    question = dict(re.findall(r'name="(calculation|question)" value="(\w+)"', answer.content.decode()))
    assert question["calculation"] == str(calculation.pk)
    done = client.post(add_url(segment), {"kind": "add_tag", "tags": "vip", "confirmed": "yes", **question})
    assert done.status_code == 302
    assert ActionRun.objects.count() == 1


def test_nothing_is_done_before_it_was_confirmed(client):
    segment = ready()
    answer = client.post(add_url(segment), {"kind": "add_tag", "tags": "vip, zażółć"})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Add tag VIP" in text
    assert "Add tag ZAZOLC" in text
    assert not Action.objects.exists()
    assert not Tag.objects.exists()


def rendered(text):
    """What a browser would send from the page: its inputs, apart from buttons."""
    parser = Inputs()
    parser.feed(text)
    return parser.sent


class Inputs(HTMLParser):
    def __init__(self):
        super().__init__()
        self.sent = {}

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        unset = given.get("type") in ("checkbox", "radio") and "checked" not in given
        if tag == "input" and given.get("name") and not unset:
            self.sent.setdefault(given["name"], []).append(given.get("value") or "")


def filled_in(kind):
    """What somebody would type for this kind."""
    category, consent = factories.category("klient"), factories.consent()
    factories.tag("VIP")
    return {
        "add_tag": {"tags": "vip"},
        "remove_tag": {"tags": "vip"},
        "add_category": {"category": category.pk},
        "remove_category": {"category": category.pk},
        "add_consent": {"consent": consent.pk, "source": "fair; 'x' \"y\""},
        "remove_consent": {"consent": consent.pk, "source": "letter"},
        "export": {
            "columns": ["email", "id"],
            "order": ["email", "id"],
            "names": ["", "No"],
            "separator": "semicolon",
        },
    }[kind]


@pytest.mark.parametrize(
    "kind", ["add_category", "remove_category", "add_tag", "remove_tag", "add_consent", "remove_consent", "export"]
)
def test_what_is_confirmed_is_what_was_asked(client, kind):
    """Walks the question with the very inputs it renders."""
    segment, typed = ready(refreshes=True), filled_in(kind)
    asked = client.post(add_url(segment), {"kind": kind, "repeat": "every", "audience": "left"} | typed)
    answer = client.post(add_url(segment), rendered(asked.content.decode()) | {"confirmed": "yes"})
    assert answer.status_code == 302, answer.content.decode()
    action = Action.objects.get()
    assert (action.kind, action.every_refresh, action.audience) == (kind, True, "left")
    if kind == "export":
        asked = {"columns": ["email", "id"], "names": {"id": "No"}, "separator": "semicolon", "bom": False}
        assert action.params == asked | {"format": "csv", "consent": ""}
    if kind == "remove_category":
        assert action.params["below"] is False
    if kind == "add_consent":
        assert action.params["source"] == typed["source"]


@pytest.mark.parametrize("kind", ["export", "add_tag", "add_consent"])
def test_a_question_is_answered_once_even_after_its_run_is_over(client, settings, tmp_path, kind):
    """A double click, or going back and sending it again, adds nothing and says so; two tags are one answer."""
    settings.MEDIA_ROOT = str(tmp_path)
    segment, typed = ready(), filled_in(kind) | ({"tags": "vip, other"} if kind == "add_tag" else {})
    sent = rendered(client.post(add_url(segment), {"kind": kind} | typed).content.decode()) | {"confirmed": "yes"}
    assert client.post(add_url(segment), sent).status_code == 302
    number = Action.objects.count()
    for run in ActionRun.objects.all():
        run_job("action", run.pk, now=clock())
    again = client.post(add_url(segment), sent, follow=True)
    assert again.redirect_chain[-1][0] == list_url(segment)
    assert "Already added" in again.content.decode()
    assert Action.objects.count() == number
    asked = client.post(add_url(segment), {"kind": kind} | typed)
    anew = rendered(asked.content.decode()) | {"confirmed": "yes"}
    assert client.post(add_url(segment), anew).status_code == 302
    assert Action.objects.count() == 2 * number


@pytest.mark.parametrize("question", ["", "x", "0" * 31, "%" * 32, "0" * 33])
def test_an_answer_to_no_question_adds_nothing(client, question):
    assert add_tag(client, ready(), question=question).status_code == 422
    assert not Action.objects.exists()


def test_two_tags_typed_at_once_are_two_actions(client, marketer):
    """ST6."""
    segment = ready()
    answer = add_tag(client, segment, tags="vip, zażółć")
    assert answer.headers["Location"] == list_url(segment)
    assert set(Tag.objects.values_list("name", flat=True)) == {"VIP", "ZAZOLC"}
    assert Action.objects.filter(created_by=marketer, runs__state=JobState.WAITING).count() == 2


def test_a_new_tag_is_not_left_behind_by_a_refused_action(client):
    """All or none: the second of two tags is planned already."""
    segment = ready()
    add_tag(client, segment, tags="vip")
    answer = add_tag(client, segment, tags="new, vip")
    assert answer.status_code == 422
    assert "already planned" in answer.content.decode()
    assert not Tag.objects.filter(name="NEW").exists()


def test_going_back_keeps_what_was_typed(client):
    answer = client.post(add_url(ready()), {"kind": "add_tag", "tags": "vip", "back": "yes"})
    assert b'value="vip"' in answer.content


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "add_tag", "tags": ""},
        {"kind": "add_tag", "tags": " , "},
        {"kind": "remove_tag", "tags": "unknown"},
        {"kind": "add_category", "category": "999999999"},
        {"kind": "add_consent", "consent": "", "source": "fair"},
        {"kind": "export", "columns": [], "separator": "comma"},
        {"kind": "export", "columns": ["attribute:gone"], "separator": "comma"},
        {"kind": "export", "columns": ["email"], "separator": "dot"},
        {"kind": "send_mail"},
    ],
)
def test_bad_input_is_answered_422_and_adds_nothing(client, given):
    segment = ready()
    assert client.post(add_url(segment), given | {"confirmed": "yes"}).status_code == 422
    assert client.post(add_url(segment), given | {"confirmed": "yes"}, headers=HTMX).status_code == 422
    assert not Action.objects.exists()


def test_a_consent_needs_a_source(client):
    consent = factories.consent()
    given = {"kind": "add_consent", "consent": consent.pk, "source": " ", "confirmed": "yes"}
    answer = client.post(add_url(ready()), given)
    assert answer.status_code == 422
    assert b'aria-invalid="true"' in answer.content


def test_a_segment_calculated_once_is_not_asked_how_often(client):
    text = client.get(add_url(ready()), {"kind": "add_tag"}).content.decode()
    assert 'name="repeat"' not in text


def test_a_recurring_action_for_those_who_joined(client):
    """SG1."""
    segment = ready(refreshes=True)
    add_tag(client, segment, repeat="every", audience="joined")
    action = Action.objects.get()
    assert (action.every_refresh, action.audience) == (True, "joined")


def test_planning_while_in_creation(client):
    """IP18."""
    segment = make_segment()
    start_calculation(segment, at=clock())
    assert "as soon as the calculation ends" in client.get(add_url(segment)).content.decode()
    assert add_tag(client, segment).status_code == 302
    assert "Planned and recurring" in client.get(list_url(segment)).content.decode()
    assert not ActionRun.objects.exists()


def test_a_plan_agreed_to_before_the_criteria_changed_is_asked_again(client):
    """Whoever the new criteria let in, the question never spoke of them."""
    segment = make_segment()
    first = start_calculation(segment, at=clock())
    asked = client.post(add_url(segment), {"kind": "add_tag", "tags": "vip"})
    sent = rendered(asked.content.decode()) | {"confirmed": "yes"}
    assert sent["calculation"] == [str(first.pk)]
    Calculation.objects.filter(pk=first.pk).delete()
    add_calculation(segment, make_contacts(5), at=clock())
    answer = client.post(add_url(segment), sent)
    assert answer.status_code == 422
    assert "its criteria have changed" in answer.content.decode()
    del sent["calculation"]
    assert client.post(add_url(segment), sent).status_code == 422
    assert not Action.objects.exists()
    assert not Tag.objects.exists()


def test_the_form_says_that_the_window_has_closed(client):
    """IP20."""
    segment = ready_segment(make_contacts(1), at=clock() - timedelta(hours=25))
    assert "window has closed" in client.get(add_url(segment), {"kind": "add_tag"}).content.decode()
    answer = add_tag(client, segment)
    assert answer.status_code == 422
    assert "window has closed" in answer.content.decode()
    assert not Action.objects.exists()


def test_an_analyst_may_look_but_not_add(client_for, analyst):
    segment, looking = ready(), client_for(analyst)
    assert looking.get(list_url(segment)).status_code == 200
    assert looking.get(add_url(segment)).status_code == 403
    assert add_tag(looking, segment).status_code == 403
    assert "Add action" not in looking.get(list_url(segment)).content.decode()


def test_an_analyst_may_not_stop_cancel_or_retry(client_for, analyst):
    segment = ready(refreshes=True)
    tag = factories.tag("VIP")
    action = services.plan_action(
        segment, kind="add_tag", params={"tag": tag.pk, "name": "VIP"}, every_refresh=True, now=clock(), by=None
    )
    looking, run = client_for(analyst), action.runs.get()
    for name, pk in (("stop", action.pk), ("cancel", run.pk), ("retry", run.pk)):
        assert looking.post(reverse(f"actions:{name}", args=[pk])).status_code == 403
    assert looking.get(reverse("actions:stop", args=[action.pk])).status_code == 403


def test_another_accounts_segment_is_not_found(client_for, other_account, make_user):
    segment = ready()
    with tenant_context(other_account):
        stranger = client_for(make_user("owner"))
        assert stranger.get(list_url(segment)).status_code == 404
        assert stranger.get(add_url(segment)).status_code == 404
        for name in ("stop", "cancel", "retry"):
            assert stranger.post(reverse(f"actions:{name}", args=[1])).status_code == 404


def test_moving_a_column_of_an_export_adds_nothing_yet(client):
    segment = ready()
    columns = ["email", "first_name"]
    given = {"kind": "export", "columns": columns, "order": columns, "separator": "comma", "move": "up:first_name"}
    text = client.post(add_url(segment), given).content.decode()
    assert rendered(text)["order"] == ["first_name", "email"]
    assert not Action.objects.exists()


def test_a_column_chosen_or_dropped_changes_the_order_at_its_end(client):
    given = {"kind": "export", "columns": ["id", "phone", "email"], "order": ["phone", "source", "email"], "move": ""}
    text = client.post(add_url(ready()), given).content.decode()
    assert rendered(text)["order"] == ["phone", "email", "id"]
    assert set(rendered(text)["columns"]) == {"id", "phone", "email"}


def test_every_column_of_an_export_is_offered_under_its_heading(client):
    factories.attribute("city", name="City")
    factories.consent("newsletter")
    text = client.get(add_url(ready()), {"kind": "export"}).content.decode()
    headings = ["Contact", "Attributes", "Labels", "Consents"]
    places = [text.index(f"<legend>{heading}</legend>") for heading in headings]
    assert places == sorted(places)
    for key in ("lead_score", "attribute:city", "tags", "categories", "consent:newsletter"):
        assert f'name="columns" value="{key}"' in text


def asked(client, segment, **given):
    """The question before it is done, as words."""
    answer = client.post(add_url(segment), given)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_the_question_tells_how_many_would_change(client):
    """SG5."""
    segment = ready(5)
    people = segment_contacts(segment)
    factories.tag("VIP", *people[:2])
    people[4].delete()
    text = asked(client, segment, kind="add_tag", tags="vip, new")
    assert "Add tag VIP will change 2 already so 2 no longer exist 1" in text
    assert "Add tag NEW This tag does not exist yet: it will be created. will change 4 already so 0" in text
    assert "Counted" in text
    assert not Tag.objects.filter(name="NEW").exists()


def test_the_question_shows_a_category_with_its_parents(client):
    category = factories.category("program/gold")
    given = {"kind": "remove_category", "category": category.pk, "below": "on"}
    assert "Remove category Program / Gold and those below it" in asked(client, ready(), **given)


def test_the_question_about_an_export_names_columns_and_form(client):
    given = {"kind": "export", "columns": ["email", "id"], "order": ["id", "email"], "separator": "semicolon"}
    text = asked(client, ready(3), **given)
    assert "rows in the file 3" in text
    assert "Columns Id, E-mail" in text
    assert "semicolon" in text


def test_in_creation_the_question_says_when_the_numbers_are_known(client):
    """IP18. Numbers of an older result would be those of other people."""
    segment = ready_segment(make_contacts(3), at=clock() - timedelta(days=3))
    start_calculation(segment, at=clock())
    text = asked(client, segment, kind="add_tag", tags="vip")
    assert "The numbers are known after the calculation." in text
    assert "will change" not in text
    assert "Counted" not in text
