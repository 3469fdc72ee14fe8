"""ST2–ST5 in the database: what the gate would change cannot be stored, by whatever way it comes."""

import unicodedata

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg.errors import CheckViolation

from tags.models import MARKS, TURNED, Tag
from tags.normalising import LONGEST_NAME, folded, kept, says_something

pytestmark = pytest.mark.django_db
OF_OUR_TIME = "14.0.0"  # the version of Unicode that the spans were made of


def passes_the_gate(name: str) -> bool:
    return "," not in name and folded(name) == name and says_something(name) and 0 < len(name) <= LONGEST_NAME


def spans(text: str) -> set[int]:
    found: set[int] = set()
    for span in text.split():
        first, _dash, last = span.partition("-")
        found |= set(range(int(first, 16), int(last or first, 16) + 1))
    return found


def stored(name: str) -> bool:
    """Whether the database takes the name, past every line of Python."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO tags_tag (name, created_at) VALUES (%s, now())", [name])
            transaction.set_rollback(True)
    except (IntegrityError, DataError):
        return False
    return True


@pytest.mark.skipif(unicodedata.unidata_version != OF_OUR_TIME, reason="another version of Unicode")
def test_the_spans_are_what_the_gate_judges() -> None:
    every = [chr(point) for point in range(1, 0x110000) if unicodedata.category(chr(point)) not in ("Cn", "Cs")]
    assert spans(TURNED) == {ord(each) for each in every if kept(each) != each or each == ","}
    assert spans(MARKS) == {
        ord(each) for each in every if unicodedata.category(each) in ("Mn", "Mc") and kept(each) == each
    }


# A text of letters, signs and marks that meet each other, at the edges of each rule.
MIXED = st.text(
    alphabet="AEŁĄCŃOSZXab1½ß_-–([{)]} ,&’ʼ\u0301\u0307\u0328\u0327\u0323\u0488\u200b\u00a0\U0001f453", max_size=8
)
KNOWN = st.characters(min_codepoint=1, exclude_categories=("Cs", "Cn"))


@given(MIXED | st.text(KNOWN, max_size=4) | st.text(KNOWN, max_size=4).map(folded) | MIXED.map(folded))
@example("Ḉ")
@example("Ǭ")
@example("A\u0323\u0328")
@example("\u0301")
@example("Ż")
@example("Ł")
@example("½")
@example("Ⓐ")
@example("A\u0488")
@example("ŉ")
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_database_takes_a_name_exactly_if_the_gate_does(name: str) -> None:
    assert stored(name) == passes_the_gate(name)


@pytest.mark.parametrize("name", ["A＆B", "vip", "Ł", "CÓRKA", "A\u2014B", "A\u00a0B", "\u0301", "👓", "A,B", "A "])
def test_copy_is_refused_as_well(name: str) -> None:
    with (
        pytest.raises(CheckViolation),
        transaction.atomic(),
        connection.cursor() as cursor,
        cursor.copy("COPY tags_tag (name, created_at) FROM STDIN") as copy,
    ):
        copy.write_row((name, "2026-11-21T14:03:00Z"))


@pytest.mark.parametrize("name", ["A&B", "Ż", "vip", "A "])
def test_an_update_is_refused_as_well(name: str) -> None:
    Tag.objects.create(name="VIP")
    with pytest.raises(IntegrityError), transaction.atomic():
        Tag.objects.update(name=name)
