"""The form parts of who buys how: RFM and spending. Names of groups, bands and buyers stand here for everybody."""

from typing import ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from typing_extensions import override

from segmentation.parts.base import Choosing, Control, FormPart, Option, Subject, Tree, Typed, Values, renamed
from segmentation.parts.operands import NumberOperand, some

GROUP_NAMES = {
    "champions": pgettext_lazy("group of buyers", "Champions"),
    "loyal": pgettext_lazy("group of buyers", "Loyal"),
    "potential_loyalists": pgettext_lazy("group of buyers", "Potential loyalists"),
    "new": pgettext_lazy("group of buyers", "New"),
    "promising": pgettext_lazy("group of buyers", "Promising"),
    "need_attention": pgettext_lazy("group of buyers", "Need attention"),
    "at_risk": pgettext_lazy("group of buyers", "At risk"),
    "cant_lose_them": pgettext_lazy("group of buyers", "Cannot lose them"),
    "hibernating": pgettext_lazy("group of buyers", "Hibernating"),
    "lost": pgettext_lazy("group of buyers", "Lost"),
}
SCORE_NAMES = {
    "recency": gettext_lazy("recency"),
    "frequency": gettext_lazy("frequency"),
    "monetary": gettext_lazy("amount spent"),
}
BAND_NAMES = {
    "low": gettext_lazy("low spender"),
    "medium": gettext_lazy("medium spender"),
    "big": gettext_lazy("big spender"),
}
BUYER_NAMES = {
    "frequent": gettext_lazy("frequent buyer"),
    "one_time": gettext_lazy("one-time buyer"),
    "returning": gettext_lazy("returning buyer"),
    "none": gettext_lazy("not a buyer"),
}


class ScoreOperand(NumberOperand):
    """A condition on a score; none at all is one as well."""

    labels: ClassVar = {
        "": pgettext_lazy("condition on a score", "any"),
        **{op: label for op, label in NumberOperand.labels.items() if op not in ("is_set", "is_not_set")},
    }

    @override
    def inputs(self, op: str, typed: Typed) -> list[Control]:
        return super().inputs(op, typed) if op else []


class RfmForm(FormPart):
    """Groups by name, or conditions on the three scores."""

    kind = "rfm"
    icon = "layout-dashboard"

    @override
    def subjects(self, _choices: Choosing) -> list[Subject]:
        return [
            Subject("rfm:groups", _("RFM group"), _("Orders")),
            Subject("rfm:scores", _("RFM scores"), _("Orders")),
        ]

    @override
    def controls(self, typed: Typed) -> list[Control]:
        if self.detail(typed) != "scores":
            groups = [Option(key, str(name)) for key, name in GROUP_NAMES.items()]
            return [
                Control("is", "words", _("is one of")),
                Control("groups", "pick", _("groups"), typed.many("groups"), groups),
            ]
        controls: list[Control] = []
        for score, name in SCORE_NAMES.items():
            asked = ScoreOperand().controls(typed.within(f"{score}_"))
            for control in asked:
                if control.label and control.type != "words":
                    control.label = f"{name}: {control.label}"
            controls += [Control("line", "line", str(name)), *renamed(asked, f"{score}_")]
        return [*controls, Control("scale", "words", _("scores are 1 to 5; 5 is the best"))]

    @override
    def read(self, typed: Typed) -> Tree:
        criterion: Tree = {"kind": "rfm"}
        match self.detail(typed):
            case "groups":
                criterion["groups"] = some(typed, "groups")
            case "scores":
                for score in SCORE_NAMES:
                    part = typed.within(f"{score}_")
                    if part.one("op"):
                        criterion[score] = ScoreOperand().read(part)
                    typed.complain_within(f"{score}_", part)
                if len(criterion) == 1:
                    typed.complain("recency_op", _("Choose a condition on at least one of the scores."))
            case _:
                typed.complain("what", _("Choose what to look at."))
        typed.finish()
        return criterion

    @override
    def write(self, criterion: Tree) -> Values:
        if "groups" in criterion:
            return {"what": ["rfm:groups"], "groups": list(criterion["groups"])}
        values: Values = {"what": ["rfm:scores"]}
        for score in SCORE_NAMES:
            fields = ScoreOperand().write(criterion[score]) if score in criterion else {"op": [""]}
            values |= {f"{score}_{name}": texts for name, texts in fields.items()}
        return values


class SpenderForm(FormPart):
    """How much, or how often, compared with all buyers."""

    kind = "spender"
    icon = "circle-dollar-sign"

    @override
    def subjects(self, _choices: Choosing) -> list[Subject]:
        return [Subject("spender", _("Kind of buyer"), _("Orders"))]

    @override
    def controls(self, typed: Typed) -> list[Control]:
        options = self._options()
        chosen = typed.among("is", [option.value for option in options])
        return [Control("is", "select", _("kind of buyer"), [chosen], options)]

    @override
    def read(self, typed: Typed) -> Tree:
        key, _colon, value = typed.one("is").partition(":")
        if value not in {"band": BAND_NAMES, "buyer": BUYER_NAMES}.get(key, {}):
            typed.complain("is", _("Choose a kind of buyer."))
        typed.finish()
        return {"kind": "spender", key: value}

    @override
    def write(self, criterion: Tree) -> Values:
        key = "band" if "band" in criterion else "buyer"
        return {"what": ["spender"], "is": [f"{key}:{criterion[key]}"]}

    @staticmethod
    def _options() -> list[Option]:
        how_much, how_often = _("By amount spent"), _("By number of orders")
        bands = [Option(f"band:{key}", str(name), how_much) for key, name in BAND_NAMES.items()]
        return bands + [Option(f"buyer:{key}", str(name), how_often) for key, name in BUYER_NAMES.items()]
