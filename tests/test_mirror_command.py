"""`manage.py mirror`."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection

from activities.models import Order, Visit
from mirror.models import File
from tests.support.facts import Facts
from tests.support.mirror import assert_exact

pytestmark = pytest.mark.usefixtures("committed", "account")


def mirror(*words: str) -> str:
    out = StringIO()
    call_command("mirror", *words, "--account", "acme", stdout=out)
    connection.set_schema("acme")
    return out.getvalue()


def test_rebuild_makes_files_of_everything_or_of_one_kind():
    Facts().world()
    assert "visit: 40 rows copied, 1 files made" in mirror("rebuild")
    assert_exact()
    names = set(File.objects.exclude(kind__in=("order", "line")).values_list("name", flat=True))
    told = json.loads(mirror("rebuild", "--kind", "line", "--json"))
    assert [each["unit"] for each in told] == ["order"]
    assert names <= set(File.objects.values_list("name", flat=True))


def test_status_tells_what_is_in_files_and_what_is_newer():
    facts = Facts()
    ids = facts.world()
    mirror("update")
    facts.visits(ids, 7)
    Order.objects.first().delete()
    told = json.loads(mirror("status", "--json"))["kinds"]
    assert told["visit"]["rows"] == Visit.objects.count() - 7
    assert (told["visit"]["newer"], told["visit"]["waiting"], told["order"]["gone"]) == (7, 0, 1)
    assert told["visit"]["bytes"] == sum(file.bytes for file in File.objects.filter(kind="visit"))
    assert "visit" in mirror("status")


def test_verify_finds_nothing_where_nothing_is_wrong():
    facts = Facts()
    ids = facts.world()
    assert "All mirrored rows" in mirror("verify")
    mirror("update")
    facts.world(5)
    for order in Order.objects.all()[:5]:
        facts.change_order(order)
    Visit.objects.filter(contact_id=ids[0]).delete()
    assert "All mirrored rows" in mirror("verify")
    assert json.loads(mirror("verify", "--json")) == {"right": True, "differences": []}


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE {table} SET total = total + 1 WHERE id = (SELECT min(id) FROM {table})", "order"),
        ("DELETE FROM activities_orderline; DELETE FROM {table} WHERE id = (SELECT min(id) FROM {table})", "order"),
        ("UPDATE {table} SET utm_source = 'Other' WHERE id = (SELECT min(id) FROM {table})", "visit"),
        ("UPDATE {table} SET at = at + interval '1 us' WHERE id = (SELECT min(id) FROM {table})", "activity"),
        ("UPDATE {table} SET first_name = 'x' WHERE id = (SELECT min(id) FROM {table})", "contact"),
    ],
)
def test_verify_finds_a_row_that_was_changed_behind_the_triggers_back(statement, kind, capsys):
    Facts().world()
    mirror("update")
    table = "contacts_contact" if kind == "contact" else f"activities_{kind}"
    tables = [table, "activities_orderline"]
    with connection.cursor() as cursor:
        for each in tables:
            cursor.execute(f"ALTER TABLE {each} DISABLE TRIGGER USER")
        try:
            cursor.execute(statement.format(table=table))
        finally:
            for each in tables:
                cursor.execute(f"ALTER TABLE {each} ENABLE TRIGGER USER")
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("mirror", "verify", "--account", "acme", "--json", stdout=out)
    assert ended.value.code == 1
    told = json.loads(out.getvalue())
    assert told["right"] is False
    assert kind in {each["kind"] for each in told["differences"]}
    connection.set_schema("acme")
    mirror("rebuild")
    assert "All mirrored rows" in mirror("verify")


def test_verify_finds_a_broken_file():
    Facts().world()
    mirror("update")
    Path(default_storage.path(File.objects.get(kind="visit").name)).unlink()
    with pytest.raises(SystemExit):
        mirror("verify")


def test_an_unknown_account_is_refused():
    with pytest.raises(CommandError, match="There is no account"):
        call_command("mirror", "status", "--account", "nobody")
