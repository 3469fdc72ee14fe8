"""Code that makes tokens, in the languages of shops: for the site's page, and the same in docs/tracker.md."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tracker.models import TrackedSite

FOLDER = Path(__file__).parent
CALLS = (
    ("PHP", "php", "sito_token('K-17', '{key}', $secret)"),
    ("JavaScript (Node)", "js", 'sitoToken("K-17", "{key}", secret)'),
    ("Python", "py", 'sito_token("K-17", "{key}", secret)'),
    ("Perl", "pl", "sito_token('K-17', '{key}', $secret)"),
)


@dataclass(frozen=True)
class Sample:
    """`call`: how it is used, with the site's key."""

    language: str
    name: str
    code: str
    call: str


@cache
def code_of(name: str) -> str:
    return (FOLDER / f"token.{name}.txt").read_text(encoding="utf-8").rstrip()


def samples(site: TrackedSite) -> list[Sample]:
    """One for each language, the commonest among shops first."""
    return [Sample(language, name, code_of(name), call.format(key=site.key)) for language, name, call in CALLS]
