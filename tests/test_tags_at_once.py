"""Labels written by many at once, on real commits."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from pyroaring import BitMap

from tags import assigning, categories, services
from tags.models import Category, Tag
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("committed")


def made(name: str, below: Category | None = None) -> Category:
    return categories.create_category(name, below=below, now=NOW)


def test_one_new_name_typed_by_many_at_once_is_one_tag(account) -> None:
    """ST6, and no race."""
    together = Barrier(6)

    def type_it(_: int) -> list[int]:
        connection.set_tenant(account)  # type: ignore[attr-defined]
        together.wait()
        try:
            return [tag.pk for tag in services.tags_named("nowy, inny, trzeci", now=NOW)]
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(type_it, range(6)))
    assert Tag.objects.count() == 3
    assert all(each == found[0] for each in found)


def test_the_same_tag_on_the_same_contacts_by_many_at_once_is_there_once(account) -> None:
    vip, people = factories.tag("VIP"), [factories.contact() for _ in range(200)]
    together = Barrier(4)

    def put(_: int) -> BitMap:
        connection.set_tenant(account)  # type: ignore[attr-defined]
        together.wait()
        try:
            return assigning.assign_tag(BitMap([contact.pk for contact in people]), vip, now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        changed = list(pool.map(put, range(4)))
    assert sum(len(each) for each in changed) == 200
    assert vip.links.count() == 200


def test_children_added_by_many_at_once_all_have_their_place(account) -> None:
    root = made("Klient")
    together = Barrier(5)

    def add(number: int) -> None:
        connection.set_tenant(account)  # type: ignore[attr-defined]
        together.wait()
        try:
            made(f"Dziecko {number}", Category.objects.get(pk=root.pk))
            made(f"Korzeń {number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(add, range(5)))
    assert Category.objects.get(pk=root.pk).numchild == 5
    assert Category.objects.find_problems() == ([], [], [], [], [])
    assert Category.objects.count() == 11


def test_a_child_added_while_its_parent_is_renamed_has_the_new_path(account) -> None:
    root = made("Klient")
    together = Barrier(2)

    def at_once(work) -> None:
        connection.set_tenant(account)  # type: ignore[attr-defined]
        together.wait()
        try:
            work()
        finally:
            connection.close()

    works = [lambda: made("Media", root), lambda: categories.rename_category(root, "Kupujący", now=NOW)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(at_once, works))
    assert set(Category.objects.values_list("slug_path", flat=True)) == {"kupujacy", "kupujacy/media"}
