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


# --- everything kept ---------------------------------------------------------------------------------------------
def test_stored_sets_hold_nobody_erased_and_the_numbers_beside_them_stay() -> None:
    people = [factories.contact() for _ in range(4)]
    ids = BitMap(each.pk for each in people)
    gone = people[1]
    segment = ready_segment(list(ids), at=clock())
    action = actions.plan_action(segment, kind="add_tag", params={"tags": ["VIP"]}, now=clock(), by=None)
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
