"""What a sunset is asked to do, and the criteria of its three segments that follow from it."""

from dataclasses import dataclass, field
from typing import Any

from contacts.models import Consent
from sunset.models import Stage, Sunset

Tree = dict[str, Any]

LONGEST = 3650  # days, as the criterion of engagement has it
LONGEST_WAIT = 365


@dataclass(frozen=True)
class Plan:
    """Days without a sign of life, days to wait with the tag, what is withdrawn, who is left alone.

    consents: those that there still are. left_out: saved criteria; whoever meets them is never touched.
    tag: its name; empty as long as none was chosen.
    """

    days: int
    wait: int
    tag: str
    consents: tuple[Consent, ...] = field(repr=False)
    left_out: int | None = None

    @staticmethod
    def of(sunset: Sunset, tag: str) -> "Plan":
        """What a sunset does now; `tag`: what its tag is called by now."""
        consents = Consent.objects.filter(pk__in=sunset.consent_ids).order_by("pk")
        return Plan(sunset.days, sunset.wait, tag, tuple(consents), sunset.left_out_id)

    # --- whom it is for ------------------------------------------------------------------------------------------
    @property
    def signs(self) -> list[Tree]:
        """Any of these is a sign of life within the days: something done, or one of the consents given."""
        given = {"kind": "consent", "state": "given", "within": {"last": self.days, "unit": "day"}}
        engaged = {"kind": "engagement", "state": "engaged", "days": self.days}
        return [engaged, *(given | {"consent": consent.key} for consent in self.consents)]

    @property
    def silent(self) -> list[Tree]:
        """No sign of life for the days, by a contact for at least as long."""
        new = {"kind": "field", "field": "created_at", "op": "last", "value": {"n": self.days, "unit": "day"}}
        return [*({"not": sign} for sign in self.signs), {"not": new}]

    @property
    def consenting(self) -> Tree:
        """Gave at least one of the consents: of anybody else there is nothing to withdraw."""
        return {"any": [{"kind": "consent", "consent": each.key, "state": "given"} for each in self.consents]}

    @property
    def spared(self) -> list[Tree]:
        """Who is never touched."""
        return [{"kind": "saved", "criteria": self.left_out}] if self.left_out else []

    @property
    def tagged(self) -> Tree:
        return {"kind": "tag", "op": "any", "tags": [self.tag]}

    # --- the segments --------------------------------------------------------------------------------------------
    @property
    def quiet(self) -> Tree:
        """Whoever is to have the tag, with those who have it."""
        return {"all": [*self.silent, self.consenting, *({"not": each} for each in self.spared)]}

    @property
    def due(self) -> Tree:
        """Has had the tag for at least `wait` days and given no sign of life."""
        lately = self.tagged | {"within": {"last": self.wait, "unit": "day"}}
        return {"all": [self.tagged, {"not": lately}, *self.quiet["all"]]}

    @property
    def back(self) -> Tree:
        """Has the tag and gave a sign of life, or is left alone by now."""
        return {"all": [self.tagged, {"any": [*self.signs, *self.spared]}]}

    def tree(self, stage: str) -> Tree:
        trees: dict[str, Tree] = {Stage.QUIET: self.quiet, Stage.DUE: self.due, Stage.BACK: self.back}
        return trees[stage]
