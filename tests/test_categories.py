"""The tree of categories: paths, names, counts."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from tags import categories as services
from tags import counting, hooks, usage
from tags.models import Category
from tags.tree import branches, readable_path
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def made(name: str, below: Category | None = None) -> Category:
    return services.create_category(name, below=below, now=NOW)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("Klient", "klient"),
        ("Klient stały", "klient-staly"),
        ("ŻÓŁĆ", "zolc"),
        ("R&D (biuro)", "r-d-biuro"),
        ("  Dwie   spacje ", "dwie-spacje"),
        ("Київ", "київ"),
        ("A_B", "a-b"),
    ],
)
def test_a_path_is_made_of_the_name(name: str, path: str) -> None:
    assert made(name).slug_path == path


def test_a_category_below_another_has_both_in_its_path() -> None:
    media = made("Media", made("Klient"))
    assert (media.slug_path, readable_path(media)) == ("klient/media", "Klient / Media")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("a/b", "slash"),
        ("!!!", "no_letters"),
        ("x" * 121, "too_long"),
        ("a\x07", "control"),
    ],
)
def test_a_bad_name_is_refused(name: str, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        made(name)
    assert refused.value.code == code


def test_two_names_with_one_path_are_refused() -> None:
    root = made("Klient")
    made("Stały", root)
    with pytest.raises(ValidationError, match="klient/staly"):
        made("staly", root)
    assert made("Stały").slug_path == "staly"


def test_the_database_keeps_paths_unique_and_whole() -> None:
    made("Klient")
    for path in ("klient", "", "a//b", "/a", "a/"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Category.objects.add_root({"name": "X", "slug_path": path})


def test_a_rename_changes_the_paths_of_the_whole_branch_and_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """IC2."""
    told: list[hooks.Renamed] = []
    monkeypatch.setattr(hooks, "renamed", [lambda change, _now: told.append(change)])
    root = made("Klient")
    media = made("Media", root)
    press = made("Prasa", media)
    besides = made("Klientela")
    services.rename_category(root, "Kupujący", now=NOW)
    paths = dict(Category.objects.values_list("pk", "slug_path"))
    assert paths == {
        root.pk: "kupujacy",
        media.pk: "kupujacy/media",
        press.pk: "kupujacy/media/prasa",
        besides.pk: "klientela",
    }
    names = {"klient": "kupujacy", "klient/media": "kupujacy/media", "klient/media/prasa": "kupujacy/media/prasa"}
    assert told == [hooks.Renamed("category", names)]


def test_a_rename_that_leaves_the_path_tells_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "renamed", [pytest.fail])
    assert services.rename_category(made("Staly"), "Stały", now=NOW).name == "Stały"


def test_a_rename_to_a_taken_path_is_refused() -> None:
    root = made("Klient")
    made("Media", root)
    other = made("Inne", root)
    with pytest.raises(ValidationError, match="klient/media"):
        services.rename_category(other, "MEDIA", now=NOW)


def test_an_empty_category_is_deleted() -> None:
    root = made("Klient")
    services.delete_category(made("Media", root))
    assert Category.objects.get().numchild == 0


def test_a_category_with_others_below_is_not_deleted() -> None:
    root = made("Klient")
    made("Media", root)
    with pytest.raises(services.NotEmptyError):
        services.delete_category(root)


def test_a_category_with_contacts_is_not_deleted() -> None:
    with pytest.raises(services.NotEmptyError):
        services.delete_category(factories.category("klient", factories.contact()))


def test_a_category_in_use_is_not_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    root = made("Klient")
    monkeypatch.setattr(usage, "providers", [lambda label: [usage.Use("Segment", label.slug_path)]])
    with pytest.raises(usage.InUseError):
        services.delete_category(root)
    assert Category.objects.exists()


def test_the_tree_is_in_polish_order() -> None:
    root = made("Klient")
    for name in ("Zebra", "Łódź", "Lublin", "Żuk", "Źrebię", "Ćma", "Cyrk", "łata"):
        made(name, root)
    made("Agencja")
    assert [branch.name for branch in branches()] == (
        ["Agencja", "Klient", "Cyrk", "Ćma", "Lublin", "łata", "Łódź", "Zebra", "Źrebię", "Żuk"]
    )
    assert [branch.depth for branch in branches()] == [0, 0, *[1] * 8]


def test_counts_are_exactly_here_and_with_everything_below_each_contact_once() -> None:
    """IC2."""
    a, b, c = (factories.contact() for _ in range(3))
    root = factories.category("klient", a)
    factories.category("klient/media", a, b)
    factories.category("klient/media/prasa", b, c)
    factories.category("klientela", c)
    counting.count_all(NOW)
    counts = {each.slug_path: (each.contacts_count, each.subtree_count) for each in Category.objects.all()}
    assert counts == {"klient": (1, 3), "klient/media": (2, 3), "klient/media/prasa": (2, 2), "klientela": (1, 1)}
    assert Category.objects.get(pk=root.pk).counted_at == NOW
