"""A file with several columns of numbers is never guessed at: a wrong column of ids reaches the wrong people."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from segmentation.models import Segment, UploadedList
from segmentation.services.uploads import read_upload
from segmentation.uploads.errors import UploadError
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def read(text: str, key: str = "id") -> Any:
    return read_upload(io.BytesIO(text.encode()), key=key, name="a.csv", now=NOW, by=None)


@pytest.fixture
def people() -> list[int]:
    return [factories.contact().pk for _ in range(6)]


def table(heading: str, people: list[int]) -> str:
    """Ages beside customer numbers: both look like ids."""
    return "\n".join([heading, *(f"{30 + place};{pk}" for place, pk in enumerate(people))])


@pytest.mark.parametrize("heading", ["wiek;numer", "31;1"])
def test_columns_that_look_alike_are_refused_unless_one_is_named(heading: str, people: list[int]) -> None:
    with pytest.raises(UploadError, match=r"\(1, 2\).*“id”"):
        read(table(heading, people))
    assert not UploadedList.objects.exists()


def test_a_column_with_gaps_is_a_rival_still(people: list[int]) -> None:
    rows = "\n".join(f"{'' if place == 0 else 30 + place};{pk}" for place, pk in enumerate(people))
    with pytest.raises(UploadError):
        read(f"wiek;numer\n{rows}")


@pytest.mark.parametrize("name", ["id", "ID", "contact_id", "Id kontaktu", "kontakt", "contact"])
def test_the_named_column_is_taken(name: str, people: list[int]) -> None:
    uploaded = read(table(f"wiek;{name}", people))
    assert uploaded.report["column"] == 2
    assert uploaded.report["matched"] == len(people)


def test_one_column_of_numbers_needs_no_name(people: list[int]) -> None:
    assert read("\n".join(f"Anna;{pk}" for pk in people)).report["matched"] == len(people)


def test_the_form_says_it_at_the_file(client_for: Any, marketer: Any, people: list[int]) -> None:
    file = SimpleUploadedFile("a.csv", table("wiek;numer", people).encode())
    data = {"name": "S", "readiness_hours": "24", "refresh": "once", "source": "id", "file": file, "shape": ""}
    answer = client_for(marketer).post(reverse("segmentation:create"), data)
    assert answer.status_code == 422
    assert "Several columns may hold contact ids" in answer.content.decode()
    assert not Segment.objects.exists()


def test_two_columns_named_are_refused(people: list[int]) -> None:
    with pytest.raises(UploadError):
        read(table("id;contact_id", people))
