"""Areas: stable shares, who is in and out; menus, pages, the API, jobs and looks that obey them; what it costs."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from celery import current_app
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.template import Context, Template
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from accounts.services import delete_account
from jobs import registry, scheduler, services
from jobs.models import JobState
from rollout.areas import AREAS
from rollout.models import AreaFlag, Change
from rollout.selectors import is_open, is_open_here
from rollout.services import ChangedMeanwhileError, effect_of, setting_now
from rollout.settings import Mode, Setting, place_of
from tests import factories
from tests.factories import NOW
from tests.support.jobs import counting, make_job, probe
from tests.support.keys import key_client
from tests.support.rollout import EVERYBODY, NOBODY, set_area, share
from tests.test_tags_merging_at_once import blocked, elsewhere

SCHEMAS = [f"shop{number}" for number in range(2000)]


def open_to(setting: Setting, key: str = "tracking") -> set[str]:
    return {schema for schema in SCHEMAS if setting.admits(key, schema)}


# --- whom a setting admits ------------------------------------------------------------------------------------
def test_a_larger_share_closes_to_nobody():
    before: set[str] = set()
    for tenths in range(0, 1000, 37):
        after = open_to(share(str(Decimal(tenths) / 10)))
        assert before <= after
        before = after


@pytest.mark.parametrize("per_cent", [1, 10, 50, 90])
def test_a_share_is_about_that_share_of_the_accounts(per_cent):
    assert abs(len(open_to(share(per_cent))) / 20 - per_cent) < 3


def test_each_area_begins_with_other_accounts():
    assert open_to(share(10), "tracking") != open_to(share(10), "reports")


def test_an_account_keeps_its_place_from_one_version_to_the_next():
    assert [place_of("tracking", schema) for schema in ("acme", "other", "shop1")] == [692, 220, 559]


def test_named_accounts_are_in_whatever_the_share_and_those_left_out_are_not():
    assert open_to(share(0, named=["shop1", "shop2"])) == {"shop1", "shop2"}
    assert open_to(Setting(left_out=frozenset({"shop1"}))) == set(SCHEMAS) - {"shop1"}
    assert open_to(share("99.9", named=["shop1"], left_out=["shop1"])).isdisjoint({"shop1"})


def test_nobody_is_nobody_named_or_not():
    assert open_to(Setting(Mode.NOBODY, named=frozenset({"shop1"}))) == set()


# --- what a closed area is ------------------------------------------------------------------------------------
def test_an_area_nobody_has_set_is_open(account):
    assert is_open("tracking", account)


def test_what_is_no_area_is_closed(account):
    assert not is_open("of-a-later-version", account)


def test_a_closed_area_has_no_line_in_the_menu_and_no_pages(client_for, owner):
    client = client_for(owner)
    assert b'href="/tracking/"' in client.get("/users/").content
    set_area("tracking", NOBODY)
    assert b'href="/tracking/"' not in client.get("/users/").content
    for address in ("/tracking/", "/tracking/new/", "/tracking/1/"):
        assert client.get(address).status_code == 404
    assert client.post("/tracking/new/", {"name": "Shop"}).status_code == 404


def test_sunset_is_in_the_menu_while_its_area_is_open(client_for, owner):
    line = b'<li><a href="/engagement/sunset/"'
    assert line in client_for(owner).get("/users/").content
    set_area("sunset", NOBODY)
    assert line not in client_for(owner).get("/users/").content


@pytest.mark.parametrize(
    ("area", "asked"), [("over_time", "overtime=tag.{tag}~ever"), ("sunset", "silent=180.{consent}.0.0")]
)
def test_lists_of_a_closed_area_are_refused(client_for, owner, area, asked):
    address = "/contacts/?" + asked.format(tag=factories.tag("VIP").pk, consent=factories.consent("newsletter").pk)
    assert client_for(owner).get(address).status_code == 200
    set_area(area, NOBODY)
    refused = client_for(owner).get(address)
    assert refused.status_code == 422
    assert "an area that is not open" in refused.content.decode()


def test_it_is_closed_to_the_accounts_it_is_closed_to_alone(client_for, owner, other_account):
    set_area("tracking", Setting(left_out=frozenset({"other"})))
    assert client_for(owner).get("/tracking/").status_code == 200
    assert not is_open("tracking", other_account)


def test_a_closed_area_is_not_in_the_api(owner):
    client = key_client(owner)
    assert client.send("post", "/tracking/tokens", {})[0] == 422
    set_area("tracking", NOBODY)
    status, said = client.send("post", "/tracking/tokens", {})
    assert (status, said["code"]) == (404, "not_found")
    assert client.send("get", "/tags")[0] == 200


def test_reports_of_sites_are_refused_while_tracking_is_closed(client_for):
    client = client_for(None)
    given = {"data": "{}", "content_type": "text/plain"}
    assert client.post("/t/events", **given).status_code == 400
    set_area("tracking", NOBODY)
    assert client.post("/t/events", **given).status_code == 404


def test_templates_ask_for_an_area_as_for_a_flag(account):
    request = RequestFactory().get("/")
    request.tenant = account
    template = Template('{% flag "tracking" %}open{% else %}closed{% endflag %}')
    assert template.render(Context({"request": request})) == "open"
    set_area("tracking", NOBODY)
    assert template.render(Context({"request": request})) == "closed"


def test_a_flag_without_an_account_is_closed():
    assert not AreaFlag.get("tracking").is_active(RequestFactory().get("/"))


# --- jobs and looks --------------------------------------------------------------------------------------------
@pytest.fixture
def sent(monkeypatch):
    messages: list[tuple] = []
    monkeypatch.setattr(current_app, "send_task", lambda _name, args: messages.append(tuple(args)))
    monkeypatch.setattr(scheduler, "TICKS", [])
    before = dict(registry.KINDS)
    registry.KINDS.clear()
    yield messages
    registry.KINDS.clear()
    registry.KINDS.update(before)


def test_a_job_of_a_closed_area_waits_and_goes_on_when_it_is_opened(sent, account, django_capture_on_commit_callbacks):
    registry.KINDS["probe"] = probe(area="tracking")
    job = make_job()
    Account.objects.filter(pk=account.pk).update(next_due_at=None)
    set_area("tracking", NOBODY)
    assert services.run("probe", job.pk, now=NOW) is None
    scheduler.look_at(Account.objects.get(pk=account.pk), now=NOW)
    job.refresh_from_db()
    assert (job.state, job.progress, sent) == (JobState.WAITING, 0, [])
    with django_capture_on_commit_callbacks(execute=True):
        set_area("tracking", EVERYBODY)
    assert Account.objects.get(pk=account.pk).next_due_at == NOW
    with django_capture_on_commit_callbacks(execute=True):
        scheduler.tick(NOW)
    assert sent == [("acme", "probe", job.pk)]
    assert services.run("probe", job.pk, now=NOW).state == JobState.DONE


def test_a_job_whose_area_closes_while_it_runs_stops_after_its_chunk(sent, account):
    def closing(job, now):
        more = counting(job, now)
        set_area("tracking", NOBODY)
        return more

    registry.KINDS["probe"] = probe(closing, area="tracking")
    job = make_job()
    services.run("probe", job.pk, now=NOW)
    job.refresh_from_db()
    assert (job.state, job.progress, job.lease_owner) == (JobState.WAITING, 1, "")


def test_a_look_of_a_closed_area_does_not_run(sent, account):
    looks: list[str] = []
    for name, area in (("ours", "tracking"), ("all", "")):
        registry.register_tick(lambda _now, name=name: looks.append(name), area=area)
    scheduler.TICKS[:] = registry.TICKS[-2:]
    del registry.TICKS[-2:]
    set_area("tracking", NOBODY)
    scheduler.look_at(Account.objects.get(pk=account.pk), now=NOW)
    assert looks == ["all"]
    set_area("tracking", EVERYBODY)
    scheduler.look_at(Account.objects.get(pk=account.pk), now=NOW + timedelta(minutes=1))
    assert looks == ["all", "ours", "all"]


# --- changing ---------------------------------------------------------------------------------------------------
def test_an_effect_names_whom_it_opens_and_closes_for(account):
    set_area("tracking", share(0, named=["acme"]))
    effect = effect_of(AREAS["tracking"], share(0, named=["other"]))
    assert (effect.opens, effect.closes, effect.open_after, effect.accounts) == (("other",), ("acme",), 1, 2)


def test_a_change_is_what_was_agreed_to_or_none(account):
    agreed = effect_of(AREAS["tracking"], NOBODY).fingerprint
    set_area("tracking", share(0, named=["acme"]))
    with pytest.raises(ChangedMeanwhileError):
        set_area("tracking", NOBODY, agreed=agreed)
    assert setting_now(AREAS["tracking"]) == share(0, named=["acme"])


def test_an_account_made_meanwhile_is_a_change_too(account):
    agreed = effect_of(AREAS["tracking"], NOBODY).fingerprint
    Account.objects.bulk_create([Account(schema_name="newone", name="New")])
    with pytest.raises(ChangedMeanwhileError):
        set_area("tracking", NOBODY, agreed=agreed)


def test_two_who_name_accounts_at_once_both_have_theirs(committed, account):
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            set_area("tracking", share(0, named=["acme"]))
            second = pool.submit(elsewhere(account, lambda: told("set", "tracking", "--name", "other")))
            assert blocked(second)
        second.result()
    assert setting_now(AREAS["tracking"]) == share(0, named=["acme", "other"])


def test_each_change_leaves_one_line_and_none_without_a_change(account):
    for _ in range(2):
        set_area("tracking", share(0, named=["acme"]))
    [line] = Change.objects.all()
    assert (line.who, line.area, line.opened, line.closed, line.accounts) == ("a test", "tracking", 0, 1, 2)
    assert (line.before["mode"], line.after["named"]) == ("everybody", ["acme"])


def test_a_deleted_account_is_named_nowhere(committed):
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA gone")
    connection.set_schema_to_public()  # type: ignore[attr-defined]
    [account] = Account.objects.bulk_create([Account(schema_name="gone", name="Gone")])
    set_area("tracking", share(0, named=["gone", "acme"], left_out=["other"]))
    delete_account(account)
    assert setting_now(AREAS["tracking"]) == share(0, named=["acme"], left_out=["other"])


# --- what it costs -----------------------------------------------------------------------------------------------
def test_areas_cost_a_page_no_query_and_a_change_holds_from_the_next_request_on(client_for, owner):
    client = client_for(owner)
    client.get("/profile/")

    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as found:
            client.get("/profile/")
        return [query["sql"] for query in found if "search_path" not in query["sql"]]

    before = queries()
    assert not [query for query in before if "rollout_areaflag" in query]
    set_area("tracking", NOBODY)
    assert client.get("/tracking/").status_code == 404
    assert len(queries()) == len(before)


def test_where_there_is_no_request_a_change_holds_at_once(account):
    assert is_open_here("tracking")
    set_area("tracking", NOBODY)
    assert not is_open_here("tracking")
    with CaptureQueriesContext(connection) as found:
        is_open_here("tracking")
    assert len(found) == 1


# --- the command line --------------------------------------------------------------------------------------------
def told(*arguments: str) -> str:
    out = StringIO()
    call_command("rollout", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_says_what_it_would_do_and_does_it(account):
    would = told("set", "tracking", "--share", "0", "--name", "other", "--look")
    assert would == "tracking would open for 0, would close for 1. It is then open to 1 of 2 accounts.\n"
    assert setting_now(AREAS["tracking"]) == EVERYBODY
    told("set", "tracking", "--share", "0", "--name", "other")
    assert "tracking\tsome\t0.0 %\t1 of 2\tother\t\n" in told("list")
    assert "tracking\tclosed\n" in told("list", "--account", "acme")
    told("set", "tracking", "--everybody", "--forget", "other")
    assert "tracking\teverybody\t0.0 %\t2 of 2\t\t\n" in told("list")


@pytest.mark.parametrize(
    "arguments",
    [
        ("nothing", "--nobody"),
        ("tracking", "--share", "100"),
        ("tracking", "--share", "-1"),
        ("tracking", "--share", "12.34"),
        ("tracking", "--share", "NaN"),
        ("tracking", "--share", "half"),
        ("tracking", "--name", "nobody"),
        ("tracking", "--name", "acme", "--leave-out", "acme"),
    ],
)
def test_the_command_refuses_what_means_nothing(account, arguments):
    with pytest.raises(CommandError):
        told("set", *arguments)
    assert not Change.objects.exists()
