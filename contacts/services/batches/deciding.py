"""What each item does, decided one after another on the contacts as they are in hand; no contact is written here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from contacts.erasing.names import KINDS, refusal
from contacts.models import EntryKind
from contacts.services.batches.answers import Answer
from contacts.services.batches.outcomes import FieldError, Mode, Outcome, Status
from contacts.services.batches.people import DEFAULTS, UNIQUE, People, Person
from contacts.services.batches.reading import Draft, Drafts, no_contact
from contacts.services.contacts import LEFT_BEHIND, TAKEN, changes_between

IDENTIFYING = ("email", "phone", "external_id", "first_name", "last_name")


class RefusedError(Exception):
    """The item is wrong, and nothing of it is done."""

    def __init__(self, field: str, error: ValidationError) -> None:
        super().__init__(field)
        self.errors = (FieldError.of(field, error),)


class PassedOverError(Exception):
    """The item is not for this mode."""

    def __init__(self, person: Person | None, error: FieldError) -> None:
        super().__init__(error.code)
        self.person, self.error = person, error


@dataclass(slots=True)
class Decision:
    """Of one item; `status` "unchanged" may become "updated" by labels and answers."""

    status: Status
    person: Person | None = None
    errors: tuple[FieldError, ...] = ()


@dataclass(slots=True)
class Entry:
    """An entry of the history to come."""

    person: Person
    kind: EntryKind
    changes: dict[str, list[Any]]


@dataclass
class Decided:
    """All of a batch, ready to be written."""

    drafts: Drafts
    decisions: list[Decision] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)  # those made or changed
    entries: list[Entry] = field(default_factory=list)
    labels: list[tuple[int, Person, str, tuple[str, ...]]] = field(default_factory=list)  # item, whom, kind, names
    answers: list[tuple[int, Person, Answer]] = field(default_factory=list)

    @property
    def rejected(self) -> bool:
        return any(each.status == "rejected" for each in self.decisions)

    def outcomes(self) -> list[Outcome]:
        return [
            Outcome(each.status, (each.person.pk or None) if each.person else None, each.errors)
            for each in self.decisions
        ]


class Decisions:
    """Goes through the items in their order: a later one finds what an earlier one has made."""

    def __init__(self, drafts: Drafts, people: People, *, mode: Mode, match: Sequence[str], now: datetime) -> None:
        self.drafts, self.people, self.mode, self.match, self.now = drafts, people, mode, match, now
        self.decided = Decided(drafts=drafts)

    def made(self) -> Decided:
        for item, draft in enumerate(self.drafts.each):
            self.decided.decisions.append(self.decision(item, draft))
        needed: dict[str, set[str]] = {}
        for _item, _person, kind, names in self.decided.labels:
            needed.setdefault(kind, set()).update(names)
        self.drafts.let_go_of_labels(needed)
        return self.decided

    def decision(self, item: int, draft: Draft) -> Decision:
        if draft.errors:
            return Decision("rejected", errors=tuple(draft.errors))
        try:
            person, used = self.whom(draft)
            new = person is None
            fields = {name: value for name, value in draft.fields.items() if name not in used}
            if person is None:
                self.refuse_nobody(fields)
                person = Person(0, dict(DEFAULTS), {}, self.now, new=True)
            self.refuse_names(person, fields)
            self.refuse_erased(person, fields, draft)
            self.refuse_labels(draft, new=new)
        except RefusedError as refused:
            return Decision("rejected", errors=refused.errors)
        except PassedOverError as passed:
            return Decision("skipped", passed.person, (passed.error,))
        changed = self.apply(person, fields, draft.attributes, new=new)
        self.decided.labels += [(item, person, kind, names) for kind, names in draft.labels.items()]
        self.decided.answers += [(item, person, answer) for answer in draft.answers]
        return Decision("created" if new else "updated" if changed else "unchanged", person)

    def whom(self, draft: Draft) -> tuple[Person | None, set[str]]:
        """The contact that the item is about, and the names that are former ones of it, which it does not get again."""
        found: Person | None = None
        by, former = "", set()
        for way in self.match:
            if (value := draft.name(way)) is None:
                continue
            person, merged = self.people.named(way, value)
            if person is None or not person.seen:
                if way == "id" and self.mode != "update":
                    raise RefusedError("id", no_contact())
                continue
            if found is not None and person is not found:
                told = {"first": by, "second": way}
                differing = _("%(second)s leads to another contact than %(first)s.")
                raise RefusedError(way, ValidationError(differing, "conflict", told))
            found, by = person, by or way
            if merged:
                former.add(way)
        if found is None:
            if self.mode == "update":
                raise PassedOverError(None, FieldError.of("", no_contact()))
            return None, former
        self.refuse_another(found, by, draft)
        if self.mode == "create":
            there = ValidationError(_("There is such a contact already."), code="exists")
            raise PassedOverError(found, FieldError.of("", there))
        return found, former

    def refuse_another(self, person: Person, by: str, draft: Draft) -> None:
        """The first name given decides: who bears another than that, and is found by a later one, is somebody else."""
        for way in self.match[: self.match.index(by)]:
            given, borne = draft.name(way), person.own.get(way)
            if given is not None and borne is not None and borne != given:
                told = {"first": way, "second": by}
                error = _("The contact with this %(second)s has another %(first)s.")
                raise RefusedError(way, ValidationError(error, "conflict", told))

    def refuse_nobody(self, fields: dict[str, Any]) -> None:
        if not any(fields.get(name) for name in IDENTIFYING):
            nobody = _("Give an e-mail address, a phone number, an external id or a name.")
            raise RefusedError("", ValidationError(nobody, code="nobody"))

    def refuse_names(self, person: Person, fields: dict[str, Any]) -> None:
        """Names that are another's, or lead to another since a merge. Of one out of sight neither is told."""
        for way in UNIQUE:
            value = fields.get(way)
            if value is None or value == person.own[way]:
                continue
            owner = self.people.bearing.get((way, value))
            if owner is not None and owner is not person:
                raise RefusedError(way, ValidationError(TAKEN[way][0 if owner.seen else 1], code="taken"))
            leads = self.people.aliases.get((way, value))
            if leads is None or leads is person:
                continue
            if not leads.seen:
                raise RefusedError(way, ValidationError(TAKEN[way][1], code="taken"))
            raise RefusedError(way, ValidationError(LEFT_BEHIND[way], "left_behind", {"name": str(leads)}))

    def refuse_erased(self, person: Person, fields: dict[str, Any], draft: Draft) -> None:
        """Who was erased stays so, unless the item brings a consent that they have given since."""
        for kind in KINDS:
            value = fields.get(kind)
            at = self.people.erased.get((kind, value)) if value is not None and value != person.own[kind] else None
            if at is not None and not any(each.given and (not each.own_time or each.at > at) for each in draft.answers):
                raise RefusedError(kind, refusal(at))

    def refuse_labels(self, draft: Draft, *, new: bool) -> None:
        for kind, labels in self.drafts.labels.items():
            if refusal := labels.refusal(draft.labels.get(kind, ()), new=new):
                raise RefusedError(kind, refusal)

    def apply(self, person: Person, fields: dict[str, Any], attributes: dict[str, Any], *, new: bool) -> bool:
        """Changes the contact in hand as `create_contact` and `update_contact` would; whether anything changed."""
        before = {} if new else person.state
        for way in UNIQUE:
            if way in fields and fields[way] != person.own[way]:
                self.people.bearing.pop((way, person.own[way]), None)
                if fields[way] is not None:
                    self.people.bearing[way, fields[way]] = person
        person.own.update(fields)
        merged = {**person.attributes, **attributes}
        person.attributes = {key: value for key, value in merged.items() if value is not None}
        after = person.state
        if new:
            changes = {name: [None, value] for name, value in after.items() if value not in (None, "")}
        else:
            changes = changes_between(before, after)
            if not changes:
                return False
            person.updated_at = max(self.now, person.updated_at + person.updated_at.resolution)
        if new or not (person.changed or person.new):
            self.decided.people.append(person)
        person.changed = True
        self.decided.entries.append(Entry(person, EntryKind.CREATED if new else EntryKind.CHANGED, changes))
        return True
