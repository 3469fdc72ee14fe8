"""Erased people: proved without naming them, taken out of everything kept, and kept out."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils.timezone import now as clock
from pyroaring import BitMap

from actions import services as actions
from actions.models import ActionRun
from contacts.erasing import journal
from contacts.erasing.models import Cleaning, ErasedName, Erasure
from contacts.erasing.names import proofs_of
from contacts.erasing.replaying import look, replay
from contacts.erasing.services import erase_contact, erase_contacts
from contacts.merging import merge_contacts
from contacts.models import Contact, LabelWrite
from contacts.services import create_contact, set_consent, update_contact
from contacts.services.batches import record_contacts
from exports import store
from exports.models import ExportFile
from jobs.models import JobState
from jobs.services import run as run_job
from segmentation.models import Calculation, Movement, UploadedList
from segmentation.services import fixed_list
from segmentation.services.calculations import request_calculation
from tests import factories
from tests.factories import NOW
from tests.support.audiences import ready_segment

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path / "files")
    settings.ERASURE_JOURNAL = tmp_path / "erasures"


def clean(now: Any = None) -> Cleaning:
    """What a worker would do."""
    job = Cleaning.objects.get(state=JobState.WAITING)
    assert run_job("cleaning", job.pk, now=now or clock()) is not None
    job.refresh_from_db()
    assert job.state == JobState.DONE
    return job


# --- the proof ---------------------------------------------------------------------------------------------------
def test_the_proof_says_what_went_and_nothing_of_whom() -> None:
    ala = create_contact(
        fields={"email": "ala@example.com", "phone": "600100200", "external_id": "X-77", "first_name": "Alicja"},
        now=NOW,
        by="t",
    )
    factories.tag("VIP", ala)
    factories.category("klient", ala)
    factories.order(ala, lines=[{"product": "P1", "amount": 30}])
    set_consent(ala, factories.consent(), "given", now=NOW, source="a letter", by="t")
    proof = erase_contact(ala, reason="mistake", now=LATER, by="Ola")
    assert (proof.by, proof.at, proof.reason, proof.ids) == ("Ola", LATER, "mistake", [ala.pk])
    assert proof.counts == {
        "order": 1,
        "orderline": 1,
        "contacttag": 1,
        "contactcategory": 1,
        "contactconsent": 1,
        "historyentry": 2,
    }
    kept = json.dumps([*Erasure.objects.values(), *ErasedName.objects.values()], default=str).lower()
    assert not [word for word in ("ala", "600100200", "x-77", "alicja") if word in kept.replace("ola", "")]
    assert {name.kind for name in proof.names.all()} == {"email", "phone", "external_id"}


def test_whoever_was_merged_into_the_person_is_proved_as_well() -> None:
    kept, other = factories.contact(email="a@x.pl"), factories.contact(email="b@x.pl")
    merge_contacts([kept.pk, other.pk], into=kept.pk, chosen={"email": kept.pk}, now=NOW, by="t")
    proof = erase_contact(Contact.objects.get(), now=LATER, by="Ola")
    assert proof.ids == [kept.pk, other.pk]
    assert proof.names.filter(kind="email").count() == 2


@pytest.mark.parametrize(("field", "value"), [("email", "old@x.pl"), ("phone", "+48600100200"), ("external_id", "X1")])
def test_a_name_that_the_person_had_before_is_no_name_of_a_new_contact(account: Any, field: str, value: str) -> None:
    ala = create_contact(fields={field: value}, now=NOW, by="t")
    ala = update_contact(ala, fields={field: None, "first_name": "Ala"}, now=NOW, by="t")
    erase_contact(ala, now=LATER, by="Ola")
    [outcome] = record_contacts([{field: value}], account=account, now=LATER, by="t")
    assert [(each.field, each.code) for each in outcome.errors] == [(field, "erased")]


def test_a_name_of_one_merged_and_one_given_to_somebody_else_are_told_apart(account: Any) -> None:
    kept, other, owner = (create_contact(fields={"email": f"{name}@x.pl"}, now=NOW, by="t") for name in "abc")
    update_contact(other, fields={"email": "b2@x.pl"}, now=NOW, by="t")
    merge_contacts([kept.pk, other.pk], into=kept.pk, chosen={"email": kept.pk}, now=NOW, by="t")
    update_contact(kept, fields={"email": "a2@x.pl"}, now=NOW, by="t")
    update_contact(owner, fields={"email": "a@x.pl"}, now=NOW, by="t")
    erase_contact(Contact.objects.get(pk=kept.pk), now=LATER, by="Ola")
    outcomes = record_contacts([{"email": f"{name}@x.pl"} for name in ("a", "a2", "b", "b2")], account=account,
                               now=LATER, by="t")  # fmt: skip
    assert [each.status for each in outcomes] == ["unchanged", "rejected", "rejected", "rejected"]


# --- everything kept ---------------------------------------------------------------------------------------------
def test_stored_sets_hold_nobody_erased_and_the_numbers_beside_them_stay() -> None:
    people = [factories.contact() for _ in range(4)]
    ids = BitMap(each.pk for each in people)
    gone = people[1]
    segment = ready_segment(list(ids), at=clock())
    params = {"tag": factories.tag("VIP").pk, "name": "VIP"}
    action = actions.plan_action(segment, kind="add_tag", params=params, now=clock(), by=None)
    run_job("action", action.runs.get().pk, now=clock())
    listed = fixed_list("Some", ids, now=clock(), by=None)
    erase_contact(gone, now=clock() + timedelta(minutes=5), by="Ola")
    clean(clock() + timedelta(minutes=6))
    left = ids - BitMap([gone.pk])
    calculation = Calculation.objects.get()
    assert calculation.member_ids == calculation.joined_ids == left
    assert (calculation.count, calculation.erased) == (4, {"members": 1, "joined": 1})
    run = ActionRun.objects.get()
    assert (run.changed_ids, run.changed_count, run.erased) == (left, 4, {"changed": 1})
    assert UploadedList.objects.get(pk=listed.pk).matched_ids == left
    assert [BitMap.deserialize(bytes(write.contacts)) for write in LabelWrite.objects.all()] == [left]
    proof = Erasure.objects.get()
    assert proof.cleaned_at is not None
    assert proof.completed_at == proof.cleaned_at


def test_files_written_of_the_person_go_with_them(django_capture_on_commit_callbacks: Any) -> None:
    people = [factories.contact() for _ in range(2)]
    for person in people:
        segment = ready_segment([person.pk], at=clock(), name=f"Of {person.pk}")
        params = {"columns": ["id", "email"], "separator": "comma", "bom": True}
        action = actions.plan_action(segment, kind="export", params=params, now=clock(), by=None)
        run_job("action", action.runs.get().pk, now=clock())
    stored = ExportFile.objects.get(segment__name=f"Of {people[0].pk}").stored_as
    later = clock() + timedelta(minutes=5)
    assert store.path_of(stored).exists()
    erase_contact(people[0], now=later, by="Ola")
    with django_capture_on_commit_callbacks(execute=True):
        clean(later)
    assert [file.segment.name for file in ExportFile.objects.all()] == [f"Of {people[1].pk}"]
    assert not store.path_of(stored).exists()


def test_the_cleaning_goes_on_where_it_was_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = BitMap(factories.contact().pk for _ in range(3))
    for number in range(45):  # three portions
        ready_segment(list(ids), at=NOW, name=f"S{number}")
    gone = ids.min()
    erase_contact(Contact.objects.get(pk=gone), now=LATER, by="Ola")
    from contacts.erasing import services

    real, steps = services.chunk, iter(range(100))

    def killed(*args: Any, **given: Any) -> Any:
        if next(steps) % 2:
            raise KeyboardInterrupt
        return real(*args, **given)

    monkeypatch.setattr(services, "chunk", killed)
    for turn in range(40):
        try:
            run_job("cleaning", Cleaning.objects.get().pk, now=LATER + timedelta(minutes=3 * turn))
            break
        except KeyboardInterrupt:
            continue
    assert Cleaning.objects.get().state == JobState.DONE
    assert all(done.member_ids == ids - BitMap([gone]) for done in Calculation.objects.all())
    assert {json.dumps(done.erased, sort_keys=True) for done in Calculation.objects.all()} == {
        '{"joined": 1, "members": 1}'
    }


def test_who_was_erased_is_cleaned_up_once_work_begun_before_is_over() -> None:
    person = factories.contact()
    segment = ready_segment([person.pk], at=NOW)
    waiting = request_calculation(segment, reason="manual", now=NOW)
    erase_contact(person, now=LATER, by="Ola")
    clean(LATER)
    assert Erasure.objects.get().cleaned_at is None
    assert look(LATER + timedelta(minutes=1)) is not None
    Calculation.objects.filter(pk=waiting.pk).update(state=JobState.CANCELLED)
    look(LATER + timedelta(minutes=10))
    clean(LATER + timedelta(minutes=10))
    assert Erasure.objects.get().completed_at is not None
    assert look(LATER + timedelta(minutes=11)) is None


def test_the_next_calculation_tells_of_the_erased_as_a_number() -> None:
    people = [factories.contact(lead_score=50) for _ in range(3)]
    segment = ready_segment([each.pk for each in people], at=NOW)
    erase_contact(people[0], now=LATER, by="Ola")
    clean(LATER)
    again = request_calculation(segment, reason="manual", now=LATER)
    run_job("calculation", again.pk, now=LATER)
    again.refresh_from_db()
    assert (again.count, again.left_count, len(again.left_ids)) == (2, 1, 0)
    moved = Movement.objects.get()
    assert (moved.direction, moved.cause, moved.count, moved.member_ids) == ("left", "erased", 1, BitMap())


# --- kept out ----------------------------------------------------------------------------------------------------
def refused(error: pytest.ExceptionInfo[ValidationError]) -> dict[str, str]:
    return {name: errors[0].code for name, errors in error.value.error_dict.items()}


@pytest.mark.parametrize(("field", "value"), [("email", "a@x.pl"), ("phone", "+48600100200"), ("external_id", "X1")])
def test_nobody_is_entered_under_a_name_of_an_erased_person(account: Any, field: str, value: str) -> None:
    ala = factories.contact(email="a@x.pl", phone="+48600100200", external_id="X1")
    other = factories.contact()
    erase_contact(ala, now=NOW, by="Ola")
    with pytest.raises(ValidationError) as error:
        create_contact(fields={field: value}, now=LATER, by="t")
    assert refused(error) == {field: "erased"}
    with pytest.raises(ValidationError) as error:
        update_contact(other, fields={field: value}, now=LATER, by="t")
    assert refused(error) == {field: "erased"}
    [outcome] = record_contacts([{field: value}], account=account, now=LATER, by="t")
    assert [(each.field, each.code) for each in outcome.errors] == [(field, "erased")]


def test_a_phone_that_others_share_is_theirs_still(account: Any) -> None:
    ala, ola = factories.contact(phone="600100200"), factories.contact(phone="600100200")
    erase_contact(ala, now=NOW, by="t")
    assert create_contact(fields={"phone": "600 100 200", "email": "new@x.pl"}, now=LATER, by="t").pk > ola.pk


@pytest.mark.parametrize("before", ["+48699888777", "699888777", "48699888777"])
def test_a_phone_is_the_same_with_its_country_and_without(account: Any, before: str) -> None:
    erase_contact(factories.contact(phone=before), now=NOW, by="t")
    spellings = ["+48 699 888 777", "699-888-777", "0048699888777", "48699888777", "0699888777"]
    outcomes = record_contacts([{"phone": each} for each in spellings], account=account, now=LATER, by="t")
    assert [[each.code for each in outcome.errors] for outcome in outcomes] == [["erased"]] * 5
    assert len(proofs_of([("phone", "699888777")])) == 1
    factories.contact(phone="48699888777")  # theirs, whoever had it before
    others = [*spellings, "+49699888777", "+4848699888777"]
    outcomes = record_contacts([{"phone": each} for each in others], account=account, now=LATER, by="t")
    assert [outcome.status for outcome in outcomes] == ["created"] * 7


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"state": "given", "source": "the till"}, "created"),
        ({"state": "given", "source": "the till", "at": "2026-11-21T12:30:00Z"}, "created"),
        ({"state": "given", "source": "the till", "at": "2026-11-21T11:30:00Z"}, "rejected"),
        ({"state": "withdrawn", "source": "the till"}, "rejected"),
    ],
)
def test_who_has_agreed_since_is_entered_again(account: Any, answer: dict[str, str], status: str) -> None:
    factories.consent()
    erase_contact(factories.contact(email="a@x.pl"), now=NOW, by="t")
    item = {"email": "a@x.pl", "consents": {"newsletter": answer}}
    [outcome] = record_contacts([item], account=account, now=LATER, by="t")
    assert outcome.status == status


# --- after a restore ---------------------------------------------------------------------------------------------
def put_back_to_before(person: Contact, proof: Erasure) -> None:
    """As a backup from before the erasure would: the person is there, the proof is not."""
    Erasure.objects.filter(pk=proof.pk).delete()
    Contact.objects.create(pk=person.pk, email=person.email, created_at=person.created_at, updated_at=NOW)


def test_whoever_comes_back_with_a_backup_is_erased_again() -> None:
    ala = factories.contact(email="a@x.pl", now=NOW - timedelta(days=1))
    pk = ala.pk
    proof = erase_contact(Contact.objects.get(pk=pk), now=NOW, by="Ola")
    clean(NOW)
    put_back_to_before(ala, proof)
    assert len(journal.missing()) == 1
    assert replay(now=LATER) == (1, 1)
    assert not Contact.objects.exists()
    back = Erasure.objects.get()
    assert (back.reference, back.at, back.by, back.replays) == (proof.reference, NOW, "Ola", 1)
    with pytest.raises(ValidationError):
        create_contact(fields={"email": "a@x.pl"}, now=LATER, by="t")
    assert replay(now=LATER) == (0, 0)


def test_a_number_that_a_restored_database_gives_anew_is_somebody_elses() -> None:
    ala = factories.contact(now=NOW - timedelta(days=1))
    pk = ala.pk
    proof = erase_contact(Contact.objects.get(pk=pk), now=NOW, by="Ola")
    clean(NOW)
    Erasure.objects.filter(pk=proof.pk).delete()
    Contact.objects.create(pk=pk, email="new@x.pl", created_at=LATER, updated_at=LATER)
    assert replay(now=LATER + timedelta(hours=1)) == (1, 0)
    assert Contact.objects.get().email == "new@x.pl"


def test_a_journal_that_was_cut_off_or_is_anothers_harms_nothing() -> None:
    erase_contact(factories.contact(), now=NOW, by="Ola")
    clean(NOW)
    text = journal.path().read_text()
    other = text.replace(journal.mark(), "0" * 16).replace(Erasure.objects.get().reference.hex, "f" * 32)
    journal.path().write_text(text[: len(text) // 2] + "\n[1]\n{}\nx\n" + other)
    assert journal.missing() == []
    journal.write_down(Erasure.objects.all())
    Erasure.objects.all().delete()
    assert len(journal.missing()) == 1
    assert "@" not in journal.path().read_text()


def test_many_are_erased_in_one_pass() -> None:
    people = [factories.contact() for _ in range(30)]
    segment = ready_segment([each.pk for each in people], at=NOW)
    proofs = erase_contacts([*(each.pk for each in people[:20]), 2_000_000_000], now=LATER, by="Ola")
    assert len(proofs) == 20
    clean(LATER)
    segment.latest.refresh_from_db()
    assert (len(segment.latest.member_ids), segment.latest.erased["members"]) == (10, 20)
    assert not Erasure.objects.filter(completed_at=None).exists()


def test_a_proof_is_complete_once_files_for_counting_are_renewed(committed: None, account: Any) -> None:
    from mirror.services import compact

    people = [factories.contact() for _ in range(3)]
    for person in people:
        factories.visit(person)
    compact(now=clock())
    erase_contact(people[0], now=clock(), by="Ola")
    run_job("cleaning", Cleaning.objects.get().pk, now=clock())
    assert Erasure.objects.get().cleaned_at is not None
    assert Erasure.objects.get().completed_at is None
    compact(now=clock())
    look(clock())
    assert Erasure.objects.get().completed_at is not None
