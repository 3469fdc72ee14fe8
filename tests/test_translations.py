"""Polish is complete: every text in the source has a translation with the same placeholders, and none is fuzzy."""

import re
import shutil
import subprocess
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = [polib.pofile(str(path)) for path in sorted((ROOT / "locale").glob("pl/LC_MESSAGES/*.po"))]
ENTRIES = [entry for catalogue in CATALOGUES for entry in catalogue if not entry.obsolete]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}")


def translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def test_there_is_a_polish_catalogue() -> None:
    assert len(ENTRIES) > 100


def test_every_text_is_translated_and_none_is_fuzzy() -> None:
    assert [e.msgid for e in ENTRIES if e.fuzzy or not all(translations(e))] == []


def test_plurals_have_the_three_polish_forms_and_more() -> None:
    short = [e.msgid for e in ENTRIES if e.msgid_plural and len(e.msgstr_plural) != 4]
    assert short == []


def test_placeholders_survive_translation() -> None:
    """A plural form may leave its number out ("one contact"); no form may invent or misspell a placeholder."""
    wrong = []
    for entry in ENTRIES:
        wanted = set(PLACEHOLDER.findall(entry.msgid + (entry.msgid_plural or "")))
        for text in translations(entry):
            found = set(PLACEHOLDER.findall(text))
            if not found <= wanted or (not entry.msgid_plural and found != wanted):
                wrong.append(entry.msgid)
    assert wrong == []


def test_compiled_catalogues_are_what_the_pages_use() -> None:
    from django.utils import translation

    with translation.override("pl"):
        assert translation.gettext("Segments") == "Segmenty"


@pytest.mark.skipif(not shutil.which("xgettext"), reason="LOUD: xgettext is missing, new texts go unchecked here")
def test_no_text_in_the_source_is_missing_from_the_catalogue(tmp_path: Path) -> None:
    """Extracts anew into a copy of the tracked files and compares."""
    copy = tmp_path / "sito"
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in tracked.stdout.decode().split("\0"):
        if name.endswith((".py", ".html", ".js", ".po", ".txt")) and (ROOT / name).exists():
            target = copy / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)
    subprocess.run(
        ["make", "-f", str(ROOT / "Makefile"), "translations", f"VENV={ROOT / '.venv'}"], cwd=copy, check=True
    )
    known = {(e.msgctxt, e.msgid) for e in ENTRIES}
    anew = polib.pofile(str(copy / "locale/pl/LC_MESSAGES/django.po"))
    assert sorted(e.msgid for e in anew if not e.obsolete and (e.msgctxt, e.msgid) not in known) == []
