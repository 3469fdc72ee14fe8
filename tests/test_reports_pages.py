"""The pages of reports: made, changed, shared, copied, deleted, taken as files; who may."""

import csv
import io
import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from contacts.models import Contact
from insights.statistics import lists
from reports import sources
from reports.models import Report, Sharing
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
FORM = {
    "name": "Wiosna", "beside": "base", "weeks": "12", "sharing": "private", "seen": "0",
    "parts": ["revenue", "consents", "attributes"], "dimensions": ["status", "source"],
    "order": ["revenue", "attributes", "consents"],
}  # fmt: skip


@pytest.fixture
def client(client_for: Any, user: Any) -> Any:
    return client_for(user)


@pytest.fixture
def tag() -> Any:
    """VIP: two of three."""
    now = timezone.now()
    made = [factories.contact(lead_score=score, source="=1+1", now=now - timedelta(days=1)) for score in (5, 7, 90)]
    factories.order(made[0], at=now, total="120.50")
    return factories.tag("VIP", *made[:2], at=now)


def made(client: Any, tag: Any, **more: Any) -> Report:
    answer = client.post("/reports/new/", FORM | {"of": f"tag.{tag.pk}"} | more)
    assert answer.status_code == 302, re.findall(r"invalid-feedback[^<]*<?[^<]*", answer.text)
    return Report.objects.latest("pk")


def shared(client: Any, tag: Any, **more: Any) -> Report:
    return made(client, tag, sharing="account", **more)


# --- choosing of whom ------------------------------------------------------------------------------------------
def options(text: str) -> list[str]:
    """Those of the first list that name a group."""
    return re.findall(r'<option value="((?:segment|tag|category|saved)\.\d+)"', text.split("</select>", maxsplit=1)[0])


def test_of_very_many_groups_some_are_listed_and_any_is_found_by_its_name(
    client: Any, tag: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MOST", 2)
    few = client.get("/reports/new/").text
    assert 'name="find-of"' not in few
    others = [factories.tag(name) for name in ("ALFA", "BETA", "ZOLTY")]
    many = client.get("/reports/new/").text
    assert "There are more than are listed" in many
    assert options(many) == [f"tag.{others[0].pk}", f"tag.{others[1].pk}"]
    form = FORM | {"of": f"tag.{tag.pk}", "move": "find", "find-of": "żółt"}
    found = client.post("/reports/new/", form, headers={"hx-request": "true"}).text
    assert options(found) == [f"tag.{tag.pk}", f"tag.{others[2].pk}"]  # what is chosen stays
    assert 'name="find-of"' in found.split("find-beside")[0]
    nothing = client.post("/reports/new/", form | {"find-of": "\x00"})
    assert (nothing.status_code, options(nothing.text)[1:]) == (200, options(many))
    chosen = client.post("/reports/new/", FORM | {"of": f"tag.{others[2].pk}"})
    assert chosen.status_code == 302
    assert Report.objects.get().of == f"tag.{others[2].pk}"


# --- making ----------------------------------------------------------------------------------------------------
def test_a_report_is_made_of_chosen_parts_in_their_order(client: Any, tag: Any) -> None:
    report = made(client, tag)
    assert (report.of, report.beside, report.parts) == (f"tag.{tag.pk}", "base", ["revenue", "attributes", "consents"])
    assert [one["key"] for one in report.dimensions] == ["status", "source"]
    shell = client.get(f"/reports/{report.pk}/")
    assert 'hx-trigger="load"' in shell.text
    text = client.get(f"/reports/{report.pk}/?count=1", headers={"hx-request": "true"}).text
    assert text.lstrip().startswith('<div id="report"')
    assert text.index('id="revenue-title"') < text.index('id="attributes-title"') < text.index('id="consents-title"')
    assert re.search(r'<div class="stat"><a href="[^"]*">2</a>', text)


@pytest.fixture
def found_by(rf: Any, user: Any, account: Any) -> Any:
    """How many contacts an address names, without the manager's page around them."""

    def found(url: str) -> int:
        request = rf.get(url)
        request.user, request.tenant, request.now = user, account, timezone.now()
        return len(lists.among(request, request.GET["among"]).ids)

    return found


def test_every_number_leads_to_its_list(client: Any, tag: Any, found_by: Any) -> None:
    now = timezone.now()
    for person in Contact.objects.all():
        factories.visit(person, at=now, channel="ad")
        factories.activity(person, "product_view", at=now)
    parts = [
        "size",
        "attributes",
        "engagement",
        "consents",
        "activities",
        "visits",
        "orders",
        "revenue",
        "joined",
        "first",
    ]
    factories.consent()
    report = made(client, tag, parts=parts, order=parts, dimensions=["status", "lead_score", "source", "age"])
    text = client.get(f"/reports/{report.pk}/?count=1").text
    links = re.findall(
        r'<a href="(/contacts/\?[^"]*)"[^>]*>(?:<b class="num">[^<]*</b><small class="num">)?([\d,]+)<', text
    )
    assert len(links) > 15
    assert {kind for kind in ("~cohort~", "~ordered~", "~came~", "~did~", "~engagement~", "~bought~", "~consent~")
            if any(kind in url for url, _number in links)} >= {"~cohort~", "~ordered~", "~engagement~"}  # fmt: skip
    for url, number in sorted(set(links)):
        if "among=" in url:
            assert found_by(url.replace("&amp;", "&")) == int(number.replace(",", "")), url


def test_a_button_moves_a_part_and_saves_nothing(client: Any, tag: Any) -> None:
    answer = client.post("/reports/new/", FORM | {"of": "all", "name": "", "move": "consents.up"})
    assert answer.status_code == 200
    order = re.findall(r'name="order" value="([a-z]+)"', answer.text)
    assert order[:3] == ["revenue", "consents", "attributes"]
    assert len(order) == len(set(order)) == 10
    assert not Report.objects.exists()
    top = client.post("/reports/new/", FORM | {"of": "all", "move": "revenue.up"})
    assert re.findall(r'name="order" value="([a-z]+)"', top.text)[:2] == ["revenue", "attributes"]


def test_the_form_is_filled_in_by_the_address(client: Any, tag: Any) -> None:
    text = client.get(f"/reports/new/?of=tag.{tag.pk}").text
    assert re.search(rf'value="tag.{tag.pk}" selected', text)
    assert 'value="base" selected' in client.get("/reports/new/?of=all&beside=base").text
    for gone in ("of=segment.999999999", "of=%00", "of=base", "beside=tag.999999999", f"of=tag.{tag.pk}&of=all"):
        assert client.get(f"/reports/new/?{gone}").status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "\x00"),
        ("name", "x" * 201),
        ("of", ""),
        ("of", "tag.999999999"),
        ("of", "calculation.1"),
        ("of", "\x00"),
        ("of", "base"),
        ("beside", "segment.99999999999999999999"),
        ("beside", "all~x"),
        ("parts", []),
        ("parts", ["nothing"]),
        ("dimensions", []),
        ("dimensions", ["a99999"]),
        ("weeks", "13"),
        ("sharing", "world"),
        ("sharing", "groups"),
        ("groups", ["7"]),
        ("seen", "-1"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(client: Any, tag: Any, field: str, value: Any) -> None:
    answer = client.post("/reports/new/", FORM | {"of": f"tag.{tag.pk}", field: value})
    assert answer.status_code == 422
    assert "invalid" in answer.text or field == "seen"  # which is hidden
    assert not Report.objects.exists()


def test_a_group_is_not_compared_with_itself(client: Any, tag: Any) -> None:
    answer = client.post("/reports/new/", FORM | {"of": f"tag.{tag.pk}", "beside": f"tag.{tag.pk}"})
    assert answer.status_code == 422


# --- changing --------------------------------------------------------------------------------------------------
def test_a_form_opened_before_anothers_change_is_refused(client: Any, client_for: Any, owner: Any, tag: Any) -> None:
    report = shared(client, tag)
    url, asked = f"/reports/{report.pk}/edit/", FORM | {"of": "all", "beside": "", "sharing": "account", "seen": "1"}
    assert client_for(owner).post(url, asked | {"name": "Theirs"}).status_code == 302
    answer = client.post(url, asked | {"name": "Mine"})
    assert answer.status_code == 409
    assert "Nothing of yours was saved" in answer.text
    report.refresh_from_db()
    assert (report.name, report.of, report.revision) == ("Theirs", "all", 2)


def test_it_is_copied_as_ones_own(client: Any, client_for: Any, make_user: Any, tag: Any) -> None:
    report, other = shared(client, tag), make_user("marketer")
    answer = client_for(other).post(f"/reports/{report.pk}/copy/")
    copy = Report.objects.latest("pk")
    assert answer["Location"] == f"/reports/{copy.pk}/"
    assert (copy.owner, copy.sharing, copy.parts) == (other, Sharing.PRIVATE, report.parts)
    assert copy.name == "Wiosna (copy)"


def test_deleting_asks_first(client: Any, tag: Any) -> None:
    report = made(client, tag)
    url = f"/reports/{report.pk}/delete/"
    assert "Delete the report “Wiosna”?" in client.get(url, headers={"hx-request": "true"}).text
    assert Report.objects.exists()
    assert client.post(url)["Location"] == "/reports/"
    assert not Report.objects.exists()


def test_the_list_is_narrowed_and_sorted(client: Any, tag: Any) -> None:
    assert "No reports yet" in client.get("/reports/").text
    for name in ("Zima", "Łąka"):
        made(client, tag, name=name)
    text = client.get("/reports/?q=laka").text
    assert "Łąka" in text
    assert "Zima" not in text
    assert "No report is like that" in client.get("/reports/?show=shared").text
    rows = client.get("/reports/?sort=-name").text
    assert rows.index("Zima") < rows.index("Łąka")
    for query in ("sort=size", "show=x", "what=1", "q=%00", "page=0", "q=a&q=b"):
        assert client.get(f"/reports/?{query}").status_code == 422


# --- who sees it -----------------------------------------------------------------------------------------------
def test_a_private_report_is_its_owners_alone(client: Any, client_for: Any, owner: Any, tag: Any) -> None:
    report = made(client, tag)
    stranger = client_for(owner)
    for way in ("", "edit/", "delete/", "numbers/"):
        assert stranger.get(f"/reports/{report.pk}/{way}").status_code == 404
    assert stranger.post(f"/reports/{report.pk}/copy/").status_code == 404
    assert "Wiosna" not in stranger.get("/reports/").text


def test_one_shared_with_a_group_is_seen_by_its_users(client: Any, client_for: Any, make_user: Any, tag: Any) -> None:
    inside, outside = make_user("marketer"), make_user("marketer")
    group = factories.permission_group("Media", users=[inside], categories=[factories.category("media")])
    report = made(client, tag, sharing="groups", groups=[str(group.pk)])
    assert client_for(inside).get(f"/reports/{report.pk}/").status_code == 200
    assert client_for(outside).get(f"/reports/{report.pk}/").status_code == 404
    assert "Shared with Media" in client.get(f"/reports/{report.pk}/").text
    group.delete()
    assert client_for(inside).get(f"/reports/{report.pk}/").status_code == 404
    assert "Shared with nobody any more" in client.get(f"/reports/{report.pk}/").text


def test_who_sees_some_contacts_only_knows_their_own_groups(
    client: Any, client_for: Any, make_user: Any, owner: Any, tag: Any
) -> None:
    narrow = make_user("marketer")
    own = factories.permission_group("Media", users=[narrow], categories=[factories.category("media")])
    other = factories.permission_group("Secret")
    mine = client_for(narrow)
    form = mine.get("/reports/new/").text
    assert ("Media" in form, "Secret" in form) == (True, False)
    assert "Secret" in client.get("/reports/new/").text  # this one sees everybody
    asked = FORM | {"of": f"tag.{tag.pk}", "sharing": "groups"}
    assert mine.post("/reports/new/", asked | {"groups": [str(other.pk)]}).status_code == 422
    report = made(mine, tag, sharing="groups", groups=[str(own.pk)])
    report.groups.add(other)
    assert "Shared with Media, 1 other group." in mine.get(f"/reports/{report.pk}/").text
    edit = f"/reports/{report.pk}/edit/"
    assert "Secret" not in mine.get(edit).text
    assert mine.post(edit, asked | {"seen": "1"}).status_code == 302
    assert list(report.groups.all()) == [other]  # what it does not know it does not take away
    assert "Shared with 1 other group." in mine.get(f"/reports/{report.pk}/").text


def test_others_change_no_shared_report_but_administrators_do(
    client: Any, client_for: Any, make_user: Any, administrator: Any, tag: Any
) -> None:
    report, other = shared(client, tag), client_for(make_user("marketer"))
    assert other.get(f"/reports/{report.pk}/").status_code == 200
    assert other.get(f"/reports/{report.pk}/edit/").status_code == 403
    assert other.post(f"/reports/{report.pk}/delete/").status_code == 403
    assert client_for(administrator).get(f"/reports/{report.pk}/edit/").status_code == 200


def test_administrators_see_to_what_is_shared_with_groups_that_they_are_not_in(
    client: Any, client_for: Any, make_user: Any, administrator: Any, tag: Any
) -> None:
    group = factories.permission_group("Media", users=[make_user()], categories=[factories.category("media")])
    report = made(client, tag, sharing="groups", groups=[str(group.pk)])
    alone = made(client, tag, name="Mine", sharing="private")
    theirs = client_for(administrator)
    assert [theirs.get(f"/reports/{one.pk}/edit/").status_code for one in (report, alone)] == [200, 404]
    assert client_for(make_user()).get(f"/reports/{report.pk}/").status_code == 404


def test_analysts_read_and_change_nothing(client: Any, client_for: Any, analyst: Any, tag: Any) -> None:
    report, reader = shared(client, tag), client_for(analyst)
    text = reader.get(f"/reports/{report.pk}/?count=1").text
    assert "/numbers/" not in text
    assert "report-menu" not in text  # which would have nothing in it
    assert "/edit/" not in text
    for way in ("new/", f"{report.pk}/edit/", f"{report.pk}/delete/", f"{report.pk}/numbers/"):
        assert reader.get(f"/reports/{way}").status_code == 403
    for way in ("new/", f"{report.pk}/edit/", f"{report.pk}/delete/", f"{report.pk}/copy/"):
        assert reader.post(f"/reports/{way}").status_code == 403
    assert Report.objects.count() == 1


def test_a_reader_sees_the_numbers_of_their_own_sight(client: Any, client_for: Any, make_user: Any, tag: Any) -> None:
    report, reader = shared(client, tag), make_user("marketer")
    seen = Contact.objects.get(lead_score=5)
    factories.permission_group("Media", users=[reader], categories=[factories.category("media", seen)])
    theirs = client_for(reader)
    text = theirs.get(f"/reports/{report.pk}/?count=1").text
    assert "contact that you see" in text
    assert [re.sub("<[^>]*>", "", one) for one in re.findall(r'<div class="stat">(.*?)</div>', text)] == ["1", "1"]
    rows = rows_of(theirs.get(f"/reports/{report.pk}/numbers/"))
    assert [row["number"] for row in rows if row["what"] == "Contacts that the reader sees"] == ["1"]


def test_another_account_has_its_own(
    client: Any, client_for: Any, make_user: Any, other_account: Any, tag: Any
) -> None:
    from django_tenants.utils import tenant_context

    report = shared(client, tag)
    with tenant_context(other_account):
        assert client_for(make_user("owner")).get(f"/reports/{report.pk}/").status_code == 404


@pytest.mark.parametrize("url", ["/reports/2147483999/", "/reports/99999999999999999999/", "/reports/0/edit/"])
def test_what_is_not_there_is_not_found(client: Any, url: str) -> None:
    assert client.get(url).status_code == 404


def test_before_a_label_goes_the_shared_reports_of_it_are_told(client: Any, tag: Any) -> None:
    from tags.usage import losing_with

    shared(client, tag)
    made(client, tag, name="Secret")
    assert [use.name for use in losing_with(tag) if use.what == "Report"] == ["Wiosna"]


# --- files -----------------------------------------------------------------------------------------------------
def rows_of(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_the_csv_has_the_numbers_of_all_parts(client: Any, tag: Any) -> None:
    report = made(client, tag)
    answer = client.get(f"/reports/{report.pk}/numbers/?format=csv")
    assert answer["Content-Disposition"].startswith('attachment; filename="Wiosna_')
    rows = rows_of(answer)
    found = {(row["table"], row["row"], row["group"], row["what"]): row["number"] for row in rows}
    assert found["Who bought", "ever", "VIP", "Contacts"] == "1"
    assert found["Who bought", "ever", "VIP", "Share"] == "50"
    assert found["On average", "revenue per member, ever", "VIP", "Amount"] == "60.25"
    months = {row["row"] for row in rows if row["table"] == "By month"}
    assert [date.fromisoformat(day).day for day in months] == [1, 1, 1]  # days with their year, as programs read them
    assert {row["row"] for row in rows if row["table"] == "Source"} == {"'=1+1"}  # a spreadsheet runs nothing


def test_the_workbook_has_a_sheet_for_each_part(client: Any, tag: Any) -> None:
    report = made(client, tag, name="=Q1/Q2 [x]")
    answer = client.get(f"/reports/{report.pk}/numbers/?format=xlsx")
    book = load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == ["About this report", "Revenue", "Who they are", "Consents"]
    about = {row[0].value: row[1] for row in book["About this report"].iter_rows()}
    assert (about["Report"].value, about["Report"].data_type) == ("=Q1/Q2 [x]", "s")
    assert about["VIP"].value == 2
    sheet = book["Revenue"]
    assert {cell.number_format for (cell,) in sheet.iter_rows(min_col=3, max_col=3) if cell.value == 50} == {"0.00"}
    assert [row[0].number_format for row in sheet.iter_rows() if isinstance(row[0].value, datetime)] == [
        "yyyy-mm-dd"
    ] * 3
    assert sheet.column_dimensions["A"].width > 15
    cells = [cell for row in book["Who they are"].iter_rows() for cell in row if cell.value == "=1+1"]
    assert [cell.data_type for cell in cells] == ["s"]


@pytest.mark.parametrize("query", ["format=pdf", "format=csv&format=xlsx", "what=1", "format=%00"])
def test_a_file_that_there_is_not_is_refused(client: Any, tag: Any, query: str) -> None:
    report = made(client, tag)
    assert client.get(f"/reports/{report.pk}/numbers/?{query}").status_code == 422
    assert client.get(f"/reports/{report.pk}/?{query}").status_code == 422
