"""One truth for every number: of one calculation every page, list, file and command says the same, and means the same.

A segment of 137 contacts, of whom 40 had been in the calculation before, which 23 have left since.
"""

import html
import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.models import Contact
from exports import store
from exports.lists import export_list
from jobs.services import run
from segmentation.models import Calculation, Segment
from tests.support.segments import SCORED, calculate, calculated, create, scored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
MEMBERS, JOINED, LEFT = 137, 97, 23


@pytest.fixture
def client(client_for: Callable, user: Any) -> Client:
    return client_for(user)


@pytest.fixture
def segment(settings: Any, tmp_path: Any) -> Any:
    settings.MEDIA_ROOT = str(tmp_path)
    now = timezone.now()
    people = scored(LEFT + MEMBERS - JOINED)
    scored(11, score=5)  # never in it
    made = calculated(criteria={"all": [SCORED]}, every=2, unit="day", now=now - timedelta(hours=2))
    Contact.objects.filter(pk__in=people[:LEFT]).update(lead_score=1)
    scored(JOINED, start=1000)
    made.next_refresh_at = now
    Calculation.objects.create(segment=made, version=made.version, reason="refresh", requested_at=now, lease_until=now)
    calculate(made, now=now - timedelta(hours=1))
    return made


def of(pattern: str, text: str) -> int:
    """The one number there is at that place of a page."""
    found = re.findall(pattern, re.sub(r"\s+", " ", text))
    assert len(found) == 1, f"{pattern}: {found}"
    return int(found[0].replace(",", ""))


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def ids_in_manager(client: Client, query: str) -> set[int]:
    """Everybody the contact manager lists, page by page."""
    found: set[int] = set()
    number = 1
    while True:
        text = page(client, f"/contacts/?{query}&page={number}")
        found |= {int(pk) for pk in re.findall(r'<a class="name" href="/contacts/(\d+)/"', text)}
        if f"page={number + 1}" not in text:
            return found
        number += 1


def total(text: str) -> int:
    return of(r'<p class="total"[^>]*><b class="num">([\d,]+) contact', text)


# --- where the number of members stands ----------------------------------------------------------------------
def in_the_list(client: Client, segment: Segment) -> int:
    return of(r'<b title="As of [^"]+">([\d,]+)</b>', page(client, "/segments/"))


def in_the_tabs(client: Client, segment: Segment) -> int:
    return of(r'>Contacts <span class="n num">([\d,]+)</span>', page(client, f"/segments/{segment.pk}/actions/"))


def on_the_preview(client: Client, segment: Segment) -> int:
    return of(r'<div class="stat"><a href="[^"]+">([\d,]+)</a>', page(client, f"/segments/{segment.pk}/"))


def of_the_only_criterion(client: Client, segment: Segment) -> int:
    text = page(client, f"/segments/{segment.pk}/")
    return of(r'class="count num">\s?<b>([\d,]+)</b>', text)


def in_the_history(client: Client, segment: Segment) -> int:
    text = page(client, f"/segments/{segment.pk}/history/")
    return of(rf'<a href="/contacts/\?calculation={segment.latest_id}"><b>([\d,]+)</b>', text)


def on_the_step(client: Client, segment: Segment) -> int:
    return of(
        r'<a href="/contacts/\?calculation=\d+">([\d,]+) contacts</a>',
        page(client, f"/segments/{segment.pk}/history/{segment.latest_id}/"),
    )


def in_the_contact_manager(client: Client, segment: Segment) -> int:
    return total(page(client, f"/contacts/?calculation={segment.latest_id}"))


def before_an_action(client: Client, segment: Segment) -> int:
    return of(r'<div class="stat">([\d,]+)</div>', page(client, f"/segments/{segment.pk}/actions/add/"))


def in_the_comparison(client: Client, segment: Segment) -> int:
    other = calculated("Everyone", criteria={"kind": "field", "field": "id", "op": "is_set"}, now=timezone.now())
    text = page(client, f"/segments/{segment.pk}/compare/?with={other.pk}")
    parts = [of(rf'id="part-{part}">.*?<b>([\d,]+)</b>', text) for part in ("first", "both")]
    return sum(parts)


def in_the_matrix(client: Client, segment: Segment) -> int:
    other = calculated("Everyone", criteria={"kind": "field", "field": "id", "op": "is_set"}, now=timezone.now())
    text = page(client, f"/segments/overlap/?segment={segment.pk}&segment={other.pk}")
    return of(rf'href="/segments/{segment.pk}/compare/\?with={other.pk}"[^>]*><b>([\d,]+)</b>', text)


def when_frozen(client: Client, segment: Segment) -> int:
    return of(
        r"A new segment of ([\d,]+) contacts",
        page(client, f"/segments/{segment.pk}/freeze/?calculation={segment.latest_id}"),
    )


def counted_live(client: Client, segment: Segment) -> int:
    """In the form the criteria are changed with: the data have not changed since."""
    form = page(client, f"/segments/{segment.pk}/criteria/")
    shape = re.search(r'name="shape" value="([^"]*)"', form)
    assert shape
    leaf = re.findall(r"n\d+", shape[1])[-1]
    typed = {f"{leaf}-what": "field:lead_score", f"{leaf}-op": "gt", f"{leaf}-value": "20"}
    data = {"shape": html.unescape(shape[1]), "place": f"segment:{segment.pk}", **typed}
    answer = client.post(reverse("segmentation:count"), data, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return of(r'<div class="stat">([\d,]+)</div>', answer.content.decode())


def by_the_command_count(client: Client, segment: Segment) -> int:
    out = io.StringIO()
    call_command("count", account="acme", criteria=written_criteria(segment), json=True, stdout=out)
    return int(json.loads(out.getvalue())["count"])


def written_criteria(segment: Segment) -> str:
    path = Path(project.MEDIA_ROOT) / "criteria.json"
    path.write_text(json.dumps(segment.version.criteria))
    return str(path)


def by_the_command_members(client: Client, segment: Segment) -> int:
    out = io.StringIO()
    call_command("segment", "members", str(segment.pk), account="acme", stdout=out)
    return len(out.getvalue().split())


def rows_exported(client: Client, segment: Segment) -> int:
    return len(exported(segment, "all"))


def exported(segment: Segment, audience: str) -> set[int]:
    now = timezone.now()
    params = {"columns": ["id"], "separator": "comma", "bom": False}
    export = export_list(segment.latest, audience=audience, params=params, now=now, by=None)
    run("list_export", export.pk, now=now)
    export.refresh_from_db()
    rows = [int(line) for line in store.path_of(export.export_file.stored_as).read_text().split()[1:]]
    assert len(rows) == export.export_file.rows == len(set(rows))
    return set(rows)


PLACES = [
    in_the_list, in_the_tabs, on_the_preview, of_the_only_criterion, in_the_history, on_the_step,
    in_the_contact_manager, before_an_action, in_the_comparison, in_the_matrix, when_frozen, counted_live,
    by_the_command_count, by_the_command_members, rows_exported,
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_every_place_has_the_number_of_the_calculation(place: Callable, client: Client, segment: Any) -> None:
    assert place(client, segment) == MEMBERS


@pytest.mark.parametrize(
    ("query", "audience", "number"),
    [("calculation={}", "all", MEMBERS), ("moved={}.joined", "joined", JOINED), ("moved={}.left", "left", LEFT)],
)
def test_the_lists_hold_exactly_those_counted(
    query: str, audience: str, number: int, client: Client, segment: Any
) -> None:
    """The contact manager's, page by page, the file's and the stored set: the same people."""
    stored = {"all": "member_ids", "joined": "joined_ids", "left": "left_ids"}[audience]
    expected = set(getattr(segment.latest, stored))
    assert len(expected) == number
    assert ids_in_manager(client, query.format(segment.latest_id)) == expected
    assert exported(segment, audience) == expected


def test_what_a_page_of_a_person_says_is_what_the_list_holds(client: Client, segment: Any) -> None:
    members = set(segment.latest.member_ids)
    for pk in (min(members), max(members), *segment.latest.left_ids[:1]):
        contact = page(client, f"/contacts/{pk}/")
        assert (f'href="/segments/{segment.pk}/"' in contact) is (pk in members)
        why = page(client, f"/segments/{segment.pk}/why/{pk}/")
        assert ("does not meet the criteria" in why) is (pk not in members)


def test_joined_and_left_are_one_number_everywhere(client: Client, segment: Any) -> None:
    history = page(client, f"/segments/{segment.pk}/history/")
    preview = page(client, f"/segments/{segment.pk}/")
    listed = page(client, "/segments/")
    for sign, number in (("+", JOINED), ("−", LEFT)):
        for text in (history, preview, listed):
            assert f"{sign}{number}" in text


def test_another_calculation_is_another_number_and_the_old_one_stays(client: Client, segment: Any) -> None:
    old = segment.latest_id
    scored(5, start=5000)
    now = timezone.now()
    Calculation.objects.create(segment=segment, version=segment.version, reason="manual", requested_at=now,
                               lease_until=now)  # fmt: skip
    calculate(segment, now=now)
    assert total(page(client, f"/contacts/?calculation={old}")) == MEMBERS
    assert in_the_contact_manager(client, segment) == on_the_preview(client, segment) == MEMBERS + 5


def test_nothing_is_said_of_a_segment_that_was_not_calculated(client: Client) -> None:
    made = create("Waiting", now=timezone.now())
    text = page(client, f"/segments/{made.pk}/")
    assert "Not calculated yet" in text
    assert '<div class="stat">' not in text
