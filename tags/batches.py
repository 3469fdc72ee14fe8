"""Tags and categories of a batch of contacts (`contacts.services.batches`): a fixed number of statements for all."""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _
from pyroaring import BitMap

from contacts.folding import folded
from contacts.hooks import AgainError
from contacts.id_sets import bitmap, id_array
from contacts.label_writes import note_writes
from contacts.models import EntryKind, LabelKind
from contacts.normalising import quoted
from tags.assigning import entry
from tags.following import hold_tags
from tags.normalising import MOST_NAMES, normalise
from tags.pickers import allowed_to
from tags.services import take_back, there_or_made
from tags.tree import branches, readable_paths
from users.models import User

STEPS = re.compile(r"[/\\>›»→]")
# The contacts are held by the caller; in the order of contacts, as everybody puts labels on several.
ADD_TAGS = """
WITH changed AS (
    INSERT INTO tags_contacttag (tag_id, contact_id, assigned_at)
    SELECT label, contact, %(now)s FROM unnest(%(labels)s::bigint[], %(contacts)s::int[]) AS w (label, contact)
    ORDER BY contact, label
    ON CONFLICT DO NOTHING RETURNING tag_id, contact_id
)
SELECT tag_id, string_agg(int4send(contact_id), '') FROM changed GROUP BY tag_id
"""
ADD_CATEGORIES = """
WITH changed AS (
    INSERT INTO tags_contactcategory (category_id, contact_id, assigned_at)
    SELECT label, contact, %(now)s FROM unnest(%(labels)s::bigint[], %(contacts)s::int[]) AS w (label, contact)
    ORDER BY contact, label
    ON CONFLICT DO NOTHING RETURNING category_id, contact_id
), noted AS (
    INSERT INTO contacts_historyentry (contact_id, at, kind, label, detail, by, user_id)
    SELECT contact_id, %(now)s, %(kind)s, title, '{}', %(by)s, %(user)s
    FROM changed JOIN unnest(%(known)s::bigint[], %(titles)s::text[]) AS listed (category_id, title) USING (category_id)
)
SELECT category_id, string_agg(int4send(contact_id), '') FROM changed GROUP BY category_id
"""
HOLD_CATEGORIES = "SELECT id FROM tags_category WHERE id = ANY (%s::bigint[]) ORDER BY id FOR KEY SHARE"


class Tags:
    """Names pass the gate; those that there are not yet are made."""

    def __init__(self, _user: User | None) -> None:
        self.passed: dict[str, tuple[str, ...]] = {}  # what was typed → names: a batch repeats itself
        self.ids: dict[str, int] = {}
        self.made: dict[str, int] = {}  # those that were not there before

    def read(self, raw: Any, /) -> tuple[str, ...]:
        names: dict[str, None] = {}
        for text in texts(raw):
            if text not in self.passed:
                self.passed[text] = tuple(normalise(text))
            names.update(dict.fromkeys(self.passed[text]))
        if len(names) > MOST_NAMES:
            raise ValidationError(_("At most %(limit)s tags at once.") % {"limit": MOST_NAMES}, code="too_many")
        return tuple(names)

    def refusal(self, _names: tuple[str, ...], *, new: bool) -> ValidationError | None:
        return None

    def hold(self, names: set[str], *, now: datetime) -> None:
        ids, self.made = there_or_made(names, now=now)
        held = hold_tags(ids.values())
        if any(pk not in held for pk in ids.values()):  # deleted in this moment
            raise AgainError
        self.ids = {name: held[pk].pk for name, pk in ids.items()}

    def let_go(self, needed: set[str]) -> None:
        if idle := self.made.keys() - needed:
            take_back(self.made.pop(name) for name in sorted(idle))

    def put(
        self,
        wanted: Mapping[str, Iterable[int]],
        *,
        now: datetime,
        by: str,
        user: User | None,
    ) -> set[tuple[str, int]]:
        return put(ADD_TAGS, wanted, self.ids, kind=LabelKind.TAG, given={"now": now})


class Categories:
    """Paths of categories that there are, and that the user may use; a new contact is in one that they see."""

    def __init__(self, user: User | None) -> None:
        self.user = user
        self.allowed: Collection[int] | None = allowed_to(user)
        self.ids: dict[str, int] | None = None
        self.titles: dict[str, str] = {}  # paths as people read them, folded → as criteria and exports write them

    def read(self, raw: Any, /) -> tuple[str, ...]:
        if self.ids is None:
            tree = branches()
            self.ids = {branch.category.slug_path: branch.pk for branch in tree}
            self.titles = {step_by_step(branch.title): branch.category.slug_path for branch in tree}
        paths: dict[str, None] = {}
        for text in texts(raw):
            if not (typed := text.strip()):
                continue
            path = typed.strip("/").lower()
            path = path if path in self.ids else self.titles.get(step_by_step(typed), "")
            if not path:
                told = {"path": quoted(typed)}
                raise ValidationError(_("There is no category “%(path)s”."), code="no_category", params=told)
            paths[path] = None
        if len(paths) > MOST_NAMES:
            raise ValidationError(_("At most %(limit)s categories at once.") % {"limit": MOST_NAMES}, code="too_many")
        return tuple(paths)

    def refusal(self, names: tuple[str, ...], *, new: bool) -> ValidationError | None:
        if self.allowed is None:
            return None
        for path in names:
            if (self.ids or {})[path] not in self.allowed:
                told = {"path": quoted(path)}
                return ValidationError(_("You may not use the category “%(path)s”."), code="not_allowed", params=told)
        if new and not names:
            return ValidationError(_("Give a category, so that you will see the contact."), code="required")
        return None

    def hold(self, names: set[str], *, now: datetime) -> None:
        ids = {(self.ids or {})[path] for path in names}
        with connection.cursor() as cursor:
            cursor.execute(HOLD_CATEGORIES, [id_array(ids)])
            if len(cursor.fetchall()) < len(ids):
                raise AgainError

    def let_go(self, needed: set[str]) -> None:
        """Nothing was made for them."""

    def put(
        self, wanted: Mapping[str, Iterable[int]], *, now: datetime, by: str, user: User | None
    ) -> set[tuple[str, int]]:
        ids = self.ids or {}
        titles = readable_paths({ids[path] for path in wanted})
        given = entry(EntryKind.CATEGORY_ADDED, now=now, by=by[:254], user=user, action_run_id=None)
        given |= {"known": list(titles), "titles": list(titles.values())}
        return put(ADD_CATEGORIES, wanted, ids, kind=LabelKind.CATEGORY, given=given)


def put(
    sql: str, wanted: Mapping[str, Iterable[int]], ids: Mapping[str, int], *, kind: LabelKind, given: dict[str, Any]
) -> set[tuple[str, int]]:
    """Runs the statement for all of them, and notes for those who undo actions whom it spoke of."""
    contacts = {name: list(named) for name, named in wanted.items()}
    pairs: dict[str, list[int]] = {"labels": [], "contacts": []}
    spoken: dict[int, BitMap] = {}
    for name, named in contacts.items():
        pairs["labels"] += [ids[name]] * len(named)
        pairs["contacts"] += named
        spoken[ids[name]] = spoken.get(ids[name], BitMap()) | BitMap(named)
    with connection.cursor() as cursor:
        cursor.execute(sql, given | {key: id_array(values) for key, values in pairs.items()})
        changed = {label: bitmap(packed) for label, packed in cursor.fetchall()}
    note_writes(kind, spoken)
    nobody = BitMap()
    return {(name, pk) for name, named in contacts.items() for pk in changed.get(ids[name], nobody) & BitMap(named)}


def step_by_step(path: str) -> str:
    """A path as people write it, "Klient / Stały" or "klient › stały", so that all such ways are one."""
    return "/".join(" ".join(folded(step).split()) for step in STEPS.split(path) if step.strip())


def texts(raw: Any) -> list[str]:
    """A text, or a list of them. Raises: ValidationError."""
    given = [raw] if isinstance(raw, str) else raw
    if not isinstance(given, list | tuple) or not all(isinstance(each, str) for each in given):
        raise ValidationError(_("Give a list of names."), code="not_list")
    return list(given)
