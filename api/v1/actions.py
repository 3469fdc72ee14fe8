"""Actions on a segment's contacts: their kinds, what one would come to, adding and stopping one."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Router
from pydantic import Field

import api.v1.refusals  # noqa: F401 - what is refused is answered with it
from actions import selectors, services
from actions.errors import WindowClosedError
from actions.forecast import Forecast
from actions.kinds import offered_kinds
from actions.models import Action, ActionRun
from actions.views import reviewed
from api.common import Out, answer, example, key_of, needs, now_of
from api.problems import Problem
from api.v1.asking import OF_PAGES, ActionIn, asked_in
from config.requests import Request
from contacts.sight import sight
from segmentation.selectors import segment_for

router = Router(tags=["Actions"])
ACTION: dict[str, Any] = {
    "id": 8,
    "segment": 12,
    "kind": "add_tag",
    "sentence": "Add tag VIP",
    "params": {"tag": 3, "name": "VIP"},
    "audience": "all",
    "every_refresh": False,
    "created_at": "2026-11-21T13:31:00Z",
    "by": "Ala Nowak",
    "stopped_at": None,
    "runs": [31],
}


class ParamOut(Out):
    name: str
    label: str
    required: bool
    default: Any = None


class KindOut(Out):
    model_config = example(
        {
            "kind": "add_tag",
            "title": "Add tag",
            "text": "Puts a tag on the contacts that do not have it yet.",
            "undoable": True,
            "params": [{"name": "tags", "label": "Tag", "required": True, "default": None}],
        }
    )
    kind: str
    title: str
    text: str
    undoable: bool
    params: list[ParamOut]


class KindsOut(Out):
    items: list[KindOut]


class ActionOut(Out):
    model_config = example(ACTION)
    id: int
    segment: int | None
    kind: str
    sentence: str
    params: dict[str, Any]
    audience: str
    every_refresh: bool
    created_at: datetime
    by: str | None
    stopped_at: datetime | None
    runs: list[int] = Field(description="Its runs so far, the newest first, at most ten; none: it waits.")


class ActionsOut(Out):
    items: list[ActionOut]


class ForecastOut(Out):
    at: datetime
    changed: int
    already: int | None = Field(description="Are so already; null: the action changes no contact.")
    gone: int
    left: int = Field(description="Would be passed over: they have withdrawn that consent.")
    overruled: int = Field(description="Of changed: have withdrawn that consent.")
    out_of_sight: int = Field(description="Of changed: the key would not see them any more.")


class DraftOut(Out):
    sentence: str
    note: str
    forecast: ForecastOut | None = Field(description="null: the contacts are not known before the calculation ends.")


class DryRunOut(Out):
    model_config = example(
        {
            "calculation": 90,
            "starts": "now",
            "items": [
                {
                    "sentence": "Add tag VIP",
                    "note": "",
                    "forecast": {
                        "at": "2026-11-21T13:31:00Z",
                        "changed": 1500,
                        "already": 361,
                        "gone": 2,
                        "left": 0,
                        "overruled": 0,
                        "out_of_sight": 0,
                    },
                }
            ],
        }
    )
    calculation: int | None = Field(description="Give it to add the action on just this calculation.")
    starts: str = Field(description="now, or planned: when the calculation ends")
    items: list[DraftOut]


# --- told ----------------------------------------------------------------------------------------------------
def told(actions: list[Action]) -> list[dict[str, Any]]:
    said = selectors.sentences(actions)
    runs: dict[int, list[int]] = {}
    ran = ActionRun.objects.filter(action__in=actions).order_by("-pk").values_list("action_id", "pk")
    for action, pk in ran:
        runs.setdefault(action, []).append(pk)
    return [
        {
            "id": action.pk,
            "segment": action.segment_id,
            "kind": action.kind,
            "sentence": said[action.pk],
            "params": action.params,
            "audience": action.audience,
            "every_refresh": action.every_refresh,
            "created_at": action.created_at,
            "by": str(action.created_by) if action.created_by else None,
            "stopped_at": action.stopped_at,
            "runs": runs.get(action.pk, [])[:10],
        }
        for action in actions
    ]


def told_forecast(forecast: Forecast | None) -> dict[str, Any] | None:
    if forecast is None:
        return None
    own = ("at", "changed", "already", "gone", "left", "overruled")
    return {name: getattr(forecast, name) for name in own} | {"out_of_sight": forecast.unseen}


@router.get("/actions/kinds", auth=needs("segments:read"), response=KindsOut, summary="Kinds of actions")
def kinds(request: Request) -> HttpResponse:
    now, by = now_of(request), key_of(request).user
    items = [
        {
            "kind": kind.name,
            "title": str(kind.title),
            "text": str(kind.text),
            "undoable": kind.undoable,
            "params": [
                {"name": name, "label": str(field.label or name), "required": field.required, "default": field.initial}
                for name, field in kind.form(now=now, by=by).fields.items()
                if name not in OF_PAGES
            ],
        }
        for kind in offered_kinds().values()
    ]
    return answer({"items": items})


@router.get(
    "/segments/{int:segment_id}/actions",
    auth=needs("segments:read"),
    response=ActionsOut,
    summary="Actions that wait for a calculation: planned ones and recurring ones",
    description="What has run stands among the segment's runs.",
)
def waiting(request: Request, segment_id: int) -> HttpResponse:
    rows = selectors.ahead(request, segment_for(request, segment_id))
    return answer({"items": told([row.action for row in rows])})


@router.post(
    "/segments/{int:segment_id}/actions/dry-run",
    auth=needs("actions:write"),
    response=DryRunOut,
    summary="What an action would come to",
    description="The numbers of a run begun now; nothing is changed. 409 where no action may be added.",
)
def dry_run(request: Request, segment_id: int, payload: ActionIn) -> HttpResponse:
    calculating = services.under_way_of(segment_id)
    segment = segment_for(request, segment_id)
    kind, part, when = asked_in(request, payload, segment)
    now = now_of(request)
    reach = selectors.reach_of(segment, calculating=calculating, now=now)
    if reach.closed:
        raise WindowClosedError
    reach.choose(when.audience_wanted)
    review = reviewed(reach, kind, part, now=now, mask=sight(request))
    items = [
        {"sentence": draft.sentence, "note": draft.note, "forecast": told_forecast(forecast)}
        for draft, forecast in review
    ]
    return answer({"calculation": reach.meant, "starts": "now" if reach.ready else "planned", "items": items})


@router.post(
    "/segments/{int:segment_id}/actions",
    auth=needs("actions:write"),
    response={201: ActionsOut},
    summary="Add an action",
    description="It runs at once while the segment is ready, else when the calculation under way ends; 409 at any other"
    " time, and for the very same action once more. “a, b” as tags are two actions. Send an `Idempotency-Key`.",
)
def add(request: Request, segment_id: int, payload: ActionIn) -> HttpResponse:
    calculating = services.under_way_of(segment_id)
    segment = segment_for(request, segment_id)
    kind, part, when = asked_in(request, payload, segment)
    confirmed = payload.calculation
    if confirmed is None:
        confirmed = selectors.reach_of(segment, calculating=calculating, now=now_of(request)).meant
    made = services.plan_from(
        segment,
        part,
        kind=kind.name,
        audience=when.audience_wanted,
        every_refresh=when.every_refresh,
        by=key_of(request).user,
        clock=timezone.now,
        confirmed=confirmed,
        question=uuid4(),
    )
    return answer({"items": told(made)}, 201, {"Location": f"/api/v1/segments/{segment.pk}/runs"})


@router.get("/actions/{int:action_id}", auth=needs("segments:read"), response=ActionOut, summary="An action")
def action(request: Request, action_id: int) -> HttpResponse:
    return answer(told([selectors.action_for(request, action_id)])[0])


@router.post(
    "/actions/{int:action_id}/stop",
    auth=needs("actions:write"),
    response=ActionOut,
    summary="Stop a planned or recurring action",
    description="It does not run again; a run under way goes on. One that was stopped already: 409.",
)
def stop(request: Request, action_id: int) -> HttpResponse:
    found = selectors.action_for(request, action_id)
    if not services.stop_action(found, now=now_of(request), by=key_of(request).user):
        raise Problem("conflict", _("The action had already been stopped."))
    found.refresh_from_db(fields=["stopped_at"])
    return answer(told([found])[0])
