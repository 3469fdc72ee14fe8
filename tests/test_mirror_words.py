"""The words that the search box looks through are mirrored; each unit's files have a fingerprint of their own."""

from typing import Any

import pytest
from django.utils import timezone
from pyroaring import BitMap

from contacts.answering import answers
from contacts.models import Contact
from contacts.searching import whom
from contacts.selectors import ids_of, matching
from mirror import layout
from mirror.kinds import CONTACT, ORDER, Column
from mirror.models import File
from mirror.reading import Reader
from mirror.services import compact
from mirror.snapshots import snapshot
from tests import factories

pytestmark = pytest.mark.usefixtures("committed", "account")
ASKED = ["łecka", "LECKA zan", "600 100", "+48600", "shop-7", "ż", "ak", "100%", "a\\", "'", '"', "ß", "張", "o’h", ";"]


def people() -> None:
    factories.contact(first_name="Żaneta", last_name="Łęcka", email="zaneta@poczta.example", phone="+48600100200")
    factories.contact(first_name="Jan", last_name="Żak", external_id='SHOP-7";,\\N', email=None)
    factories.contact(first_name='"Ak', last_name="O’Hara 100%", email="a'b@łódź.example")
    factories.contact(first_name="張偉", last_name="Straße", phone="600100300", external_id="a\\b")
    factories.contact(first_name="", last_name="", email=None)


def check() -> None:
    with answers(timezone.now()) as state:
        for text in ASKED:
            assert whom(text, state) == ids_of(matching(Contact.objects.all(), text)), text
        assert whom("nobody of this name", state) == BitMap()


def test_words_are_found_in_files_and_beyond_them() -> None:
    people()
    check()
    compact(now=timezone.now())
    assert File.objects.filter(kind="contact").exists()
    check()
    Contact.objects.filter(first_name="Jan").update(last_name="Lecka", phone="600100")
    Contact.objects.filter(first_name="Żaneta").delete()
    people_again = factories.contact(first_name="Żanetta", last_name="ŁĘCKA", email="z@x.example")
    check()
    compact(now=timezone.now())
    check()
    with answers(timezone.now()) as state:
        assert whom("łęcka zan", state) == BitMap([people_again.pk])


def test_another_column_of_contacts_leaves_the_files_of_orders_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    people()
    compact(now=timezone.now())

    def read() -> dict[str, Any]:
        layout.fingerprint.cache_clear()
        with snapshot():
            return {kind: tail.cut > 0 for kind, tail in Reader().tails.items()}

    before = read()
    assert all(before.values()), "a case that tells nothing"
    monkeypatch.setitem(CONTACT.columns, "more", Column("more", "VARCHAR", "'more'"))
    assert read() == before | {"contact": False}
    monkeypatch.delitem(CONTACT.columns, "more")
    monkeypatch.setitem(ORDER.columns, "more", Column("more", "VARCHAR", "'more'"))
    assert read() == before | {"order": False, "line": False}, "one cut, one fingerprint"
    monkeypatch.undo()
    assert read() == before
