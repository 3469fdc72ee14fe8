"""How many contacts criteria hold for, now and exactly, without saving anything."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from api.common import In, Out, account_of, answer, example, needs, now_of
from api.v1.criteria import SAID, Criteria, criteria_in, told
from config.requests import Request
from contacts.sight import sight
from segmentation.criteria import Context, Words, parse
from segmentation.engine import Evaluation, evaluate, sample

router = Router(tags=["Segments"])
SAMPLE = 10


class CriteriaIn(In):
    model_config = example({"criteria": SAID}, forbid=True)
    criteria: Criteria


class NodeOut(Out):
    path: str = Field(description="Where in the criteria: `any[1].all[0]`; empty: all in all.")
    count: int


class PreviewNodeOut(NodeOut):
    without: int | None = Field(description="All in all, if this were left out; null: nothing would be left.")


class CountOut(Out):
    """Of the contacts that the key sees, as of `as_of`."""

    model_config = example(
        {
            "count": 1863,
            "as_of": "2026-11-21T13:30:00Z",
            "sentence": "lead score is above 20",
            "nodes": [{"path": "", "count": 1863}, {"path": "all[0]", "count": 1863}],
        }
    )
    count: int
    as_of: datetime
    sentence: str
    nodes: list[NodeOut]


class PreviewOut(CountOut):
    model_config = example(
        {
            "count": 1863,
            "as_of": "2026-11-21T13:30:00Z",
            "sentence": "lead score is above 20",
            "nodes": [
                {"path": "", "count": 1863, "without": None},
                {"path": "all[0]", "count": 1863, "without": None},
            ],
            "sample": [7, 190, 377],
        }
    )
    nodes: list[PreviewNodeOut]  # type: ignore[assignment]
    sample: list[int] = Field(description="Ids of at most ten of them, spread over all.")


def counted(request: Request) -> tuple[Evaluation, dict[str, Any]]:
    """The criteria of the body, evaluated for the contacts that the key sees."""
    tree = parse(criteria_in(request))
    now, zone = now_of(request), account_of(request).zone
    context = Context(now=now, zone=zone, mask=sight(request))
    found = evaluate(tree, context=context)
    said = {"count": found.count, "as_of": now, "sentence": told(tree, Words(now, zone, context.catalog))}
    return found, said


@router.post(
    "/count",
    auth=needs("segments:read"),
    response=CountOut,
    summary="Count criteria",
    description="The exact number, for the whole and for each block and criterion.",
)
def count(request: Request, payload: CriteriaIn) -> HttpResponse:  # noqa: ARG001 - read by `criteria_in`, strictly
    found, said = counted(request)
    return answer(said | {"nodes": [{"path": node.path, "count": node.count} for node in found.nodes]})


@router.post(
    "/segments/preview",
    auth=needs("segments:read"),
    response=PreviewOut,
    summary="Preview a segment",
    description="As count, and for each criterion the number without it, and ten of the contacts. Nothing is saved.",
)
def preview(request: Request, payload: CriteriaIn) -> HttpResponse:  # noqa: ARG001 - as above
    found, said = counted(request)
    nodes = []
    for node in found.nodes:
        rest = found.without(node.path)
        nodes.append({"path": node.path, "count": node.count, "without": None if rest is None else len(rest)})
    return answer(said | {"nodes": nodes, "sample": sample(found.members, SAMPLE)})
