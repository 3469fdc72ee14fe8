"""`segment`: the members of another segment, as last calculated or as its criteria have it now."""

from typing import Annotated, ClassVar, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pydantic import Field
from pyroaring import BitMap

from segmentation.criteria.base import Criterion, Target, register
from segmentation.criteria.catalog import Catalog
from segmentation.criteria.context import Context
from segmentation.criteria.errors import RefusedError
from segmentation.criteria.references import evaluated, looked_at
from segmentation.criteria.values.base import OPPOSITE
from segmentation.criteria.words import Sentence, Words, phrase, plain
from segmentation.models import Calculation
from segmentation.parts.base import Choosing, Control, FormPart, Option, Subject, Tree, Typed, Values
from segmentation.parts.references import read_id


class SegmentForm(FormPart):
    """Another segment, as last calculated or as of now."""

    kind = "segment"
    icon = "layers"

    def subjects(self, choices: Choosing) -> list[Subject]:
        return [Subject("segment", _("Segment"), _("Segments and lists"))] if choices.segments else []

    def controls(self, typed: Typed) -> list[Control]:
        ops = {"in": _("contains the contact"), "not_in": _("does not contain the contact")}
        at = {"latest": _("as last calculated"), "now": _("as of now")}
        return [
            Control("segment", "select", _("segment"), [typed.one("segment")], typed.choices.segments),
            Control("op", "select", _("condition"), [typed.among("op", ops)], [Option(*one) for one in ops.items()]),
            Control("at", "select", _("as of when"), [typed.among("at", at)], [Option(*one) for one in at.items()]),
        ]

    def read(self, typed: Typed) -> Tree:
        criterion: Tree = {
            "kind": "segment",
            "segment": read_id(typed, "segment", _("Choose a segment.")),
            "op": typed.one("op"),
        }
        if typed.one("at", "latest") != "latest":
            criterion["at"] = typed.one("at")
        typed.finish()
        return criterion

    def write(self, criterion: Tree) -> Values:
        return {
            "what": ["segment"],
            "segment": [str(criterion["segment"])],
            "op": [criterion["op"]],
            "at": [criterion.get("at", "latest")],
        }


@register
class SegmentCriterion(Criterion):
    """`{"kind": "segment", "segment": 12, "op": "in", "at": "latest"}`."""

    form: ClassVar = SegmentForm()
    refers: ClassVar = {"segment": "segment"}

    kind: Literal["segment"]
    segment: Annotated[int, Field(ge=1)]
    op: Literal["in", "not_in"]
    at: Literal["latest", "now"] = "latest"

    def check(self, catalog: Catalog) -> None:
        if self.segment not in catalog.segments:
            raise RefusedError(gettext_noop("There is no segment with the id {id}."), at="segment", id=self.segment)
        segment = catalog.segments[self.segment]
        if self.at == "latest" and segment.calculation is None:
            raise RefusedError(
                gettext_noop("The segment “{name}” has not been calculated yet."), at="segment", name=segment.name
            )

    def target(self) -> Target:
        return Target("segment", self.segment, evaluated=self.at == "now")

    def members(self, context: Context) -> BitMap:
        if self.at == "now":
            members = evaluated(self.target(), context)
        else:
            members = context.once(
                ("segment", self.segment), lambda: context.catalog.segment_ids(self.segment) & context.everyone
            )
        return context.but(members) if self.op == "not_in" else members

    def evidence(self, contact: int, *, context: Context, words: Words) -> Sentence:
        member = (contact in self.members(context)) == (self.op == "in")
        if self.at == "now":
            if contact not in looked_at(self.target(), context).everyone:
                return plain(_("not a member now: its owner does not see this contact"))
            return plain(_("a member now") if member else _("not a member now"))
        calculation = context.catalog.segments[self.segment].calculation
        as_of = Calculation.objects.values_list("as_of", flat=True).get(pk=calculation)
        template = _("a member as of {date}") if member else _("not a member as of {date}")
        return phrase(template, date=words.moment(as_of or context.now))

    def sentence(self, words: Words) -> Sentence:
        segment = words.catalog.segments.get(self.segment)
        name = segment.name if segment else _("deleted segment {id}").format(id=self.segment)
        template = {
            ("in", "latest"): _("is in the segment {segment} as last calculated"),
            ("in", "now"): _("is in the segment {segment} as of now"),
            ("not_in", "latest"): _("is not in the segment {segment} as last calculated"),
            ("not_in", "now"): _("is not in the segment {segment} as of now"),
        }[self.op, self.at]
        return phrase(template, segment=name)

    def opposite(self) -> "SegmentCriterion":
        return self.model_copy(update={"op": OPPOSITE[self.op]})
