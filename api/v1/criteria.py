"""Criteria as the API takes and tells them."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field, SkipValidation

import api.v1.refusals  # noqa: F401 - what is refused is answered with it
from api.common import account_of, now_of
from api.problems import Wrong, invalid
from config.requests import Request
from segmentation.criteria import Catalog, CriteriaError, Node, Words, check, load, parse

SAID = {"all": [{"kind": "field", "field": "lead_score", "op": "gt", "value": 20}]}
Criteria = Annotated[
    SkipValidation[dict[str, Any]],
    Field(
        description="A criterion, or a group of them: `all`, `any`, `not`. As the page “Preview” of a segment, and"
        " `GET /segments/{id}`, show them.",
        examples=[SAID],
    ),
]


def criteria_in(request: Request) -> dict[str, Any]:
    """The `criteria` of the body, read as strictly as everywhere: no key twice, no number that would be rounded.

    Raises: Problem (422); CriteriaError, where they are wrong in themselves or name what there is not.
    """
    try:
        body: Any = load(request.body, around=1)
    except CriteriaError as error:  # the path begins at the body
        raise invalid([Wrong(None, error.path, "criteria", error.message)]) from error
    tree = body["criteria"]
    check(parse(tree), Catalog())
    return dict(tree)


def sentences(request: Request, trees: Iterable[Any]) -> list[str]:
    """Each of the criteria in words, in the language of Accept-Language; what they name is looked up once for all.

    Criteria that the language no longer takes say so in place of a sentence.
    """
    words = Words(now=now_of(request), zone=account_of(request).zone, catalog=Catalog())
    return [sentence(tree, words) for tree in trees]


def sentence(tree: Any, words: Words) -> str:
    try:
        return str(parse(tree).sentence(words).finished)
    except CriteriaError as error:
        return str(error)


def told(node: Node, words: Words) -> str:
    return str(node.sentence(words).finished)
