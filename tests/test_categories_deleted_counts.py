"""Deleting a category: the numbers of every tree that it touches are right at once."""

from typing import Any

import pytest

from jobs import services as jobs
from tags import deleting
from tags.counting import count_all
from tags.deleting import Choice
from tags.models import Category, CategoryDeletion
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def numbers() -> dict[str, int]:
    return dict(Category.objects.values_list("slug_path", "subtree_count"))


@pytest.fixture
def tree() -> dict[str, Category]:
    """Two in old/gone, one of them and a third below it; a fourth in other."""
    people = [factories.contact() for _ in range(4)]
    factories.category("old/gone", people[0], people[1])
    factories.category("old/gone/child", people[1], people[2])
    factories.category("other", people[3])
    factories.category("third")
    count_all(NOW)
    assert numbers() == {"old": 3, "old/gone": 3, "old/gone/child": 2, "other": 1, "third": 0}
    return {row.slug_path: row for row in Category.objects.all()}


def delete(tree: dict[str, Category], **choice: Any) -> None:
    deleting.dissolve(tree["old/gone"], Choice(**choice), now=NOW, by="Anna", user=None)


@pytest.mark.parametrize("at_once", [10_000, 0])
def test_children_elsewhere_and_contacts_out(tree: dict[str, Category], monkeypatch: Any, at_once: int) -> None:
    monkeypatch.setattr(deleting, "AT_ONCE", at_once)
    delete(tree, below=tree["other"])
    if not at_once:
        assert numbers() == {"old": 2, "old/gone": 2, "other": 3, "other/child": 2, "third": 0}
        jobs.run("category_deletion", CategoryDeletion.objects.get().pk, now=NOW)
    assert numbers() == {"old": 0, "other": 3, "other/child": 2, "third": 0}


def test_children_to_the_top_and_contacts_to_another_tree(tree: dict[str, Category]) -> None:
    Category.objects.filter(slug_path__startswith="old/gone/").update(subtree_count=None)
    delete(tree, below=None, into=tree["third"])
    assert numbers() == {"old": 0, "child": 2, "other": 1, "third": 2}


def test_a_whole_tree_goes(tree: dict[str, Category]) -> None:
    deleting.dissolve(tree["old"], Choice(branch=True, into=tree["third"]), now=NOW, by="Anna", user=None)
    assert numbers() == {"other": 1, "third": 3}
