"""What names a thing is found wherever it stands in criteria, and nothing else is."""

from typing import Any

import pytest

from segmentation.models import SavedCriteria
from segmentation.references import users_of
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
NAMING: list[tuple[str, str | int, dict[str, Any]]] = [
    ("category", "klient/media", {"kind": "category", "op": "any", "categories": ["partner", "klient/media"]}),
    ("attribute", "size", {"kind": "attribute", "attribute": "size", "op": "is_set"}),
    ("consent", "news", {"kind": "consent", "consent": "news", "state": "given"}),
    ("segment", 7, {"kind": "segment", "segment": 7, "op": "in", "at": "now"}),
    ("saved", 7, {"kind": "saved", "criteria": 7}),
    ("file", 7, {"kind": "file", "file": 7}),
    ("tag", "R_D", {"kind": "tag", "op": "any", "tags": ["vip", "x, r&d"]}),  # as it was typed
]


@pytest.mark.parametrize(("kind", "key", "criterion"), NAMING, ids=[kind for kind, _key, _criterion in NAMING])
def test_it_is_found_at_any_depth(kind: str, key: str | int, criterion: dict[str, Any]) -> None:
    deep = {"all": [{"kind": "tag", "op": "any", "tags": ["OTHER"]}, {"not": {"any": [criterion]}}]}
    factories.segment("Deep", criteria=deep)
    SavedCriteria.objects.create(name="Alone", criteria=criterion, created_at=NOW, updated_at=NOW)
    assert [name for _what, name, _url in users_of(kind, key)] == ["Deep", "Alone"]


@pytest.mark.parametrize(
    ("kind", "key"), [("category", "klient"), ("category", "vip"), ("segment", 8), ("tag", "X_R_D")]
)
def test_what_is_not_named_is_not_found(kind: str, key: str | int) -> None:
    factories.segment("All", criteria={"all": [criterion for _kind, _key, criterion in NAMING]})
    assert list(users_of(kind, key)) == []
