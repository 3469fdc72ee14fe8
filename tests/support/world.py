"""An account of two parts: three contacts that a restricted user sees, and a crowd that they may learn nothing of.

Whatever the crowd alone has carries the mark `MARK`, and its sizes are numbers that nothing else on a page comes to.
"""

import io
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from pyroaring import BitMap

from accounts.models import Account
from actions import picked
from actions import services as actions
from actions.kinds import KINDS
from actions.models import ActionRun
from activities.models import Activity, ActivityType, Visit
from api.services import create_key
from contacts.models import Contact, ContactConsent, HistoryEntry, TypeChange
from contacts.saved_views import save_view
from contacts.selecting import change_selection
from exports.lists import export_list
from jobs.services import run
from network.models import Elsewhere
from network.services import switch_on
from reports.models import Report
from reports.parts import PARTS
from segmentation.contact_queries import keep_query
from segmentation.models import Reason, SavedCriteria, UploadedList
from segmentation.services import request_calculation
from segmentation.services.uploads import read_upload
from tags.merging import ask_merge
from tags.models import CategoryDeletion, ContactCategory, ContactTag, TagDeletion
from tests import factories
from tests.support.importing import csv_of, imported, upload
from tests.support.people import make_user
from tests.support.segments import calculate, calculated
from tests.support.sunsets import switched_on
from tests.support.tracker import site
from tests.support.webhooks import endpoint
from users.models import User
from webhooks import events

MARK = "hush"
CROWD, MOVED, BUYERS = 4721, 1013, 2477
TAGGED = {"kind": "tag", "op": "any", "tags": ["VIP"]}
EXPORT = {"columns": ["id", "email"], "separator": "comma", "bom": False}


@dataclass
class World:
    """What stands in the account, by name; `other` is an account's other user, `restricted` sees `mine` alone."""

    wide: User
    restricted: User
    analyst: User
    now: datetime
    mine: list[Contact] = field(default_factory=list)
    crowd: BitMap = field(default_factory=BitMap)
    things: dict[str, Any] = field(default_factory=dict)

    @property
    def numbers(self) -> set[int]:
        """What would tell the size of the crowd, or of a part of it."""
        known = {CROWD, MOVED, BUYERS, CROWD - MOVED, CROWD - BUYERS}
        mine = len(self.mine)
        return {size + more for size in known for more in range(mine + 1)}

    def pk(self, name: str) -> Any:
        """The id of a thing, or its key."""
        found = self.things[name]
        return getattr(found, "pk", found)


def make_world() -> World:
    now = timezone.now().replace(microsecond=0)
    world = World(make_user("owner"), make_user("marketer"), make_user("analyst"), now)
    label(world)
    facts(world)
    webhook(world)
    network(world)
    reports(world)
    segments(world)
    lists(world)
    files(world)
    sunset(world)
    return world


def label(world: World) -> None:
    """Contacts, categories, tags, attributes, consents, the permission group."""
    at = world.now - timedelta(days=20)
    factories.attribute("city")
    factories.attribute("size", "number")
    world.mine = [
        factories.contact(
            now=at, first_name="Ola", last_name=f"Jasna {n}", lead_score=30, attributes={"city": "Lublin"}
        )
        for n in range(3)
    ]
    made = Contact.objects.bulk_create(
        Contact(
            email=f"{MARK}{n}@{MARK}.example", phone=f"+4877{n:07}", external_id=f"{MARK}-{n}",
            first_name=MARK.title(), last_name=f"{MARK}{n}", source=f"{MARK} source", lead_score=70,
            attributes={"city": f"{MARK}town", "size": 5 + n % 7}, created_at=at, updated_at=at,
        )
        for n in range(CROWD)
    )  # fmt: skip
    world.crowd = BitMap(each.pk for each in made)
    everybody = [*world.mine, *made]
    vault = factories.category("vault")
    things = world.things
    things["mine"], things["outsider"] = world.mine[0], made[0]
    things["category"] = factories.category("media")
    things["hidden category"] = vault
    things["tag"] = factories.tag("VIP")
    things["consent"] = factories.consent("newsletter")
    things["attribute"] = factories.attribute("color", "choice", options=["red", "blue"])
    ContactTag.objects.bulk_create(ContactTag(tag=things["tag"], contact=c, assigned_at=at) for c in everybody)
    merged = [factories.tag("BOTH", *everybody), factories.tag("FORMER", *made)]
    things["merge"] = ask_merge(merged, "both", now=at, by="Wide", user=None)
    run("tag_merge", things["merge"].pk, now=at)
    things["deletion"] = CategoryDeletion.objects.create(
        category=factories.category("attic"), title="Attic", by="Wide", requested_at=at, total=len(made), state="failed"
    )
    things["tag deletion"] = TagDeletion.objects.create(
        tag=factories.tag("FADED"), title="FADED", by="Wide", requested_at=at, total=len(made), state="failed",
        finished_at=world.now,
    )  # fmt: skip
    things["type change"] = TypeChange.objects.create(
        attribute=things["attribute"], old_type="choice", new_type="text", language="en", zone="UTC", by="Wide",
        requested_at=at, total=len(made), state="failed",
    )  # fmt: skip
    ContactCategory.objects.bulk_create(
        ContactCategory(category=things["category"] if c in world.mine else vault, contact=c, assigned_at=at)
        for c in everybody
    )
    ContactConsent.objects.bulk_create(
        ContactConsent(
            contact=c, consent=things["consent"], state="given", changed_at=at, source="form", wording_version=1
        )
        for c in everybody
    )
    HistoryEntry.objects.bulk_create(
        HistoryEntry(contact=c, at=at, kind="created", label="", by=f"{MARK} import") for c in made[:50]
    )
    group = factories.permission_group("Media", users=[world.restricted], categories=[things["category"]])
    things["group"] = group
    change_selection(world.restricted, add=[*world.crowd, world.mine[0].pk], now=world.now)


def facts(world: World) -> None:
    """Activities, visits and orders, of the three and of the crowd."""
    at = world.now - timedelta(days=9)
    world.things["type"] = ActivityType.objects.get(key="page_view")
    world.things["own type"] = factories.activity_type("webinar", topic="text")
    world.things["parameter"] = world.things["own type"].parameters.get()
    Activity.objects.bulk_create(
        Activity(contact_id=pk, type=world.things["type"], at=at, params={"url": f"https://shop.example/{MARK}"})
        for pk in world.crowd
    )
    Visit.objects.bulk_create(
        Visit(contact_id=pk, at=at, channel="ad", utm_source=f"{MARK}ads", landing_url=f"https://shop.example/{MARK}")
        for pk in world.crowd
    )
    for pk in world.crowd[:3]:
        factories.order(Contact(pk=pk), at=at, lines=[{"product": "P1", "amount": 77_777}])
    for contact in world.mine:
        factories.activity(contact, at=at, url="https://shop.example/lamps")
        factories.order(contact, at=at, lines=[{"product": "P1", "amount": 120}])


def segments(world: World) -> None:
    """The owner's segment over everybody, which some left; the restricted user's; saved criteria; a contact query."""
    then, things = world.now - timedelta(hours=3), world.things
    wide: Any = calculated("Everyone tagged", criteria=TAGGED, now=then, by=world.wide, every=2, unit="day")
    things["wide segment"] = wide
    things["wide first"] = wide.latest
    ContactTag.objects.filter(contact_id__in=world.crowd[:MOVED]).delete()
    request_calculation(wide, reason=Reason.MANUAL, now=then + timedelta(hours=1), by=world.wide)
    things["wide calculation"] = calculate(wide, now=then + timedelta(hours=1))
    things["own segment"] = calculated("Mine tagged", criteria=TAGGED, now=then, by=world.restricted)
    things["own calculation"] = things["own segment"].latest
    things["other wide segment"] = calculated("Also everyone", criteria=TAGGED, now=then, by=world.wide)
    saved = {"name": "Tagged", "criteria": TAGGED, "created_at": then, "updated_at": then, "created_by": world.wide}
    things["saved"] = SavedCriteria.objects.create(**saved)
    things["query"] = keep_query(TAGGED, now=then, by=world.wide).key


def sunset(world: World) -> None:
    """The owner's sunset, of everybody: all of them have its tag."""
    made = switched_on(
        world.things["consent"], now=world.now, name="Silent", tag="SILENT", days=5, wait=5, by=world.wide
    )
    world.things["sunset"] = made
    calculate(made.quiet, now=world.now)
    account = Account.objects.filter(schema_name="acme")
    window = account.get().engagement_days
    account.update(engagement_days=made.days)  # with a longer one it acts on nobody
    for waiting in ActionRun.objects.filter(action__params__sunset=made.pk):
        run("action", waiting.pk, now=world.now)
    account.update(engagement_days=window)


def webhook(world: World) -> None:
    """What other systems come in by; and an endpoint, which is told of every segment calculated from here on."""
    world.things["webhook"] = endpoint(now=world.now, by=world.wide)
    world.things["webhook delivery"] = events.ping(world.things["webhook"], now=world.now)
    made = create_key(name="Shop", scopes=["contacts:read"], acts_for=world.wide, now=world.now, by=world.wide)
    world.things["api key"] = made.key
    world.things["tracked site"] = site(now=world.now, by=world.wide)


def network(world: World) -> None:
    """The network signal is on, and has a yes of everybody."""
    switch_on(consent=None, now=world.now, by="Wide")
    everybody = [*world.crowd, *(contact.pk for contact in world.mine)]
    Elsewhere.objects.bulk_create(Elsewhere(contact_id=pk, at=world.now) for pk in everybody)


def reports(world: World) -> None:
    """A report shared with all, one of the restricted user's own, one that is somebody else's alone."""
    common: dict[str, Any] = {
        "of": "all", "beside": f"tag.{world.pk('tag')}", "beside_name": "VIP", "weeks": 12, "parts": list(PARTS),
        "dimensions": [{"key": "status", "name": "Status"}, {"key": "source", "name": "Source"}],
        "created_at": world.now, "updated_at": world.now,
    }  # fmt: skip
    for name, owner, sharing in (
        ("shared report", world.wide, "account"),
        ("own report", world.restricted, "private"),
        ("hidden report", world.wide, "private"),
    ):
        title = f"{MARK} report" if name == "hidden report" else name
        world.things[name] = Report.objects.create(name=title, owner=owner, sharing=sharing, **common)


def lists(world: World) -> None:
    """What the owner did: an action, an export, the export of a past list, an uploaded file."""
    things, now = world.things, world.now - timedelta(minutes=30)
    wide, seen, again = things["wide segment"], factories.tag("SEEN"), factories.tag("AGAIN")
    planned = actions.plan_action(
        wide, kind="add_tag", params={"tag": seen.pk, "name": seen.name}, now=now, by=world.wide
    )
    things["action"], things["run"] = planned, planned.runs.get()
    run("action", things["run"].pk, now=now)
    recurring = {"audience": "all", "every_refresh": True, "now": now, "by": world.wide}
    things["recurring"] = actions.plan_action(
        wide, kind="add_tag", params={"tag": again.pk, "name": again.name}, **recurring
    )
    things["recurring run"] = things["recurring"].runs.get()
    run("action", things["recurring run"].pk, now=now)
    things["undo"] = actions.undo_run(things["recurring run"], now=now, by=world.wide)
    run("undo", things["undo"].pk, now=now)
    exported = actions.plan_action(wide, kind="export", params=EXPORT, now=now, by=world.wide).runs.get()
    run("action", exported.pk, now=now)
    exported.refresh_from_db()
    things["file"] = exported.export_file
    things["list export"] = export_list(
        things["wide calculation"], params=EXPORT, now=now, by=world.wide, audience="left"
    )
    run("list_export", things["list export"].pk, now=now)
    rows = "\n".join([f"{MARK}{n}@{MARK}.example" for n in range(CROWD)] + ["broken"])
    things["upload"] = read_upload(
        io.BytesIO(rows.encode()), key=UploadedList.Key.EMAIL, name="fair.csv", now=now, by=world.wide
    )
    on_contacts(world)
    things["user"] = world.analyst
    things["template"] = "birthdays-this-week"


def files(world: World) -> None:
    """What was imported, by the owner about everybody and by the restricted user; a file of each that waits."""
    things, at = world.things, world.now - timedelta(minutes=25)
    everybody = csv_of("e-mail,lead score", *(f"{MARK}{n}@{MARK}.example,70" for n in range(CROWD)), "broken,")
    things["import"] = imported(everybody, now=at, by=world.wide)
    things["source"] = upload(csv_of("e-mail,name", f"{MARK}@{MARK}.example,x"), now=at, by=world.wide)
    mine = csv_of("e-mail,first name", *(f"{contact.email},Ola" for contact in world.mine))
    things["own import"] = imported(mine, now=at, by=world.restricted)
    things["own source"] = upload(mine, now=at, by=world.restricted)


def on_contacts(world: World) -> None:
    """What the owner did from the contact manager, to everybody: a tag, taken off again, a file; saved views."""
    things, now = world.things, world.now - timedelta(minutes=20)
    everybody = world.crowd | BitMap(contact.pk for contact in world.mine)
    for kind, given in (
        ("add_tag", {"tags": "PICKED"}),
        ("export", {"columns": ["id", "email"], "separator": "comma"}),
    ):
        query = QueryDict(mutable=True)
        for name, value in given.items():
            query.setlist(name, value if isinstance(value, list) else [value])
        part = KINDS[kind].form(query, now=now, by=world.wide)
        assert part.is_valid(), part.errors
        kept = picked.fix(everybody, words=[f"Source: {MARK} source"], query="", now=now, by=world.wide)
        [action] = picked.act_on(kept, part, kind=KINDS[kind], now=now, by=world.wide)
        done = action.runs.get()
        run("action", done.pk, now=now)
        things[f"picked {kind}"] = ActionRun.objects.get(pk=done.pk)
        things["picked"] = kept
    things["picked run"] = things["picked add_tag"]
    things["picked file"] = things["picked export"].export_file
    things["picked undo"] = actions.undo_run(things["picked run"], now=now, by=world.wide)
    run("undo", things["picked undo"].pk, now=now)
    things["kind"] = "add_tag"
    for name, owner, shared in (
        ("shared", world.wide, True),
        ("private", world.wide, False),
        ("own", world.restricted, False),
    ):
        things[f"{name} view"] = save_view(
            owner, name=f"View {name}", shared=shared, query="status=subscribed", columns=["phone"], now=now
        )
