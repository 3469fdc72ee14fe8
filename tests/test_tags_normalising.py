"""ST2–ST6: the one gate of tag names, in Python and again in the database."""

import sys
import unicodedata

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from tags.models import Tag
from tags.normalising import LONGEST_NAME, LONGEST_TEXT, folded, normalise, parts, says_something

POLISH = dict(zip("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ", "ACELNOSZZACELNOSZZ", strict=True))
SIGNS = "!#$&*\"'"
TYPOGRAPHIC = "“”„‟«»‹›‘’‚‛′″‴＂＇！＃＄＆＊¡‼ʼʻʺ´"
KEPT = "-–([{)]}_"


@pytest.mark.parametrize(("letter", "plain"), POLISH.items())
def test_a_polish_letter_becomes_plain(letter: str, plain: str) -> None:
    assert normalise(f"x{letter}x") == [f"X{plain}X"]
    assert normalise(unicodedata.normalize("NFD", f"x{letter}x")) == [f"X{plain}X"]


@pytest.mark.parametrize("sign", SIGNS + TYPOGRAPHIC)
def test_a_listed_sign_becomes_an_underscore(sign: str) -> None:
    assert normalise(f"a{sign}b") == ["A_B"]


@pytest.mark.parametrize("sign", KEPT)
def test_an_allowed_sign_stays(sign: str) -> None:
    assert normalise(f"a{sign}b") == [f"A{sign}B"]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("R&D", ["R_D"]),
        ("a, b", ["A", "B"]),
        ("a,b,,  ,c", ["A", "B", "C"]),
        ("vip, VIP, Vip", ["VIP"]),
        ("  soczewki progresywne \t", ["SOCZEWKI PROGRESYWNE"]),
        ("zażółć gęślą jaźń", ["ZAZOLC GESLA JAZN"]),
        ("l'oréal", ["L_ORÉAL"]),
        ("Müller", ["MÜLLER"]),
        ("u\u0308ber", ["ÜBER"]),
        ("Straße", ["STRASSE"]),
        ("ﬁlm", ["FILM"]),
        ("Київ", ["КИЇВ"]),
        ("日本", ["日本"]),
        ("3.5%", ["3_5_"]),
        ("a/b\\c@d;e:f", ["A_B_C_D_E_F"]),
        ("a—b", ["A_B"]),
        ("tab\tnewline\nnul\x00", ["TAB_NEWLINE_NUL_"]),
        ("a\u00a0b", ["A_B"]),
        ("zero\u200bwidth", ["ZERO_WIDTH"]),
        ("👓 1", ["_ 1"]),
        ("i❤\ufe0f", ["I__"]),
        ("ŉ", ["_N"]),
        ("a\ud800", ["A_"]),
        ("!!!a", ["___A"]),
        ("½", ["½"]),
        ("（a）", ["_A_"]),
        ("n\u0301\u0301", ["N"]),
        ("z\u0307\u0301", ["Z"]),
    ],
)
def test_a_text_becomes_names(typed: str, names: list[str]) -> None:
    assert normalise(typed) == names


@pytest.mark.parametrize("typed", ["", " ", ",", " , ,\t,\n", "\u00a0"])
def test_nothing_left_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError) as refused:
        normalise(typed)
    assert refused.value.code == "empty"
    assert parts(typed) == []


@pytest.mark.parametrize(
    "typed", ["!!!", "_", "👓", "❤\ufe0f", "\ud800", "( )", "-", "–", "[{}]", "\u0301", "VIP, !!!", "___ _"]
)
def test_a_name_without_letters_and_digits_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError) as refused:
        normalise(typed)
    assert refused.value.code == "no_letters"
    assert "at least one letter or digit" in refused.value.messages[0]


@pytest.mark.parametrize("typed", ["a" * 10_000, "a" * (LONGEST_NAME + 1), "ß" * 61, "x," * 5_000])
def test_too_long_is_refused_with_the_limit(typed: str) -> None:
    with pytest.raises(ValidationError) as refused:
        normalise(typed)
    assert refused.value.code == "too_long"
    assert any(str(limit) in refused.value.messages[0] for limit in (LONGEST_NAME, LONGEST_TEXT))


def test_more_than_a_hundred_names_at_once_are_refused() -> None:
    with pytest.raises(ValidationError) as refused:
        normalise(",".join(map(str, range(101))))
    assert refused.value.code == "too_many"


def test_the_longest_name_is_taken() -> None:
    assert normalise("a" * LONGEST_NAME) == ["A" * LONGEST_NAME]


@given(st.text(max_size=60))
def test_the_gate_applied_twice_gives_the_same(typed: str) -> None:
    names = parts(typed)
    assert parts(",".join(names)) == names


@given(st.text(alphabet="nozłŁaeA\u0301\u0307\u0328\u0327\u0323\u034f ,_", max_size=30))
def test_the_gate_applied_twice_gives_the_same_for_stacked_diacritics(typed: str) -> None:
    names = parts(typed)
    assert [folded(name) for name in names] == names
    assert all(unicodedata.is_normalized("NFC", name) and name == name.upper() for name in names)


def test_the_database_accepts_whatever_the_gate_lets_through(db: None) -> None:
    """Every character alone, and with an accent on it."""
    points = map(chr, range(sys.maxunicode + 1))
    every = [point for point in points if unicodedata.category(point) not in ("Cn", "Co", "Cs")]
    names = {name for character in every for typed in (character, f"x{character}\u0301") for name in parts(typed)}
    names = {name for name in names if says_something(name)}
    Tag.objects.bulk_create([Tag(name=name) for name in names], batch_size=20_000)
    assert Tag.objects.count() == len(names)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a",
        "Ą",
        "Ż",
        "A,B",
        " A",
        "A ",
        "A\tB",
        "A&B",
        "A’B",
        "A\u200bB",
        "N\u0301",
        "ß",
        "A\x7f",
        "___",
        "(-) [–]",
        "{}",
    ],
)
def test_the_database_refuses_what_did_not_pass_the_gate(db: None, name: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Tag.objects.create(name=name)


def test_a_name_is_unique_in_the_account(db: None) -> None:
    Tag.objects.create(name="VIP")
    with pytest.raises(IntegrityError), transaction.atomic():
        Tag.objects.create(name="VIP")
