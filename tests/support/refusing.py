"""Criteria that are refused."""

from typing import Any

import pytest

from segmentation.criteria import Catalog, CriteriaError, check, parse
from tests.support.speed import seconds


def refused_at_once(tree: Any, path: str) -> None:
    """Asserts that the criterion is refused with its path, and quickly, once the catalog has been read."""
    catalog = Catalog()
    assert catalog.activities

    def refuse() -> None:
        with pytest.raises(CriteriaError) as caught:
            check(parse({"any": [tree]}), catalog)
        assert caught.value.path == f"any[0].{path}"
        assert "{" not in caught.value.message

    assert seconds(refuse) < 0.05
