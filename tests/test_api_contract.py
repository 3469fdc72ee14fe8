"""The whole API against its own description: whatever is sent, the answer is one that it tells of, and none is 5xx."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
import schemathesis
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks
from schemathesis.core.transport import Response
from schemathesis.specs.openapi import checks as openapi_checks

from actions import services as actions
from api.v1.description import described
from jobs.services import run
from segmentation.saved import create_saved
from tests import factories
from tests.support.keys import KeyClient, key_client
from tests.support.segments import SCORED, calculated
from tests.support.tracker import site
from tracker.models import TrackedSite

pytestmark = pytest.mark.django_db
OURS = ("host", "content-type", "authorization")
EXAMPLES = 6  # of each operation, beside that of the description
CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]
# What an example asks for is there already in this account, or is not yet: so this is sent in its place.
OTHERWISE: dict[str, dict[str, Any]] = {
    "POST /categories": {"name": "Press"},
    "POST /consents": {"key": "sms"},
    "POST /segments": {"name": "New"},
    "POST /saved-criteria": {"name": "New"},
    "POST /segments/{segment_id}/actions": {"params": {"tags": "NEW"}, "calculation": None},
}
ASKED = {"GET /contacts/find": {"email": "ala@example.com"}, "GET /orders/find": {"external_id": "Z/2026/0"}}
REFUSED = ["POST /runs/{run_id}/cancel"]  # the run is over


@pytest.fixture
def things(settings: Any, tmp_path: Any, owner: Any) -> dict[str, int]:
    """What the addresses name: one of each, by the name of the part."""
    settings.MEDIA_ROOT, settings.ERASURE_JOURNAL = str(tmp_path / "media"), str(tmp_path / "journal")
    now = timezone.now()
    factories.attribute("city")
    factories.consent("newsletter")
    media = factories.category("klient/media")
    ala = factories.contact(email="ala@example.com", external_id="K-17", lead_score=30, attributes={"city": "Lublin"})
    tag = factories.tag("VIP", ala)
    factories.activity(ala, at=now - timedelta(days=1), url="https://shop.example/")
    order = factories.order(
        ala, at=now - timedelta(days=1), external_id="Z/2026/0", lines=[{"product": "P1", "amount": 120}]
    )
    segment = calculated(now=now, by=owner, every=1, unit="day")
    saved = create_saved(name="Kept", criteria=SCORED, now=now, by=owner)
    tagging = plan(segment, "add_tag", {"tag": factories.tag("GOLD").pk, "name": "GOLD"}, now, owner)
    TrackedSite.objects.filter(pk=site(now=now, by=owner).pk).update(key="qkxwmzpcuhvb")  # as the description has it
    exported = plan(segment, "export", {"columns": ["id", "email"], "separator": "comma", "bom": False}, now, owner)
    return {
        "contact_id": ala.pk,
        "order_id": order.pk,
        "tag_id": tag.pk,
        "category_id": media.pk,
        "segment_id": segment.pk,
        "calculation_id": segment.latest_id,
        "saved_id": saved.pk,
        "action_id": tagging.action_id,
        "run_id": tagging.pk,
        "file_id": exported.export_file.pk,
    }


def plan(segment: Any, kind: str, params: dict[str, Any], now: datetime, by: Any) -> Any:
    done = actions.plan_action(segment, kind=kind, params=params, now=now, by=by).runs.get()
    run("action", done.pk, now=now)
    done.refresh_from_db()
    return done


def operations() -> list[Any]:
    schema = schemathesis.openapi.from_dict(described())
    return [result.ok() for result in schema.get_all_operations()]


def send(client: KeyClient, case: Any) -> Response:
    """The case as a program would send it, and the answer as schemathesis reads one."""
    sent = requests.Request(**case.as_transport_kwargs(base_url="http://acme.testserver/api/v1")).prepare()
    headers = {name: value for name, value in sent.headers.items() if name.lower() not in OURS}
    address = str(sent.url).removeprefix("http://acme.testserver")
    body = sent.body.encode() if isinstance(sent.body, str) else sent.body or b""
    answer = client.generic(
        sent.method, address, body, content_type=sent.headers.get("Content-Type", ""), headers=headers
    )
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    told = {name: [value] for name, value in answer.headers.items()}
    return Response(answer.status_code, told, content, request=sent, elapsed=0.0, verify=False)


def told_cases(operation: Any, things: dict[str, int]) -> Iterator[Any]:
    """What the description itself shows, at addresses that there are."""
    parts = {parameter.name: things[parameter.name] for parameter in operation.path_parameters}
    body = operation.definition.raw.get("requestBody")
    query = ASKED.get(operation.label, {})
    if body:
        [(media_type, content)] = body["content"].items()
        told = {**content["example"], **OTHERWISE.get(operation.label, {})}
        yield operation.Case(path_parameters=parts, query=query, body=told, media_type=media_type)
    else:
        yield operation.Case(path_parameters=parts, query=query)


def generated(operation: Any, things: dict[str, int], check: Any) -> None:
    """Hypothesis' examples, always the same ones; each at the address that it made up, or at one that there is."""
    chosen = random.Random(operation.label)

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def each(case: Any) -> None:
        for name in case.path_parameters or {}:
            if chosen.random() < 0.7:
                case.path_parameters[name] = things[name]
        check(case)

    each()


def test_every_answer_is_one_that_the_description_tells_of(things: dict[str, int], owner: Any) -> None:
    client = key_client(owner, rate_per_minute=1_000_000)
    statuses: dict[str, set[int]] = {}
    wrong = []
    for operation in operations():

        def check(case: Any) -> None:
            answer = send(client, case)
            statuses.setdefault(case.operation.label, set()).add(answer.status_code)
            case.validate_response(answer, checks=CHECKS)

        try:
            with transaction.atomic():
                for case in told_cases(operation, things):
                    check(case)
                transaction.set_rollback(True)
            with transaction.atomic():
                generated(operation, things, check)
                transaction.set_rollback(True)
        except (AssertionError, BaseExceptionGroup) as problem:
            wrong.append(f"{operation.label}: {problem} {getattr(problem, 'exceptions', '')}")
    assert wrong == []
    unseen = [label for label, seen in statuses.items() if not any(200 <= status < 400 for status in seen)]
    assert unseen == REFUSED
    assert len(statuses) > 60
