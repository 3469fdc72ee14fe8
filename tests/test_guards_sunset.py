"""A sunset acts on nobody whom it may not: a longer engagement window, an area closed meanwhile, a tag given anew."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Account
from actions.models import ActionRun
from actions.services import undo_run
from contacts.sight import sees_all
from jobs.services import run
from permissions.models import PermissionGroup
from permissions.selectors import narrowed
from segmentation.models import SavedCriteria
from sunset import services
from sunset.errors import FaultyError
from sunset.numbers import standings
from sunset.standing import TAG, faults
from tags.merging import ask_merge
from tags.models import ContactTag
from tests import factories
from tests.factories import NOW
from tests.support.rollout import EVERYBODY, NOBODY, set_area, share
from tests.support.sunsets import DAY, answer_of, fresh, has_tag, outcome, pass_day, silent, switched_on, work
from users.models import User

pytestmark = pytest.mark.django_db
HOME = "/engagement/sunset/"
SETTINGS = {"name": "Acme", "timezone": "UTC", "currency": "PLN", "language": "en"}


@pytest.fixture
def newsletter():
    return factories.consent("newsletter")


# --- the account's engagement window -----------------------------------------------------------------------------
def window(days: int) -> None:
    Account.objects.filter(schema_name="acme").update(engagement_days=days)


def test_nothing_is_withdrawn_from_who_is_engaged_by_a_longer_window_of_the_account(newsletter):
    [tagged, meant] = silent(2, newsletter)
    factories.visit(meant, at=NOW - timedelta(days=175))
    sunset = switched_on(newsletter)
    work(NOW)
    window(181)
    pass_day(14)
    assert (answer_of(tagged, newsletter), has_tag(meant)) == ("given", False)
    assert [each.params for each in faults(fresh(sunset))] == [{"window": 181, "days": 180}]
    window(180)
    pass_day(15)
    assert (answer_of(tagged, newsletter), has_tag(meant)) == ("withdrawn", True)


def test_it_goes_on_once_its_days_are_no_fewer_than_the_window(client_for, owner, newsletter):
    client = client_for(owner)
    sunset = switched_on(newsletter)
    window(200)
    page = client.get(f"{HOME}{sunset.pk}/").content.decode()
    assert "engagement window in days (200)" in page
    url = f"{HOME}{sunset.pk}/change/"
    assert url in page
    given = {"name": "Sunset", "days": "200", "wait": "14", "consents": newsletter.pk, "revision": sunset.revision}
    asked = client.post(url, given)
    client.post(url, given | {"mark": asked.context["mark"], "confirmed": "yes"})
    assert (fresh(sunset).days, faults(fresh(sunset))) == (200, [])


def test_the_settings_say_which_sunsets_a_longer_window_would_stop(client_for, owner, newsletter):
    switched_on(newsletter, name="Short")
    switched_on(newsletter, name="Long", tag="OTHER", days=365)
    client = client_for(owner)
    longer = SETTINGS | {"engagement_days": "200"}
    asked = client.post("/account/", longer)
    assert asked.status_code == 422
    told = asked.content.decode()
    assert "The sunset Short would act on nobody" in told
    assert "The sunset Long" not in told
    assert Account.objects.get(schema_name="acme").engagement_days == 90
    agreed = {"agreed": asked.context["mark"]}
    assert client.post("/account/", longer | agreed | {"engagement_days": "400"}).status_code == 422, "that stops both"
    assert client.post("/account/", longer | agreed).status_code == 302
    assert Account.objects.get(schema_name="acme").engagement_days == 200
    assert client.post("/account/", longer | {"name": "Other"}).status_code == 302, "it is stopped already"


# --- a tag that is not the sunset's -----------------------------------------------------------------------------
def take_off(contact, tag: str = "LAST_CALL") -> None:
    ContactTag.objects.filter(contact=contact, tag__name=tag).delete()


@pytest.mark.parametrize("looked_between", [False, True])
def test_nothing_is_withdrawn_from_who_was_given_the_tag_anew_by_somebody_else(newsletter, looked_between):
    again, ours = silent(2, newsletter)
    sunset = switched_on(newsletter)
    work(NOW)
    take_off(again)
    factories.tag("LAST_CALL", again, at=NOW + DAY)
    if looked_between:
        pass_day(2)
    now = pass_day(15)
    assert (answer_of(again, newsletter), answer_of(ours, newsletter)) == ("given", "withdrawn")
    assert (outcome(again), outcome(ours)) == ("other", "withdrawn")
    factories.visit(again, at=now)
    found = standings([fresh(sunset)], now=now, zone=NOW.tzinfo, mask=None)[sunset.pk]
    assert (set(found.other), set(found.back)) == ({again.pk}, set())
    pass_day(16)
    assert has_tag(again), "nor is it taken off them"


def test_who_has_the_tag_from_somebody_else_stands_at_no_stage_before_the_next_refresh(client_for, owner, newsletter):
    now = timezone.now().replace(microsecond=0)
    again, _other = silent(2, newsletter)
    sunset = switched_on(newsletter, now=now - 20 * DAY)
    work(now - 20 * DAY)
    take_off(again)
    factories.tag("LAST_CALL", again, at=now - 19 * DAY)
    found = standings([fresh(sunset)], now=now, zone=NOW.tzinfo, mask=None)[sunset.pk]
    assert (len(found.message), set(found.other)) == (1, {again.pk})
    factories.visit(again, at=now)
    found = standings([fresh(sunset)], now=now, zone=NOW.tzinfo, mask=None)[sunset.pk]
    assert not found.returning, "that tag is not taken off"
    page = client_for(owner).get(f"{HOME}{sunset.pk}/?count=1")
    assert page.context["outlook"].due == 1


def test_a_way_that_is_over_stays_so_when_the_tag_is_merged_with_an_earlier_one(newsletter):
    [contact] = silent(1, newsletter)
    asked = factories.tag("ASKED", contact, at=NOW - DAY)
    sunset = switched_on(newsletter)
    work(NOW)
    take_off(contact)
    tag = factories.tag("LAST_CALL", contact, at=NOW + DAY)
    pass_day(2)
    merge = ask_merge([tag, asked], "LAST_CALL", now=NOW + 3 * DAY, by="", user=None)
    run("tag_merge", merge.pk, now=NOW + 3 * DAY)
    assert faults(fresh(sunset)) == []
    pass_day(30)
    assert (has_tag(contact), answer_of(contact, newsletter)) == (True, "given")


def test_undoing_the_tag_takes_off_that_of_the_sunset_alone(newsletter):
    again, ours = silent(2, newsletter)
    switched_on(newsletter)
    work(NOW)
    take_off(again)
    factories.tag("LAST_CALL", again, at=NOW + DAY)
    undo = undo_run(ActionRun.objects.get(action__kind=TAG), now=NOW + DAY, by=None)
    run("undo", undo.pk, now=NOW + DAY)
    assert (has_tag(again), has_tag(ours)) == (True, False)
    pass_day(20)
    assert answer_of(again, newsletter) == "given"


def test_what_another_action_took_off_and_gave_back_is_the_sunsets_still(newsletter):
    [contact] = silent(1, newsletter)
    switched_on(newsletter)
    work(NOW)
    link = ContactTag.objects.get(contact=contact)
    take_off(contact)
    link.save(force_insert=True)  # as undoing does it: since when it was
    pass_day(14)
    assert answer_of(contact, newsletter) == "withdrawn"


# --- the area closed and open again ------------------------------------------------------------------------------
CLOSINGS = {"nobody": NOBODY, "left out": share(50, left_out=["acme"]), "not in the share": share(0)}


@pytest.mark.parametrize("closed", CLOSINGS.values(), ids=CLOSINGS)
def test_closed_and_opened_again_before_anybody_looked_it_acts_on_nobody_until_let_go_on(newsletter, closed):
    [contact] = silent(1, newsletter)
    sunset = switched_on(newsletter)
    work(NOW)
    set_area("sunset", closed)
    set_area("sunset", EVERYBODY)
    pass_day(14)
    assert answer_of(contact, newsletter) == "given"
    assert [each.mendable for each in faults(fresh(sunset))] == [True]
    services.pause_closed(NOW)
    assert (fresh(sunset).state, fresh(sunset).why_paused) == ("paused", "closed")
    services.resume(sunset, now=NOW + 14 * DAY, by=None)
    services.pause_closed(NOW)
    assert fresh(sunset).on
    work(NOW + 14 * DAY)
    assert answer_of(contact, newsletter) == "withdrawn"


def test_let_go_on_at_the_moment_of_the_closing_it_is_paused(newsletter):
    sunset = switched_on(newsletter)
    services.pause(sunset, now=NOW, by=None)
    set_area("sunset", NOBODY)
    services.resume(sunset, now=NOW, by=None)  # its page was open still
    set_area("sunset", EVERYBODY)
    services.pause_closed(NOW)
    assert fresh(sunset).why_paused == "closed"


def test_what_was_closed_before_or_is_closed_to_others_does_not_pause_it(newsletter):
    set_area("sunset", NOBODY)
    set_area("sunset", share(0, named=["acme"]))
    sunset = switched_on(newsletter)
    set_area("sunset", share(1, named=["acme"]))
    set_area("reports", NOBODY)
    services.pause_closed(NOW)
    assert fresh(sunset).on
    assert faults(fresh(sunset)) == []


# --- an author who sees some contacts only by now ------------------------------------------------------------------
def narrow(user, contact) -> PermissionGroup:
    """A permission group that shows the user this contact alone."""
    return factories.permission_group("Media", users=[user], categories=[factories.category("media", contact)])


@pytest.mark.parametrize("worked", [False, True])
def test_set_up_by_somebody_who_sees_some_contacts_only_by_now_it_acts_on_nobody(
    client_for, owner, make_user, newsletter, worked
):
    author = make_user("marketer")
    seen, *others = silent(4, newsletter)
    sunset = switched_on(newsletter, by=author)
    if worked:
        work(NOW)
    group = narrow(author, seen)
    pass_day(14)
    assert {has_tag(each) for each in (seen, *others)} == {worked}
    assert {answer_of(each, newsletter) for each in (seen, *others)} == {"given"}
    assert [each.params for each in faults(fresh(sunset))] == [{"user": str(author)}]
    page = client_for(owner).get(f"{HOME}{sunset.pk}/").content.decode()
    assert f"Its segments hold only contacts that their owner {author} sees" in page
    assert f"Have an administrator let {author} see every contact again" in page
    group.users.remove(author)
    assert faults(fresh(sunset)) == []
    pass_day(15)
    assert all(has_tag(each) for each in others)


def test_gone_on_with_by_somebody_who_sees_some_contacts_only_by_now_somebody_else_goes_on(
    client_for, owner, make_user, newsletter
):
    other = make_user("marketer")
    waiting, *_others = silent(2, newsletter)
    sunset = switched_on(newsletter, by=owner)
    services.pause(sunset, now=NOW, by=owner)
    services.resume(sunset, now=NOW, by=other)
    work(NOW)
    narrow(other, waiting)
    pass_day(14)
    assert answer_of(waiting, newsletter) == "given"
    assert [(each.params, each.mendable) for each in faults(fresh(sunset))] == [({"user": str(other)}, True)]
    assert client_for(owner).post(f"{HOME}{sunset.pk}/resume/").status_code == 302
    assert faults(fresh(sunset)) == []


@pytest.mark.parametrize("how", ["administrator", "inactive", "deleted"])
def test_whoever_set_it_up_and_still_sees_every_contact_does_not_stop_it(make_user, newsletter, how):
    author = make_user("administrator" if how == "administrator" else "marketer")
    [contact, _other] = silent(2, newsletter)
    sunset = switched_on(newsletter, by=author)
    if how == "administrator":
        narrow(author, contact)
    elif how == "inactive":
        User.objects.filter(pk=author.pk).update(is_active=False)
    else:
        narrow(author, contact)
        author.delete()
    assert faults(fresh(sunset)) == []
    work(NOW)
    assert has_tag(contact)


def test_who_is_narrowed_is_who_does_not_see_all(make_user):
    category = factories.category("media")
    free, grouped, nobody, administering = (make_user(role) for role in ("marketer", "analyst", "marketer", "owner"))
    factories.permission_group("Media", users=[grouped, administering], categories=[category])
    factories.permission_group("Sport", users=[grouped], categories=[category])
    factories.permission_group("Nothing", users=[nobody])
    users = [free, grouped, nobody, administering]
    assert {user.pk for user in narrowed()} == {user.pk for user in users if not sees_all(user)} == {
        grouped.pk, nobody.pk
    }  # fmt: skip


# --- saved criteria that cannot be used any more -------------------------------------------------------------------
def test_where_nobody_can_say_who_is_left_alone_it_acts_on_nobody_and_says_so(client_for, owner, newsletter):
    waiting, later = silent(2, newsletter)
    factories.visit(later, at=NOW - timedelta(days=175))
    tag = factories.tag("VIP")
    tree = {"kind": "tag", "op": "any", "tags": ["VIP"]}
    saved = SavedCriteria.objects.create(name="Spared", criteria=tree, created_at=NOW, updated_at=NOW)
    sunset = switched_on(newsletter, left_out=saved.pk)
    work(NOW)
    assert faults(fresh(sunset)) == []
    tag.delete()
    pass_day(14)
    assert (answer_of(waiting, newsletter), has_tag(later)) == ("given", False)
    client = client_for(owner)
    page = client.get(f"{HOME}{sunset.pk}/").content.decode()
    assert "It acts on nobody" in page
    assert "Who is left alone cannot be told: “Spared” can&#x27;t be used" in page
    assert "There is no tag “VIP”." in page
    assert "Change these saved criteria, or choose others for the sunset." in page
    assert f"{HOME}{sunset.pk}/change/" in page
    assert page.count(f"?sunset={sunset.pk}.message") == 1
    assert set(standings([fresh(sunset)], now=NOW, zone=NOW.tzinfo, mask=None)[sunset.pk].message) == {waiting.pk}
    services.pause(sunset, now=NOW, by=None)
    with pytest.raises(FaultyError):
        services.resume(sunset, now=NOW, by=None)
    factories.tag("VIP")
    services.resume(sunset, now=NOW + 14 * DAY, by=None)
    work(NOW + 14 * DAY)
    assert (answer_of(waiting, newsletter), has_tag(later)) == ("withdrawn", True)


# --- who sees some contacts only ----------------------------------------------------------------------------------
def test_how_far_a_run_has_got_is_told_to_who_sees_all_contacts_alone(client_for, marketer, owner, newsletter):
    mine, *_theirs = silent(5, newsletter)
    sunset = switched_on(newsletter)
    work(NOW, "calculation")
    ActionRun.objects.filter(action__kind=TAG).update(progress=3, already_count=3, total=5)
    factories.permission_group("Media", users=[marketer], categories=[factories.category("media", mine)])
    for url in (f"{HOME}{sunset.pk}/", f"{HOME}{sunset.pk}/?now=1"):
        for user, shown in ((owner, True), (marketer, False)):
            told = client_for(user).get(url, headers={"hx-request": "true"} if "now" in url else {}).content.decode()
            assert "sun-work" in told
            assert ('value="3" max="5"' in told, "60" in told.split("sun-work")[1].split("</div>")[0]) == (shown, shown)
