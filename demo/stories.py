"""What the shop's marketer did lately: segments with their history, saved criteria, a file, actions.

The past is computed, not made up: a calculation of last Tuesday looks at the contacts that had come by then.
"""

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction

from accounts.models import Account
from actions.models import Action, ActionRun, Audience
from actions.services import plan_action
from contacts.models import Contact
from demo.behaviour import Past, behaviour
from demo.story import Criteria, Story, Told
from exports.models import ExportFile
from jobs.models import JobState
from jobs.services import run
from segmentation.criteria import parse
from segmentation.engine import Context, evaluate
from segmentation.models import Calculation, Reason, RefreshUnit, SavedCriteria, Segment, UploadedList
from segmentation.movements import before_of, moves
from segmentation.services.calculations import fill, following, request_calculation, write
from segmentation.services.segments import Settings, create_segment
from segmentation.services.uploads import read_upload
from tags.counting import count_all
from tags.models import Category, Tag
from tags.services import tags_named
from users.models import User

Say = Callable[[str], object]
EXPORTED = ["id", "email", "first_name", "last_name", "phone", "attribute:city", "lead_score", "tags"]
OTHERS_AT_THE_FAIR = [
    "ktos.nieznany@poczta.example",
    "nowa.osoba@mail.example",
    "to nie jest adres",
    "bez-malpy.example",
]


def field_is(name: str, op: str, value: Any) -> Criteria:
    return {"kind": "field", "field": name, "op": op, "value": value}


def attribute_is(key: str, op: str, value: Any) -> Criteria:
    return {"kind": "attribute", "attribute": key, "op": op, "value": value}


def in_category(path: str) -> dict[str, Any]:
    return {"kind": "category", "op": "any", "categories": [path]}


def tagged(*names: str) -> Criteria:
    return {"kind": "tag", "op": "any", "tags": list(names)}


MAY_WRITE: Criteria = {
    "all": [
        field_is("status", "eq", "subscribed"),
        {"kind": "consent", "consent": "email_marketing", "state": "given"},
    ]
}
SAVED: dict[str, Criteria] = {
    "Wolno pisać e-mail": MAY_WRITE,
    "Duże miasta": {"any": [attribute_is("city", "in", ["Warszawa", "Kraków", "Łódź", "Wrocław", "Poznań", "Gdańsk"])]},
    "Silna krótkowzroczność": {"all": [attribute_is("diopters", "lte", -6), tagged("KROTKOWZROCZNOSC")]},
}


def tell(account: Account, *, now: datetime, say: Say) -> None:
    """Segments in every state, on an account that holds the shop's contacts."""
    by = User.objects.filter(is_active=True).order_by("pk").first()
    told = Told(account, now, by)
    with transaction.atomic():
        for name, criteria in SAVED.items():
            made = now - timedelta(days=30)
            kept = SavedCriteria.objects.create(
                name=name, criteria=criteria, created_at=made, updated_at=made, created_by=by
            )
            told.saved[name] = kept.pk
        for story in (*stories(told), *behaviour(told)):
            tell_one(told, story)
        fair(told)
    say(f"{Segment.objects.count()} segments, {Calculation.objects.count()} calculations are there.")
    act(told)
    plan(told)
    count_all(now)
    say(f"{Action.objects.count()} actions, {ExportFile.objects.count()} export file are there.")


def stories(told: Told) -> list[Story]:
    """In the order in which they were made."""
    may_write = {"kind": "saved", "criteria": told.saved["Wolno pisać e-mail"]}
    day = timedelta(days=1)
    return [
        Story(
            Settings("Zaproszenie na Dzień Wzroku", 72),
            {
                "any": [
                    {"all": [field_is("lead_score", "gt", 20), attribute_is("city", "eq", "Warszawa")]},
                    {"all": [in_category("klient/media")]},
                ]
            },
            25 * day,
        ),
        Story(
            Settings("Szkła progresywne, ciepłe kontakty", 24, 1, RefreshUnit.DAY),
            {
                "all": [
                    may_write,
                    {
                        "any": [
                            {"all": [tagged("PREZBIOPIA"), field_is("lead_score", "gt", 10)]},
                            {
                                "all": [
                                    {
                                        "kind": "category",
                                        "op": "any",
                                        "categories": ["klient/potencjalny/badanie-wzroku"],
                                    }
                                ]
                            },
                        ]
                    },
                    {"not": {"any": [tagged("SOCZEWKI PROGRESYWNE"), tagged("REKLAMACJA")]}},
                ]
            },
            12 * day - timedelta(hours=4),
        ),
        Story(
            Settings("Nowi w ostatnich 30 dniach", 24, 1, RefreshUnit.DAY),
            {"all": [field_is("created_at", "last", {"n": 30, "unit": "day"})]},
            9 * day - timedelta(hours=3),
        ),
        Story(
            Settings("Urodziny w tym tygodniu", 12, 24, RefreshUnit.HOUR),
            {"all": [attribute_is("birth_date", "anniversary", {"in_next": 7}), may_write]},
            7 * day - timedelta(hours=2),
        ),
        Story(
            Settings("Badanie wzroku ponad dwa lata temu", 48),
            {
                "all": [
                    {"kind": "attribute", "attribute": "last_eye_test", "op": "is_set"},
                    {"not": attribute_is("last_eye_test", "last", {"n": 2, "unit": "year"})},
                    field_is("status", "eq", "subscribed"),
                ]
            },
            timedelta(hours=5),
        ),
    ]


def tell_one(told: Told, story: Story) -> Segment:
    """The segment, its first calculation, and one for each interval since."""
    at = told.now - story.made
    segment = create_segment(settings=story.settings, criteria=story.criteria, now=at, by=told.by)
    complete(told, segment.calculations.get(), at=at)
    while segment.interval and (at := at + segment.interval) < told.now:
        complete(told, request_calculation(segment, reason=Reason.REFRESH, now=at), at=at)
    if segment.interval:
        segment.refresh_from_db()
        segment.next_refresh_at = following(segment, told.now)
        segment.save(update_fields=["next_refresh_at"])
    return segment


def complete(told: Told, calculation: Calculation, *, at: datetime) -> None:
    """Carry out a calculation as it would have gone at `at`, over the contacts that had come by then."""
    segment = Segment.objects.select_related("latest").get(pk=calculation.segment_id)
    context = Context(now=at, zone=told.account.zone)
    came = context.ids("SELECT string_agg(int4send(id), '') FROM contacts_contact WHERE created_at <= %s", (at,))
    context = Context(now=at, zone=told.account.zone, mask=came)
    context.reader = Past(at)
    found = evaluate(parse(calculation.version.criteria), context=context)
    before = before_of(segment.pk)
    told_moves = moves(found, before, version=calculation.version_id) if before else {}
    fill(calculation, found, before=segment.latest.member_ids if segment.latest else came - came, as_of=at)
    calculation.state, calculation.attempts = JobState.DONE, 1
    calculation.started_at, calculation.finished_at = at, at + timedelta(milliseconds=found.ms)
    calculation.progress = calculation.total = len(found.nodes)
    calculation.lease_until = None
    calculation.save()
    write(calculation, told_moves)
    segment.latest, segment.ready_until = calculation, calculation.finished_at + segment.readiness
    segment.save(update_fields=["latest", "ready_until"])


def fair(told: Told) -> None:
    """A segment from a file of addresses, of which some are unknown, twice there, or none."""
    known = Contact.objects.filter(email__isnull=False, attributes__city="Poznań").order_by("pk")
    addresses = list(known.values_list("email", flat=True)[:388])
    lines = ["e-mail", *addresses, *OTHERS_AT_THE_FAIR, *addresses[:3]]
    file = io.BytesIO("\r\n".join(line or "" for line in lines).encode())
    at = told.now - timedelta(hours=7)
    listed = read_upload(file, key=UploadedList.Key.EMAIL, name="targi-poznan.csv", now=at, by=told.by)
    criteria = {"all": [{"kind": "file", "file": listed.pk}]}
    tell_one(told, Story(Settings("Targi w Poznaniu (CSV)", 48), criteria, timedelta(hours=7)))


def act(told: Told) -> None:
    """Actions that were carried out: a category after the invitation, a tag and an export today."""
    add_category = {"category": Category.objects.get(slug_path="targi-i-konferencje").pk, "name": "Targi i konferencje"}
    then = told.now - timedelta(days=24)
    carry_out(told, "Zaproszenie na Dzień Wzroku", kind="add_category", params=add_category, at=then)
    [invited] = tags_named("DO_BADANIA", now=told.now)
    tag = {"tag": invited.pk, "name": invited.name}
    ready = "Badanie wzroku ponad dwa lata temu"
    carry_out(told, ready, kind="add_tag", params=tag, at=told.now - timedelta(hours=3))
    carry_out(told, ready, kind="export", params={"columns": EXPORTED}, at=told.now - timedelta(hours=2))


def carry_out(told: Told, segment: str, *, kind: str, params: Criteria, at: datetime) -> None:
    action = plan_action(Segment.objects.get(name=segment), kind=kind, params=params, now=at, by=told.by)
    for started in ActionRun.objects.filter(action=action):
        run("action", started.pk, now=at)


def plan(told: Told) -> None:
    """A recurring action, and a segment in creation with an action that waits for it."""
    [fresh] = tags_named("NOWY_KLIENT", now=told.now)
    plan_action(
        Segment.objects.get(name="Nowi w ostatnich 30 dniach"),
        kind="add_tag",
        params={"tag": fresh.pk, "name": fresh.name},
        audience=Audience.JOINED,
        every_refresh=True,
        now=told.now,
        by=told.by,
    )
    criteria = {"all": [{"kind": "saved", "criteria": told.saved["Duże miasta"]}, tagged("VIP")]}
    made = create_segment(settings=Settings("VIP z dużych miast", 24), criteria=criteria, now=told.now, by=told.by)
    vip = Tag.objects.get(name="POLECA_NAS")
    plan_action(made, kind="add_tag", params={"tag": vip.pk, "name": vip.name}, now=told.now, by=told.by)


def remove_files() -> None:
    """Files in the private store that rows name which are about to go."""
    names = [*ExportFile.objects.values_list("stored_as", flat=True)]
    names += UploadedList.objects.exclude(rejects="").values_list("rejects", flat=True)
    for name in names:
        default_storage.delete(name)
