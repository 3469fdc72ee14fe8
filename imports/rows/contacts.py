"""Rows of contacts: those that are plainly new by COPY, all others by `record_contacts`."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from pyroaring import BitMap

from contacts.models import Consent, ConsentState, ContactConsent
from contacts.services import set_consent
from contacts.services.batches import MOST_ITEMS, Outcome, record_contacts
from contacts.services.batches.reading import read_items
from imports.plans import Plan
from imports.rows.base import Doer, Result, Row, Values, Writer, below
from imports.rows.fresh import FreshContacts
from tags.models import Category

EVER = datetime.min.replace(tzinfo=UTC)
OWN = frozenset(
    {"id", "email", "phone", "external_id", "first_name", "last_name", "status", "lead_score", "source"}
)  # fmt: skip
Answered = dict[tuple[str, str, str], list[int]]  # (consent, state, source) → places of rows


class ContactRows(Writer):
    """A row is a contact. What everybody in the file gets is put on together with what the row itself says."""

    most = 20_000

    def __init__(self, plan: Plan, doer: Doer) -> None:
        super().__init__(plan, doer)
        paths = Category.objects.filter(pk__in=plan.categories).values_list("slug_path", flat=True)
        self.labels: dict[str, list[str]] = {"tags": plan.tags, "categories": list(paths)}
        self.fresh = FreshContacts(plan, doer, self.labels)
        self.consents = {each.key: each for each in Consent.objects.all()}
        self.stayed_withdrawn = 0

    def write(self, rows: Sequence[Row]) -> list[Result]:
        results: list[Result | None] = [None] * len(rows)
        items: dict[int, dict[str, Any]] = {}
        wrong: dict[int, Values] = {}
        answers: Answered = defaultdict(list)
        made = self.fresh.write(rows)
        for place, row in enumerate(rows):
            if place in made:
                results[place] = Result("created", made[place])
                for key in self.plan.consents:
                    answers[key, ConsentState.GIVEN.value, self.plan.consent_source].append(place)
                continue
            values = self.cells.read(row)
            if errors := self.errors_of(values):
                results[place] = Result("rejected", errors=errors)
                wrong[place] = values
            else:
                items[place] = self.item(values)
                self.note_answers(place, values, answers)
        self.judge_the_rest(wrong, results)
        for place, result in self.recorded(items).items():
            results[place] = result
        self.answer(answers, results)
        return [result for result in results if result is not None]

    def errors_of(self, values: Values) -> list[tuple[str, str]]:
        """What is wrong before anything is looked up: whom the file cannot name is not made anew each time."""
        if not values.errors and values.given.get(self.plan.match) == "":
            return [(self.plan.match, _("The cell is empty by which contacts are known."))]
        return values.errors

    def judge_the_rest(self, wrong: dict[int, Values], results: list[Result | None]) -> None:
        """Says of rows with a cell that could not even be read what else is wrong with them: all of it at once."""
        items = [self.item(values) for values in wrong.values()]
        with timezone.override(self.doer.account.zone):
            drafts = read_items(items, now=self.doer.now, user=self.doer.user, localized=False, empty=self.plan.empty)
        for place, draft in zip(wrong, drafts.each, strict=True):
            if result := results[place]:
                result.errors = [*result.errors, *((error.field, error.message) for error in draft.errors)]

    def item(self, values: Values) -> dict[str, Any]:
        """The row as `record_contacts` takes it. Answers with a time of their own are part of it: they may be earlier
        than what people have said since, and it knows."""
        given = values.given
        item: dict[str, Any] = {name: value for name, value in given.items() if name in OWN}
        if attributes := below(given, "attributes."):
            item["attributes"] = attributes
        for kind, everybodys in self.labels.items():
            if names := [*(given.get(kind) or ()), *everybodys]:
                item[kind] = names
        if at := given.get("consents_at"):
            source = given.get("consents_source") or self.plan.consent_source
            item["consents"] = {
                key: {"state": state, "source": source, "at": at}
                for key, state in below(given, "consents.").items()
                if state
            }
        return item

    def note_answers(self, place: int, values: Values, answers: Answered) -> None:
        """Answers without a time: they are told now, and nobody knows when they were given."""
        given = values.given
        source = given.get("consents_source") or self.plan.consent_source
        told = dict.fromkeys(self.plan.consents, ConsentState.GIVEN.value)
        if not given.get("consents_at"):
            told |= {key: state for key, state in below(given, "consents.").items() if state}
        for key, state in told.items():
            answers[key, state, source].append(place)

    def recorded(self, items: dict[int, dict[str, Any]]) -> dict[int, Result]:
        """What became of the items, by their places."""
        doer, plan = self.doer, self.plan
        outcomes: list[Outcome] = []
        given = list(items.values())
        for start in range(0, len(given), MOST_ITEMS):
            outcomes += record_contacts(
                given[start : start + MOST_ITEMS],
                mode=plan.mode,
                match=(plan.match,),
                account=doer.account,
                now=doer.now,
                by=doer.by,
                user=doer.user,
                empty=plan.empty,
            )
        return {
            place: Result(each.status, each.contact_id, [(error.field, error.message) for error in each.errors])
            for place, each in zip(items, outcomes, strict=True)
        }

    def answer(self, answers: Answered, results: list[Result | None]) -> None:
        """Writes the answers without a time. Who has withdrawn is never given a consent back by a file."""
        for (key, state, source), places in answers.items():
            written = [result for place in places if (result := results[place]) and result.contact is not None]
            written = [result for result in written if result.status not in ("skipped", "rejected")]
            ids = BitMap([result.contact or 0 for result in written])
            if not ids:
                continue
            doer, consent = self.doer, self.consents[key]
            changed = set_consent(
                ids, consent, state, now=doer.now, source=source, by=doer.by, user=doer.user, stays_withdrawn=EVER
            )
            if state == ConsentState.GIVEN:
                self.stayed_withdrawn += ContactConsent.objects.filter(
                    consent=consent, contact_id__in=list(ids - changed), state=ConsentState.WITHDRAWN
                ).count()
            for result in written:
                if result.status == "unchanged" and (result.contact or 0) in changed:
                    result.status = "updated"
