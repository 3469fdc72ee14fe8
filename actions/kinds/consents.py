"""Add consent, remove consent: what people answered, on paper or on the phone, written down for many at once."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from pydantic import Field
from pyroaring import BitMap

from actions.kinds.base import Kind, Names, Params, Reference, author
from actions.kinds.forms import Draft, PartForm
from actions.models import ActionRun
from contacts import services
from contacts.holding import holders
from contacts.models import Consent, ConsentState, ContactConsent
from jobs.errors import JobProblem
from users.models import User

SOURCE = ContactConsent._meta.get_field("source").max_length  # noqa: SLF001 (public in all but its name)
LONG_AGO = datetime.min.replace(tzinfo=UTC)  # before any withdrawal


class ConsentParams(Params):
    """One consent by its id, the name it had, and where the answer comes from: no answer without a source."""

    consent: int = Field(ge=1)
    name: str
    source: str = Field(min_length=1, max_length=SOURCE)


class AddConsentParams(ConsentParams):
    """`again`: also to those who had withdrawn it when the action was added. Who withdraws later is left."""

    again: bool = False


class ConsentField(forms.ModelChoiceField):
    def __init__(self) -> None:
        super().__init__(
            Consent.objects.order_by("id"), label=gettext_lazy("Consent"), empty_label=gettext_lazy("Choose …")
        )

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class ConsentForm(PartForm):
    consent = ConsentField()
    source = forms.CharField(
        label=gettext_lazy("Source"),
        max_length=SOURCE,
        help_text=gettext_lazy(
            "Where the answer comes from: a paper form, a fair, a call. It is kept with each contact."
        ),
    )

    def __init__(self, data: Any = None, *, now: datetime, by: User | None = None, kind: "ConsentKind") -> None:
        super().__init__(data, now=now, by=by)
        self.kind = kind

    def plans(self) -> list[dict[str, Any]]:
        consent = self.cleaned_data["consent"]
        return [{"consent": consent.pk, "name": consent.name, "source": self.cleaned_data["source"]}]

    def drafts(self) -> list[Draft]:
        return [Draft(self.kind.sentence(self.kind.checked(plan), {}), plan) for plan in self.plans()]


class AddConsentForm(ConsentForm):
    """A retired consent is not offered: it can only be withdrawn."""

    again = forms.BooleanField(
        label=gettext_lazy("also to contacts who have withdrawn it"),
        help_text=gettext_lazy(
            "Without this they are left as they are. Tick it only if they have agreed anew since they withdrew."
        ),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["consent"].queryset = Consent.objects.filter(retired_at=None).order_by("id")  # type: ignore[attr-defined]

    def plans(self) -> list[dict[str, Any]]:
        return [plan | {"again": self.cleaned_data["again"]} for plan in super().plans()]


class ConsentKind(Kind):
    """What adding and removing share."""

    Params: ClassVar[type[Params]] = ConsentParams
    undoable = True
    state: ConsentState

    def form(self, data: Any = None, *, now: datetime, by: User | None = None) -> ConsentForm:
        return ConsentForm(data, now=now, by=by, kind=self)

    def said(self, params: Any, name: str) -> str:
        raise NotImplementedError

    def sentence(self, params: ConsentParams, names: Names) -> str:
        return self.said(params, names.get(Reference("consent", params.consent), params.name))

    def references(self, params: ConsentParams) -> list[Reference]:
        return [Reference("consent", params.consent)]

    def consent(self, params: ConsentParams) -> Consent:
        """The consent, neither deleted nor given a new wording until the chunk is over."""
        consent = Consent.objects.select_for_update(no_key=True).filter(pk=params.consent).first()
        if consent is None:
            raise self.gone(params)
        return consent

    def look_up(self, params: ConsentParams) -> Consent:
        consent = Consent.objects.filter(pk=params.consent).first()
        if consent is None:
            raise self.gone(params)
        return consent

    def retired(self, consent: Consent) -> JobProblem:
        text = gettext_noop("The consent %(name)s is retired: nobody can give it any more.")
        return JobProblem(text, {"name": consent.name})

    def gone(self, params: ConsentParams) -> JobProblem:
        return JobProblem(gettext_noop("The consent %(name)s no longer exists."), {"name": params.name})

    def apply(self, run: ActionRun, params: ConsentParams, ids: BitMap, *, now: datetime) -> BitMap:
        consent = self.consent(params)
        if self.state == ConsentState.GIVEN and consent.retired_at is not None:
            raise self.retired(consent)
        by, user = author(run)
        return services.set_consent(
            ids, consent, self.state, now=now, source=params.source, by=by, user=user, action_run_id=run.pk,
            stays_withdrawn=self.stays_withdrawn(params, planned=run.action.created_at),
        )  # fmt: skip

    def stays_withdrawn(self, params: Any, *, planned: datetime) -> datetime | None:
        """The moment after which withdrawals stay as they are; None: there are none to be kept."""
        return None

    def standing(self, run: ActionRun, params: ConsentParams, ids: BitMap) -> BitMap:
        return services.restorable(ids, params.consent, action_run_id=run.pk)

    def take_back(
        self, run: ActionRun, params: ConsentParams, ids: BitMap, *, now: datetime, by: User | None
    ) -> BitMap:
        """To what stood there before, whatever it was; so a consent that was not given then is not given by it."""
        consent = self.consent(params)
        return services.restore_consent(ids, consent, action_run_id=run.pk, now=now, by=str(by or ""), user=by)

    def already(self, params: ConsentParams, ids: BitMap) -> BitMap:
        """Given once more under a newer wording is a change, as `set_consent` has it."""
        answers = ContactConsent.objects.filter(consent=params.consent, state=self.state)
        if self.state == ConsentState.GIVEN:
            wording = Consent.objects.filter(pk=params.consent).values("wording_version")
            answers = answers.filter(wording_version__gte=Subquery(wording))
        return holders(answers, ids)


class AddConsent(ConsentKind):
    name = "add_consent"
    title = gettext_lazy("Add consent")
    text = gettext_lazy("Notes that the contacts gave a consent, and where they did.")
    icon = "circle-check"
    state = ConsentState.GIVEN
    Params = AddConsentParams

    def form(self, data: Any = None, *, now: datetime, by: User | None = None) -> AddConsentForm:
        return AddConsentForm(data, now=now, by=by, kind=self)

    def said(self, params: AddConsentParams, name: str) -> str:
        values = {"name": name, "source": params.source}
        if params.again:
            return _("Add consent %(name)s, also to those who have withdrawn it, source: %(source)s") % values
        return _("Add consent %(name)s, source: %(source)s") % values

    def stays_withdrawn(self, params: AddConsentParams, *, planned: datetime) -> datetime:
        return planned if params.again else LONG_AGO

    def left(self, params: AddConsentParams, ids: BitMap, *, planned: datetime) -> BitMap:
        after = self.stays_withdrawn(params, planned=planned)
        return holders(self.withdrawn(params).filter(changed_at__gt=after), ids)

    def overruled(self, params: AddConsentParams, ids: BitMap) -> BitMap:
        return holders(self.withdrawn(params), ids) if params.again else BitMap()

    @staticmethod
    def withdrawn(params: AddConsentParams) -> QuerySet[ContactConsent]:
        return ContactConsent.objects.filter(consent=params.consent, state=ConsentState.WITHDRAWN)


class RemoveConsent(ConsentKind):
    name = "remove_consent"
    title = gettext_lazy("Remove consent")
    text = gettext_lazy("Notes that the contacts withdrew a consent.")
    icon = "circle-x"
    state = ConsentState.WITHDRAWN

    def said(self, params: ConsentParams, name: str) -> str:
        return _("Remove consent %(name)s, source: %(source)s") % {"name": name, "source": params.source}
