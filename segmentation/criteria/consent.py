"""`consent`: what a contact has answered, or that they have not."""

from typing import ClassVar, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pyroaring import BitMap

from contacts.models import ConsentState, ContactConsent
from segmentation.criteria.base import Criterion, register
from segmentation.criteria.catalog import Catalog
from segmentation.criteria.context import Context
from segmentation.criteria.errors import RefusedError
from segmentation.criteria.labels import Name, Table, Within
from segmentation.criteria.telling import window_told
from segmentation.criteria.words import Sentence, Words, phrase, plain
from segmentation.parts.base import Choosing, Control, FormPart, Option, Subject, Tree, Typed, Values
from segmentation.parts.moments import WindowInput

TABLE = Table("consent", "contacts_contactconsent", label="consent_id", since="changed_at", state="state")


class ConsentForm(FormPart):
    """Each consent is a subject of its own."""

    kind = "consent"
    icon = "check"

    def subjects(self, choices: Choosing) -> list[Subject]:
        return [Subject(f"consent:{one.value}", one.label, _("Consents")) for one in choices.consents]

    def controls(self, typed: Typed) -> list[Control]:
        states = {"given": _("given"), "withdrawn": _("withdrawn"), "unknown": _("not answered")}
        state = typed.among("state", states)
        controls = [
            Control("state", "select", _("state"), [state], [Option(*one) for one in states.items()], refreshes=True)
        ]
        if state == "unknown":
            return controls
        return [*controls, *WindowInput(label=_("answered when"), future=False).controls(typed)]

    def read(self, typed: Typed) -> Tree:
        criterion: Tree = {"kind": "consent", "consent": self.detail(typed), "state": typed.one("state")}
        if not criterion["consent"]:
            typed.complain("what", _("Choose a consent."))
        if criterion["state"] != "unknown":
            criterion |= WindowInput().read(typed)
        typed.finish()
        return criterion

    def write(self, criterion: Tree) -> Values:
        return {
            "what": [f"consent:{criterion['consent']}"],
            "state": [criterion["state"]],
            **WindowInput().write(criterion),
        }


@register
class ConsentCriterion(Criterion):
    """`{"kind": "consent", "consent": "newsletter", "state": "given"}`; `within`: when that answer was given."""

    form: ClassVar = ConsentForm()
    refers: ClassVar = {"consent": "consent"}

    kind: Literal["consent"]
    consent: Name
    state: Literal["given", "withdrawn", "unknown"]
    within: Within = None

    def refine(self) -> None:
        if self.state == "unknown" and self.within is not None:
            raise RefusedError(gettext_noop("There is no time at which nothing was answered."), at="within")

    def check(self, catalog: Catalog) -> None:
        if self.consent not in catalog.consents:
            raise RefusedError(gettext_noop("There is no consent “{key}”."), at="consent", key=self.consent[:60])

    def members(self, context: Context) -> BitMap:
        consent = context.catalog.consents[self.consent].pk
        if self.state == "unknown":
            answered = [TABLE.having(consent, None, context, state) for state in ConsentState.values]
            return context.but(BitMap.union(*answered))
        return TABLE.having(consent, self.within, context, self.state)

    def evidence(self, contact: int, *, context: Context, words: Words) -> Sentence:
        answers = ContactConsent.objects.filter(contact=contact, consent=context.catalog.consents[self.consent])
        answer = answers.values_list("state", "changed_at", "source").first()
        if answer is None:
            return plain(_("never answered"))
        state, at, source = answer
        # Translators: a contact's answer about a consent: when, and where it came from ("form", "import")
        template = _("given {date} ({source})") if state == ConsentState.GIVEN else _("withdrawn {date} ({source})")
        return phrase(template, date=words.moment(at), source=plain(source))

    def sentence(self, words: Words) -> Sentence:
        known = words.catalog.consents.get(self.consent)
        name = self.consent
        if known is not None:
            name = known.name
        if self.within is None:
            template = {
                "given": _("has given the consent {consent}"),
                "withdrawn": _("has withdrawn the consent {consent}"),
                "unknown": _("has not answered about the consent {consent}"),
            }[self.state]
            return phrase(template, consent=name)
        # Translators: window: "in the last 30 days (since 23 Oct)", "from 1 Nov to 5 Nov" …
        template = {
            "given": _("gave the consent {consent} {window}"),
            "withdrawn": _("withdrew the consent {consent} {window}"),
        }[self.state]
        return phrase(template, consent=name, window=window_told(self.within, words))
