"""Custom audiences: each network's layout, only who agreed, only hashed addresses; who is left out is counted."""

import csv
import hashlib
import io

import pytest

from accounts.models import Account
from actions.forecast import forecasts
from actions.kinds import KINDS
from contacts.models import Contact
from exports import store
from exports.choosing import ExportForm
from jobs.models import JobState
from tests import factories
from tests.support.audiences import NOW, make_contacts, ready_segment
from tests.test_exports import carry_out, export

NETWORKS = ["meta", "google", "tiktok", "linkedin"]


@pytest.fixture(autouse=True)
def _own_store(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def ads(db):
    Account.objects.update(timezone="Europe/Warsaw")
    return factories.consent("ads")


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def person(ads, state="given", **fields):
    contact = factories.contact(**fields)
    if state:
        factories.answer(contact, ads, state)
    return contact.pk


def audience(people, network, **more):
    run = carry_out(export(ready_segment(people), (), format=network, **({"consent": "ads"} | more)))
    assert run.state == JobState.DONE, run.problem
    return run.export_file


def rows(file):
    return list(csv.reader(io.StringIO(store.path_of(file.stored_as).read_text())))


def test_the_layout_of_each_network(ads):
    """IO5. Headers exactly as the networks name them, values in the form that each describes before they are hashed."""
    who = person(ads, email="jan+shop@example.com", phone="600 700 800".replace(" ", ""), first_name="Jan-Łukasz ",
                 last_name="O'Neil")  # fmt: skip
    email, bare, plus = sha("jan+shop@example.com"), sha("48600700800"), sha("+48600700800")
    assert rows(audience([who], "meta")) == [
        ["email", "phone", "fn", "ln"],
        [email, bare, sha("janłukasz"), sha("oneil")],
    ]
    assert rows(audience([who], "google")) == [["Email", "Phone"], [email, plus]]
    assert rows(audience([who], "tiktok")) == [["Email_SHA256", "Phone_SHA256"], [sha("jan@example.com"), plus]]
    assert rows(audience([who], "linkedin")) == [
        ["email", "firstname", "lastname", "jobtitle", "employeecompany", "country", "googleaid"],
        [email, *[""] * 6],
    ]


def test_known_examples_of_hashes(ads):
    """The SHA-256 that networks print beside their example of an address."""
    who = person(ads, email="janedoe@gmail.com", phone="+16577770000")
    [_header, row] = rows(audience([who], "tiktok"))
    assert row[0] == "d6117306485ed0e50afab3ac871e98f81699151f30281527d63ff5f233656c69"


@pytest.mark.parametrize(("zone", "stored", "meant"), [
    ("Europe/Warsaw", "600700800", "48600700800"), ("Europe/Warsaw", "48600700800", "48600700800"),
    ("Europe/Warsaw", "+4915112345678", "4915112345678"), ("Europe/Berlin", "015112345678", "4915112345678"),
    ("Europe/Warsaw", "0600700800", "48600700800"), ("Europe/Warsaw", "60070080", None),
    ("Europe/Warsaw", "+486007008009", None),
    ("Europe/London", "07911123456", "447911123456"), ("Europe/London", "+4407911123456", "447911123456"),
    ("Europe/Rome", "0612345678", "390612345678"), ("Europe/Copenhagen", "4512345678", "4512345678"),
    ("Europe/Berlin", "4930123456", "494930123456"), ("Europe/Berlin", "49301234567", "49301234567"),
    ("Europe/Tallinn", "3725123456", "3725123456"), ("America/New_York", "15551234567", "15551234567"),
    ("Antarctica/Troll", "600700800", None),
    ("Antarctica/Troll", "+48600700800", "48600700800"),
])  # fmt: skip
def test_a_phone_bears_its_country_before_it_is_hashed(ads, zone, stored, meant):
    Account.objects.update(timezone=zone)
    who = person(ads, email="a@example.com", phone=stored)
    assert rows(audience([who], "meta"))[1][1] == (sha(meant) if meant else "")


@pytest.mark.parametrize("network", NETWORKS)
def test_nothing_of_an_address_stands_in_plain(ads, network):
    who = person(ads, email="secret@example.com", phone="600700800", first_name="Janusz", last_name="Kowalski")
    text = store.path_of(audience([who], network).stored_as).read_text()
    assert not any(word in text for word in ("secret", "example", "600700", "Janusz", "janusz", "owalski"))


@pytest.mark.parametrize("network", NETWORKS)
def test_only_who_agreed_is_in_it_and_the_others_are_counted(ads, network, monkeypatch):
    """One who agreed; one withdrew, one never answered; one agreed and has no address; one is gone."""
    monkeypatch.setattr(KINDS["export"], "chunk", 2)
    given = person(ads, email="yes@example.com")
    people = [given, person(ads, "withdrawn"), person(ads, ""), person(ads, email=None, phone=None), person(ads)]
    Contact.objects.filter(pk=people[-1]).delete()
    run = carry_out(export(ready_segment(people), (), format=network, consent="ads"))
    file = run.export_file
    assert [row[0] for row in rows(file)[1:]] == [sha("yes@example.com")]
    assert (file.rows, file.without_consent, file.without_address, file.gone) == (1, 2, 1, 1)
    assert (run.changed_count, run.left_count, run.gone_count, run.progress) == (1, 3, 1, 5)


def test_a_phone_alone_is_an_address_but_not_for_linkedin(ads):
    who = person(ads, email=None, phone="+48600700800")
    assert audience([who], "google").rows == 1
    assert audience([who], "linkedin").without_address == 1


def test_another_consent_does_not_count(ads):
    who = person(ads, email="a@example.com")
    factories.consent("newsletter")
    assert audience([who], "meta", consent="newsletter").rows == 0


def test_who_withdraws_while_it_is_written_is_left_out(ads, monkeypatch):
    """The statement that writes the rows decides, not the question before."""
    people = [person(ads, email="a@example.com"), person(ads, email="b@example.com")]
    kind = type(KINDS["export"].Params(format="meta", consent="ads").made_by)
    real, asked = kind.chosen, []

    def withdraws_after(self, table, ids):
        found = real(self, table, ids)
        if not asked:
            asked.append(True)
            Contact.objects.get(pk=people[0]).consents.update(state="withdrawn")
        return found

    monkeypatch.setattr(kind, "chosen", withdraws_after)
    file = audience(people, "meta")
    assert [row[0] for row in rows(file)[1:]] == [sha("b@example.com")]
    assert (file.rows, file.without_consent) == (1, 1)


def test_a_consent_that_is_gone_fails_it_in_words(ads):
    run = export(ready_segment(make_contacts(1)), (), format="meta", consent="ads")
    ads.delete()
    carry_out(run)
    assert run.state == JobState.FAILED
    assert "ads" in run.problem_text


def test_a_consent_in_a_live_export_tells_where_it_is_used(ads):
    from contacts.hooks import uses_of_consent

    export(ready_segment(make_contacts(1), name="Fair"), (), format="meta", consent="ads")
    assert any("Fair" in use.title for use in uses_of_consent(ads))


def test_the_question_before_tells_how_many_would_be_left_out(ads):
    people = [person(ads), person(ads, "withdrawn"), person(ads, "")]
    from django.http import QueryDict

    form = ExportForm(QueryDict("format=google&consent=ads&separator=comma"), now=NOW)
    assert form.is_valid(), form.errors
    from pyroaring import BitMap

    [told] = forecasts(KINDS["export"], form.drafts(), audience=BitMap(people), now=NOW)
    assert (told.changed, told.left, told.gone) == (1, 2, 0)


def test_the_file_is_named_after_the_network(ads):
    assert "Google Ads" in audience([person(ads)], "google").name
