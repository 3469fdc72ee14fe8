"""Undo: exactly those a run changed are changed back, as long as nobody has written them since."""

from datetime import timedelta

import pytest
from pyroaring import BitMap

from actions import services
from actions.errors import NothingToUndoError, UndoneError
from actions.models import ActionRun, Undo
from actions.undoing import forget_writes, prospect
from contacts import services as contact_services
from contacts.models import Contact, ContactConsent, HistoryEntry, LabelWrite
from jobs.models import JobState
from jobs.services import run as run_job
from tags import assigning
from tags import services as tag_services
from tags.models import ContactCategory, ContactTag, Tag
from tests import factories
from tests.support.audiences import NOW, make_contacts, ready_segment

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
LONG_AGO = NOW - timedelta(days=700)


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    """Ids cross the borders of chunks of either job."""
    from actions.kinds import KINDS

    for kind in KINDS.values():
        monkeypatch.setattr(kind, "chunk", 3, raising=False)


def carried_out(people, kind, params, *, now=NOW, by=None) -> ActionRun:
    segment = ready_segment(people, at=now)
    run = services.plan_action(segment, kind=kind, params=params, now=now, by=by).runs.get()
    run_job("action", run.pk, now=now)
    run.refresh_from_db()
    assert run.state == JobState.DONE
    return run


def with_tag(people, kind="add_tag", *, now=NOW, name="VIP") -> ActionRun:
    tag = factories.tag(name)
    return carried_out(people, kind, {"tag": tag.pk, "name": name}, now=now)


def with_category(people, kind="add_category", path="klient", *, now=NOW, by=None, **more) -> ActionRun:
    category = factories.category(path)
    return carried_out(people, kind, {"category": category.pk, "name": path, **more}, now=now, by=by)


def with_consent(people, kind, consent, *, now=NOW, **more) -> ActionRun:
    return carried_out(people, kind, {"consent": consent.pk, "name": "N", "source": "fair", **more}, now=now)


def undo(run, *, now=NOW + HOUR, by=None) -> Undo:
    """Undoes it, and holds what was foretold to what came."""
    foretold = prospect(run, now=now)
    begun = services.undo_run(run, now=now, by=by)
    run_job("undo", begun.pk, now=now)
    begun.refresh_from_db()
    if begun.state == JobState.DONE:
        assert (foretold.back, foretold.since, foretold.gone) == (
            begun.back_count, begun.since_count, begun.gone_count,
        )  # fmt: skip
    return begun


def counts(undone):
    return (undone.state, undone.back_count, undone.since_count, undone.gone_count)


def tagged(name="VIP"):
    return BitMap(ContactTag.objects.filter(tag__name=name).values_list("contact_id", flat=True))


def contact(pk):
    return Contact.objects.get(pk=pk)


# --- tags ----------------------------------------------------------------------------------------------------
def test_exactly_those_who_got_the_tag_lose_it_again():
    people = make_contacts(8)
    factories.tag("VIP", *Contact.objects.filter(pk__in=people[:3]), at=LONG_AGO)
    run = with_tag(people)
    assert run.changed_count == 5
    assert counts(undo(run)) == (JobState.DONE, 5, 0, 0)
    assert tagged() == people[:3]


def test_those_who_lost_the_tag_get_it_again_since_when_they_had_it():
    """Else "tagged in the last week" would find people who were tagged years ago."""
    people = make_contacts(7)
    factories.tag("VIP", *Contact.objects.filter(pk__in=people[:5]), at=LONG_AGO)
    run = with_tag(people, "remove_tag")
    assert not tagged()
    assert counts(undo(run)) == (JobState.DONE, 5, 0, 0)
    assert tagged() == people[:5]
    assert set(ContactTag.objects.values_list("assigned_at", flat=True)) == {LONG_AGO}


def test_whoever_was_tagged_anew_since_keeps_the_tag():
    """Taken off and put on again at the very same instant: only the order of writes tells."""
    people = make_contacts(4)
    run = with_tag(people)
    tag_services.take_tag_off(contact(people[1]), Tag.objects.get(), now=NOW, by="A", user=None)
    tag_services.put_tags_on(contact(people[1]), "vip", now=NOW, by="A", user=None)
    assert counts(undo(run)) == (JobState.DONE, 3, 1, 0)
    assert tagged() == people[1:2]


def test_whoever_lost_the_tag_since_does_not_count_as_changed_back():
    people = make_contacts(4)
    run = with_tag(people)
    tag_services.take_tag_off(contact(people[0]), Tag.objects.get(), now=NOW, by="A", user=None)
    assert counts(undo(run)) == (JobState.DONE, 3, 1, 0)


def test_whoever_was_tagged_and_untagged_since_is_not_tagged_by_undoing_a_removal():
    people = make_contacts(4)
    factories.tag("VIP", *Contact.objects.filter(pk__in=people))
    run = with_tag(people, "remove_tag")
    for changed in people[:2]:
        tag_services.put_tags_on(contact(changed), "vip", now=NOW, by="A", user=None)
    tag_services.take_tag_off(contact(people[1]), Tag.objects.get(), now=NOW, by="A", user=None)
    assert counts(undo(run)) == (JobState.DONE, 2, 2, 0)
    assert tagged() == people - people[1:2]


def test_a_tag_that_somebody_asked_for_again_by_hand_stays():
    """They had it from the run already, so nothing changed then; but somebody wants it there."""
    people = make_contacts(3)
    run = with_tag(people)
    tag_services.put_tags_on(contact(people[0]), "vip", now=NOW, by="A", user=None)
    assert counts(undo(run)) == (JobState.DONE, 2, 1, 0)
    assert tagged() == people[:1]


def test_a_later_action_that_found_it_already_so_does_not_keep_it():
    people = make_contacts(3)
    run = with_tag(people)
    assert with_tag(people, now=NOW + HOUR).changed_count == 0
    assert counts(undo(run, now=NOW + 2 * HOUR)) == (JobState.DONE, 3, 0, 0)


def test_the_deleted_are_told_apart():
    people = make_contacts(5)
    run = with_tag(people)
    Contact.objects.filter(pk__in=people[1:3]).delete()
    assert counts(undo(run)) == (JobState.DONE, 3, 0, 2)


def test_a_row_written_past_all_services_is_left():
    """Straight in the table, as COPY would: the time it bears is not the run's."""
    people = make_contacts(3)
    run = with_tag(people)
    ContactTag.objects.filter(contact=people[0]).update(assigned_at=NOW + HOUR)
    assert counts(undo(run)) == (JobState.DONE, 2, 1, 0)


def test_runs_are_undone_in_turn_each_as_if_the_later_one_had_not_been():
    """One puts it on, another takes it off; undoing both, the later first, leads back to the beginning."""
    people = make_contacts(6)
    factories.tag("VIP", *Contact.objects.filter(pk__in=people[:2]), at=LONG_AGO)
    first, second = with_tag(people), with_tag(people[1:4], "remove_tag", now=NOW + HOUR)
    assert counts(undo(second, now=NOW + 2 * HOUR)) == (JobState.DONE, 3, 0, 0)
    assert counts(undo(first, now=NOW + 3 * HOUR)) == (JobState.DONE, 4, 0, 0)
    assert tagged() == people[:2]
    assert set(ContactTag.objects.values_list("assigned_at", flat=True)) == {LONG_AGO}


def test_a_run_is_not_undone_through_what_a_later_one_did():
    people = make_contacts(6)
    first = with_tag(people)
    with_tag(people[1:4], "remove_tag", now=NOW + HOUR)
    with_tag(people[2:3], now=NOW + 2 * HOUR)
    assert counts(undo(first, now=NOW + 3 * HOUR)) == (JobState.DONE, 3, 3, 0)
    assert tagged() == people[2:3]


def test_a_deleted_tag_is_told_and_nobody_is_changed():
    people = make_contacts(3)
    run = with_tag(people)
    tag_services.delete_tag(Tag.objects.get())
    told = prospect(run, now=NOW)
    assert (told.back, told.since, told.problem.text) == (0, 3, "The tag %(name)s no longer exists.")
    undone = undo(run)
    assert (undone.state, undone.problem_text) == (JobState.FAILED, "The tag VIP no longer exists.")


def test_the_tag_is_counted_anew(django_capture_on_commit_callbacks):
    people = make_contacts(3)
    run = with_tag(people)
    with django_capture_on_commit_callbacks(execute=True):
        undo(run)
    assert Tag.objects.get().contacts_count == 0


# --- categories ----------------------------------------------------------------------------------------------
def test_a_category_is_taken_off_again_with_its_history(marketer):
    people = make_contacts(4)
    run = with_category(people, by=marketer)
    assert counts(undo(run, by=marketer)) == (JobState.DONE, 4, 0, 0)
    assert not ContactCategory.objects.exists()
    entry = HistoryEntry.objects.filter(contact=people[0]).first()
    assert (entry.kind, entry.label, entry.by, entry.action_run_id, entry.detail) == (
        "category_removed", "Klient", str(marketer), run.pk, {"undo": True},
    )  # fmt: skip


def test_those_taken_out_of_a_branch_are_put_back_where_each_was():
    people = make_contacts(5)
    known = list(Contact.objects.filter(pk__in=people))
    factories.category("klient", known[0], at=LONG_AGO)
    factories.category("klient/media", known[0], known[1], at=LONG_AGO)
    factories.category("klient/media/prasa", known[2], at=LONG_AGO)
    before = set(ContactCategory.objects.values_list("category", "contact", "assigned_at"))
    run = with_category(people, "remove_category", "klient", below=True)
    assert run.changed_count == 3
    assert counts(undo(run)) == (JobState.DONE, 3, 0, 0)
    assert set(ContactCategory.objects.values_list("category", "contact", "assigned_at")) == before
    told = HistoryEntry.objects.filter(contact=people[2], kind="category_added").get()
    assert (told.label, told.detail) == ("Klient / Media / Prasa", {"undo": True})


def test_who_is_back_in_one_of_the_categories_is_left_whole():
    people = make_contacts(2)
    known = list(Contact.objects.filter(pk__in=people))
    factories.category("klient", *known)
    media = factories.category("klient/media", *known)
    run = with_category(people, "remove_category", "klient", below=True)
    tag_services.put_in_category(known[0], media, now=NOW, by="A", user=None)
    assert counts(undo(run)) == (JobState.DONE, 1, 1, 0)
    assert ContactCategory.objects.filter(contact=known[0]).count() == 1
    assert ContactCategory.objects.filter(contact=known[1]).count() == 2


def test_a_category_below_that_is_deleted_since_leaves_those_who_were_in_it():
    from tags.categories import delete_category

    people = make_contacts(2)
    known = list(Contact.objects.filter(pk__in=people))
    factories.category("klient", known[0])
    gone = factories.category("klient/media", known[1])
    run = with_category(people, "remove_category", "klient", below=True)
    delete_category(gone)
    assert counts(undo(run)) == (JobState.DONE, 1, 1, 0)


# --- consents ------------------------------------------------------------------------------------------------
def answers():
    return {
        row[0]: row[1:]
        for row in ContactConsent.objects.values_list(
            "contact_id", "state", "changed_at", "source", "wording_version"
        )
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["add_consent", "remove_consent"])
def test_each_answer_is_again_what_it_was_with_its_source(kind):
    people, consent = make_contacts(5), factories.consent()
    known = list(Contact.objects.filter(pk__in=people))
    factories.answer(known[0], consent, "given", at=LONG_AGO, source="call")
    factories.answer(known[1], consent, "withdrawn", at=LONG_AGO, source="letter")
    factories.answer(known[2], consent, "given", at=LONG_AGO, source="old form")
    contact_services.edit_consent(consent, name_en="N", name_pl="Z", channel="email", new_wording=True)
    before = answers()
    run = with_consent(people, kind, consent, **({"again": True} if kind == "add_consent" else {}))
    assert run.changed_count == (5 if kind == "add_consent" else 4)
    assert counts(undo(run)) == (JobState.DONE, run.changed_count, 0, 0)
    assert answers() == before


def test_undoing_never_gives_a_consent_that_was_not_given_before():
    people, consent = make_contacts(3), factories.consent()
    run = with_consent(people, "remove_consent", consent)
    assert run.changed_count == 3, "a refusal is recorded as well"
    undo(run)
    assert not ContactConsent.objects.filter(state="given").exists()


def test_whoever_withdraws_once_more_is_not_given_back():
    """Nothing changed by it, as the run had withdrawn it already: but they said so."""
    people, consent = make_contacts(4), factories.consent()
    for each in Contact.objects.filter(pk__in=people):
        factories.answer(each, consent, "given", at=LONG_AGO)
    run = with_consent(people, "remove_consent", consent)
    contact_services.set_consent(contact(people[0]), consent, "withdrawn", now=NOW, source="link", by="self")
    assert with_consent(people[1:2], "remove_consent", consent, now=NOW + HOUR).changed_count == 0
    assert counts(undo(run, now=NOW + 2 * HOUR)) == (JobState.DONE, 2, 2, 0)
    given = ContactConsent.objects.filter(state="given").values_list("contact_id", flat=True)
    assert BitMap(given) == people[2:]


def test_whoever_gave_it_by_themselves_since_keeps_it():
    people, consent = make_contacts(3), factories.consent()
    run = with_consent(people, "add_consent", consent)
    contact_services.set_consent(contact(people[0]), consent, "given", now=NOW, source="form", by="self")
    contact_services.set_consent(contact(people[1]), consent, "withdrawn", now=NOW, source="form", by="self")
    contact_services.set_consent(contact(people[1]), consent, "given", now=NOW, source="form", by="self")
    assert counts(undo(run)) == (JobState.DONE, 1, 2, 0)
    assert BitMap(ContactConsent.objects.values_list("contact_id", flat=True)) == people[:2]


def test_the_history_says_what_the_consent_is_again():
    from contacts.history import sentence

    people, consent = make_contacts(2), factories.consent(name_en="News")
    factories.answer(contact(people[0]), consent, "withdrawn", at=LONG_AGO, source="letter")
    undo(with_consent(people, "add_consent", consent, again=True))
    told = [sentence(HistoryEntry.objects.filter(contact=each).first()) for each in people]
    assert told == [
        "Consent “News” is withdrawn again (letter): an action was undone",
        "Consent “News” is unknown again: an action was undone",
    ]


# --- once, when, how it ends ---------------------------------------------------------------------------------
def test_a_run_is_undone_once():
    run = with_tag(make_contacts(2))
    undo(run)
    with pytest.raises(UndoneError):
        services.undo_run(run, now=NOW, by=None)


def test_a_run_under_way_is_not_undone():
    tag = factories.tag("VIP")
    segment = ready_segment(make_contacts(2))
    params = {"tag": tag.pk, "name": "VIP"}
    run = services.plan_action(segment, kind="add_tag", params=params, now=NOW, by=None).runs.get()
    with pytest.raises(NothingToUndoError):
        services.undo_run(run, now=NOW, by=None)


def test_what_changed_nobody_is_not_undone():
    people = make_contacts(2)
    factories.tag("VIP", *Contact.objects.filter(pk__in=people))
    with pytest.raises(NothingToUndoError):
        services.undo_run(with_tag(people), now=NOW, by=None)


def test_an_export_is_not_undone(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    run = carried_out(make_contacts(2), "export", {"columns": ["id"]})
    with pytest.raises(NothingToUndoError):
        services.undo_run(run, now=NOW, by=None)


def test_a_run_from_before_writes_were_noted_is_not_undone():
    run = with_tag(make_contacts(2))
    ActionRun.objects.update(traced=False)
    run.refresh_from_db()
    with pytest.raises(NothingToUndoError):
        services.undo_run(run, now=NOW, by=None)


@pytest.mark.parametrize("state", [JobState.CANCELLED, JobState.FAILED, JobState.ERRORED])
def test_a_run_that_stopped_half_way_is_undone_as_far_as_it_came(state):
    people, tag = make_contacts(8), factories.tag("VIP")
    segment = ready_segment(people)
    params = {"tag": tag.pk, "name": "VIP"}
    run = services.plan_action(segment, kind="add_tag", params=params, now=NOW, by=None).runs.get()
    one_step(run, "action")
    ActionRun.objects.filter(pk=run.pk).update(state=state, lease_owner="", lease_until=None, finished_at=NOW)
    run.refresh_from_db()
    assert counts(undo(run)) == (JobState.DONE, 3, 0, 0)
    assert not tagged()
    with pytest.raises(UndoneError):
        services.retry_run(run, now=NOW)


def one_step(job, kind):
    """Its first chunk and no more."""
    from jobs.lease import Lease, claim
    from jobs.registry import KINDS

    claimed = claim(KINDS[kind], job.pk, lease=Lease(lambda: NOW))
    assert KINDS[kind].step(claimed, NOW)


def test_a_cancelled_undo_goes_on_where_it_stopped():
    people = make_contacts(8)
    run = with_tag(people)
    begun = services.undo_run(run, now=NOW, by=None)
    one_step(begun, "undo")
    assert services.cancel_undo(begun, now=NOW)
    assert tagged() == people[3:]
    run = ActionRun.objects.get(pk=run.pk)
    assert prospect(run, now=NOW).total == 5
    assert services.resume_undo(begun, now=NOW)
    run_job("undo", begun.pk, now=NOW)
    begun.refresh_from_db()
    assert counts(begun) == (JobState.DONE, 8, 0, 0)
    assert not tagged()


def test_an_undo_that_is_over_does_not_go_on():
    undone = undo(with_tag(make_contacts(2)))
    assert not services.resume_undo(undone, now=NOW)


def test_an_archived_segments_run_is_undone():
    people = make_contacts(3)
    run = with_tag(people)
    later = run.action.segment.ready_until + timedelta(days=30)
    assert counts(undo(run, now=later)) == (JobState.DONE, 3, 0, 0)


def test_an_undo_under_way_keeps_its_segment_and_tag():
    from segmentation import hooks
    from tags.usage import uses_of

    run = with_tag(make_contacts(2))
    services.undo_run(run, now=NOW, by=None)
    assert [use for use in hooks.uses_of(run.action.segment) if use.live]
    assert uses_of(Tag.objects.get())


# --- what is kept for it -------------------------------------------------------------------------------------
def test_of_a_label_that_no_action_has_written_nothing_is_noted():
    people = make_contacts(3)
    assigning.assign_tag(people, factories.tag("OTHER"), now=NOW)
    assert not LabelWrite.objects.exists()


def test_notes_go_with_the_runs_they_stand_behind():
    people = make_contacts(3)
    run, kept = with_tag(people), with_tag(people, name="KEPT")
    tag_services.take_tag_off(contact(people[0]), Tag.objects.get(name="VIP"), now=NOW, by="A", user=None)
    tag_services.take_tag_off(contact(people[0]), Tag.objects.get(name="KEPT"), now=NOW, by="A", user=None)
    forget_writes(NOW)
    assert LabelWrite.objects.count() == 4
    run.delete()
    forget_writes(NOW)
    assert LabelWrite.objects.count() == 2
    assert set(LabelWrite.objects.values_list("label_id", flat=True)) == {kept.action.params["tag"]}
