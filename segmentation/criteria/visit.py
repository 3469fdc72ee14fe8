"""`visit`: visits of the account's site, and where they came from."""

from typing import ClassVar, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from typing_extensions import override

from activities.models import Channel
from mirror.kinds import VISIT, Kind
from segmentation.criteria import conditions
from segmentation.criteria.base import register
from segmentation.criteria.catalog import Catalog
from segmentation.criteria.conditions import Param
from segmentation.criteria.occurrences import Occurrences, Source
from segmentation.criteria.values.base import ValueType
from segmentation.criteria.values.choice import Choice
from segmentation.criteria.values.text import Text, Url
from segmentation.criteria.where import Column
from segmentation.criteria.words import Sentence, Words, plain
from segmentation.parts.occurrences import VisitForm

UTM: dict[str, Promise] = {
    "utm_source": gettext_lazy("UTM source"),
    "utm_medium": gettext_lazy("UTM medium"),
    "utm_campaign": gettext_lazy("UTM campaign"),
    "utm_term": gettext_lazy("UTM term"),
    "utm_content": gettext_lazy("UTM content"),
}


def asked(kind: Kind, name: str, type_: ValueType, label: str | Promise) -> Param:
    """What can be asked of a column of visits, orders or lines."""
    names = (name, f"{name}_f") if isinstance(type_, Text) else (name,)
    return Param(type_, Column(name, tuple(kind.column(one) for one in names)), label)


PARAMS = {
    "channel": asked(VISIT, "channel", Choice(dict(Channel.choices)), gettext_lazy("channel")),
    **{name: asked(VISIT, name, Text(), label) for name, label in UTM.items()},
    "referrer": asked(VISIT, "referrer", Url(), gettext_lazy("referring address")),
    "landing_url": asked(VISIT, "landing_url", Url(), gettext_lazy("landing page")),
}


@register
class VisitCriterion(Occurrences):
    """`{"kind": "visit", "where": […], "times": {…}, "within": {…}, "pick": "any"}`."""

    form: ClassVar = VisitForm()
    reads: ClassVar = ("visit",)

    kind: Literal["visit"]

    @override
    def refine(self) -> None:
        super().refine()
        conditions.check(self.where, PARAMS)

    @override
    def source(self, catalog: Catalog) -> Source:
        return Source(VISIT, 0, PARAMS, plain(_("visited the site")), plain(_("did not visit the site")))

    @override
    def sentence(self, words: Words) -> Sentence:
        return self.told(self.source(words.catalog), words)
