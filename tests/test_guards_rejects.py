"""Rejected rows hold addresses of people who are no contacts: not for those who only read."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils.timezone import now as clock

from segmentation.models import UploadedList
from segmentation.services.uploads import read_upload
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def uploaded(marketer: Any, settings: Any, tmp_path: Path) -> UploadedList:
    settings.MEDIA_ROOT = str(tmp_path)
    factories.contact(email="a@example.com")
    file = io.BytesIO(b"a@example.com\nnobody@example.com\n")
    return read_upload(file, key="email", name="a.csv", now=clock(), by=marketer)


def test_analysts_download_no_rejected_rows(uploaded: UploadedList, client_for: Any, analyst: Any) -> None:
    assert client_for(analyst).get(reverse("segmentation:rejects", args=[uploaded.pk])).status_code == 403


def test_the_page_offers_them_to_those_who_may(
    uploaded: UploadedList, client_for: Any, analyst: Any, marketer: Any
) -> None:
    page, file = (reverse(f"segmentation:{name}", args=[uploaded.pk]) for name in ("upload", "rejects"))
    assert file in client_for(marketer).get(page).content.decode()
    assert file not in client_for(analyst).get(page).content.decode()
    answer = client_for(marketer).get(file)
    assert b"nobody@example.com" in b"".join(answer.streaming_content)
    answer.close()
