"""`activity`: something of a declared type that contacts did, and what exactly."""

from typing import ClassVar, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from typing_extensions import override

from activities.models import Parameter, ParameterType
from mirror.kinds import ACTIVITY, parameter_columns
from segmentation.criteria import conditions
from segmentation.criteria.base import register
from segmentation.criteria.catalog import Catalog
from segmentation.criteria.conditions import Param
from segmentation.criteria.errors import RefusedError
from segmentation.criteria.labels import Name
from segmentation.criteria.occurrences import Occurrences, Source
from segmentation.criteria.values.base import ValueType
from segmentation.criteria.values.boolean import Boolean
from segmentation.criteria.values.moment import Date, Instant
from segmentation.criteria.values.number import Number
from segmentation.criteria.values.text import Text, Url
from segmentation.criteria.where import Column
from segmentation.criteria.words import Sentence, Words, phrase, plain
from segmentation.parts.occurrences import ActivityForm

TYPES: dict[str, ValueType] = {
    ParameterType.TEXT: Text(),
    ParameterType.URL: Url(),
    ParameterType.NUMBER: Number(),
    ParameterType.BOOLEAN: Boolean(),
    ParameterType.DATE: Date(),
    ParameterType.DATETIME: Instant(),
}
DID = {
    "page_view": (gettext_noop("viewed a page"), gettext_noop("did not view a page")),
    "product_view": (gettext_noop("viewed a product"), gettext_noop("did not view a product")),
    "add_to_cart": (
        gettext_noop("put something in the cart"),
        gettext_noop("did not put anything in the cart"),
    ),
    "email_sent": (gettext_noop("was sent an e-mail"), gettext_noop("was not sent an e-mail")),
    "email_open": (gettext_noop("opened an e-mail"), gettext_noop("did not open an e-mail")),
    "email_click": (gettext_noop("clicked in an e-mail"), gettext_noop("did not click in an e-mail")),
    "email_bounce": (gettext_noop("had an e-mail bounce"), gettext_noop("did not have an e-mail bounce")),
    "email_unsubscribe": (gettext_noop("unsubscribed by e-mail"), gettext_noop("did not unsubscribe by e-mail")),
    "sms_click": (gettext_noop("clicked in a text message"), gettext_noop("did not click in a text message")),
    "form_submit": (gettext_noop("submitted a form"), gettext_noop("did not submit a form")),
    "search": (gettext_noop("searched on the site"), gettext_noop("did not search on the site")),
    "login": (gettext_noop("logged in"), gettext_noop("did not log in")),
}


def asked(parameter: Parameter) -> Param:
    """What can be asked of a declared parameter."""
    columns = parameter_columns(parameter)
    return Param(TYPES[parameter.type], Column(columns[0].name, tuple(columns)), parameter.label)


def did(key: str, name: str) -> tuple[Sentence, Sentence]:
    """That somebody did it, and that somebody did not."""
    if key in DID:
        yes, no = DID[key]
        return plain(_(yes)), plain(_(no))
    # Translators: activity: the name of a type that the account has declared itself
    return phrase(_("did {activity}"), activity=name), phrase(_("did not do {activity}"), activity=name)


@register
class ActivityCriterion(Occurrences):
    """`{"kind": "activity", "type": "page_view", "where": […], "times": {…}, "within": {…}, "pick": "any"}`."""

    form: ClassVar = ActivityForm()
    refers: ClassVar = {"activity": "type"}
    reads: ClassVar = ("activity",)

    kind: Literal["activity"]
    type: Name

    @override
    def refine(self) -> None:
        """The types of the parameters are not known here: one of the types must take each condition."""
        super().refine()
        conditions.refine(self.where, list(TYPES.values()))

    @override
    def check(self, catalog: Catalog) -> None:
        source = self.source(catalog)
        if source is None:
            raise RefusedError(gettext_noop("There is no activity type “{key}”."), at="type", key=self.type[:60])
        conditions.check(self.where, source.params)

    @override
    def source(self, catalog: Catalog) -> Source | None:
        known = catalog.activities.get(self.type)
        if known is None:
            return None
        params = {key: asked(parameter) for key, parameter in known.parameters.items()}
        return Source(ACTIVITY, known.type.pk, params, *did(self.type, known.type.label))

    @override
    def sentence(self, words: Words) -> Sentence:
        gone = Source(ACTIVITY, 0, {}, *did(self.type, self.type))
        return self.told(self.source(words.catalog) or gone, words)
