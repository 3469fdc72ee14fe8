"""The three things a sunset does, as kinds of actions: those of tags and consents, with a last look at each contact.

Nobody can choose them; `sunset.services` adds them. Each refuses a sunset that is not as it was set up, and leaves
whoever is not meant any more at that very moment.
"""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext
from pydantic import Field
from pyroaring import BitMap

from actions.kinds.base import Kind, Names, Reference
from actions.kinds.consents import ConsentParams, RemoveConsent
from actions.kinds.forms import Draft, PartForm
from actions.kinds.tags import AddTag, RemoveTag, TagParams
from actions.models import ActionRun
from contacts.holding import holders
from contacts.models import ConsentState, ContactConsent
from jobs.errors import JobProblem
from rollout.selectors import is_open_here
from sunset import passages
from sunset.looking import CHUNK, Look
from sunset.models import State, Sunset
from sunset.standing import AREA, KINDS, TAG, UNTAG, WITHDRAW, faults, with_segments
from users.models import User


class SunsetTagParams(TagParams):
    sunset: int = Field(ge=1)


class SunsetConsentParams(ConsentParams):
    sunset: int = Field(ge=1)


class NoForm(PartForm):
    """Nothing is asked: it is never chosen."""

    refused = forms.BooleanField()

    def plans(self) -> list[dict[str, Any]]:
        return []

    def drafts(self) -> list[Draft]:
        return []


class Looking(Kind):
    """What the three share."""

    offered = False
    chunk = CHUNK

    def form(self, data: Any = None, *, now: datetime, by: User | None = None) -> Any:
        return NoForm(data, now=now, by=by)

    def begin(self, run: ActionRun, params: Any, *, now: datetime) -> None:
        self.sunset(params)

    @staticmethod
    def sunset(params: Any) -> Sunset:
        """The sunset, on and whole.

        Raises: JobProblem.
        """
        found = with_segments(params.sunset)
        if found is None or not found.on or not is_open_here(AREA):
            raise JobProblem(gettext_noop("The sunset is not on. Nothing was done."))
        if faults(found):
            text = gettext_noop("The sunset %(name)s is not as it was set up: look at its page. Nothing was done.")
            raise JobProblem(text, {"name": found.name})
        return found

    def meant(self, sunset: Sunset, ids: BitMap, *, now: datetime) -> tuple[Look, BitMap]:
        """Those of `ids` who satisfy the criteria of the segment at this moment."""
        look = Look(ids, now=now)
        segment = sunset.segment_of(KINDS[self.name])
        return look, look.members(segment) if segment is not None and ids else BitMap()

    def left(self, params: Any, ids: BitMap, *, planned: datetime) -> BitMap:
        """Who was passed over: not so yet, although everybody else has been changed."""
        return ids - self.already(params, ids)


class SunsetTag(Looking, AddTag):
    name = TAG
    title = gettext_lazy("Sunset: add the tag")
    text = gettext_lazy("Puts the tag on contacts without a sign of life.")
    Params = SunsetTagParams

    def begin(self, run: ActionRun, params: Any, *, now: datetime) -> None:
        sunset = self.sunset(params)
        if not run.cursor:
            passages.lose(sunset, now=now)

    def apply(self, run: ActionRun, params: Any, ids: BitMap, *, now: datetime) -> BitMap:
        sunset = self.sunset(params)
        _look, meant = self.meant(sunset, ids, now=now)
        changed = super().apply(run, params, meant, now=now)
        passages.enter(sunset.pk, changed, now=now)
        return changed

    def take_back(self, run: ActionRun, params: Any, ids: BitMap, *, now: datetime, by: User | None) -> BitMap:
        back = super().take_back(run, params, ids, now=now, by=by)
        passages.undo_enter(params.sunset, back, now=now)
        return back


class SunsetUntag(Looking, RemoveTag):
    """Of others who have the tag, from somewhere else, it is not taken."""

    name = UNTAG
    title = gettext_lazy("Sunset: remove the tag")
    text = gettext_lazy("Takes the tag off contacts who came back.")
    Params = SunsetTagParams

    def apply(self, run: ActionRun, params: Any, ids: BitMap, *, now: datetime) -> BitMap:
        sunset = self.sunset(params)
        since = passages.tagged_since(sunset, ids)
        look, meant = self.meant(sunset, BitMap(since), now=now)
        changed = super().apply(run, params, meant, now=now)
        signs = look.first_signs(sunset, {pk: since[pk] for pk in changed})
        passages.end(sunset.pk, {pk: signs.get(pk) for pk in changed}, now=now, by_run=run.pk)
        return changed

    def left(self, params: Any, ids: BitMap, *, planned: datetime) -> BitMap:
        return ids & self.having(params, ids)

    def take_back(self, run: ActionRun, params: Any, ids: BitMap, *, now: datetime, by: User | None) -> BitMap:
        back = super().take_back(run, params, ids, now=now, by=by)
        passages.undo_end(params.sunset, back, by_run=run.pk)
        return back


class SunsetWithdraw(Looking, RemoveConsent):
    """Of whom this sunset gave the tag long enough ago, and who has not given a sign of life since then."""

    name = WITHDRAW
    title = gettext_lazy("Sunset: withdraw consent")
    text = gettext_lazy("Withdraws a consent of contacts who did not come back.")
    Params = SunsetConsentParams

    def sentence(self, params: Any, names: Names) -> str:
        name = names.get(Reference("consent", params.consent), params.name)
        return _("Withdraw consent %(name)s, source: %(source)s") % {"name": name, "source": params.source}

    def apply(self, run: ActionRun, params: Any, ids: BitMap, *, now: datetime) -> BitMap:
        sunset = self.sunset(params)
        since = passages.tagged_since(sunset, ids)
        look, meant = self.meant(sunset, BitMap(since), now=now)
        since = {pk: at for pk, at in since.items() if pk in meant}
        if back := look.first_signs(sunset, since):
            # Came back and fell silent again before anybody looked: their waiting begins anew.
            passages.end(sunset.pk, back, now=now, by_run=run.pk)
            passages.enter(sunset.pk, BitMap(back), now=now)
        waited = passages.waited(since, wait=sunset.wait, today=look.context.today, zone=look.zone)
        due = self.giving(params, waited - BitMap(back))
        changed = super().apply(run, params, due, now=now)
        passages.withdraw(sunset.pk, changed, now=now)
        return changed

    def left(self, params: Any, ids: BitMap, *, planned: datetime) -> BitMap:
        return self.giving(params, ids)

    @staticmethod
    def giving(params: Any, ids: BitMap) -> BitMap:
        """Those who have given the consent."""
        return holders(ContactConsent.objects.filter(consent=params.consent, state=ConsentState.GIVEN), ids)

    def already(self, params: Any, ids: BitMap) -> BitMap:
        return ids - self.giving(params, ids)

    def take_back(self, run: ActionRun, params: Any, ids: BitMap, *, now: datetime, by: User | None) -> BitMap:
        """Whoever is still on the way waits anew: else the next refresh would withdraw what was just given back."""
        back = super().take_back(run, params, ids, now=now, by=by)
        passages.undo_withdraw(params.sunset, back)
        if sunset := self.going_on(params):
            passages.enter(sunset.pk, BitMap(passages.tagged_since(sunset, back)), now=now)
        return back

    def after_undo(self, params: Any) -> str:
        sunset = self.going_on(params)
        if sunset is None:
            return ""
        text = ngettext(
            "Their waiting begins anew: after %(days)s day without a sign of life the sunset %(name)s withdraws this "
            "consent again. To prevent that, end it, or add them to those who are never touched.",
            "Their waiting begins anew: after %(days)s days without a sign of life the sunset %(name)s withdraws this "
            "consent again. To prevent that, end it, or add them to those who are never touched.",
            sunset.wait,
        )
        return text % {"days": sunset.wait, "name": sunset.name}

    @staticmethod
    def going_on(params: Any) -> Sunset | None:
        """The sunset, on or paused; None: it has ended, and its contacts stay where it left them."""
        return Sunset.objects.filter(pk=params.sunset).exclude(state=State.ENDED).first()


OURS = (SunsetTag(), SunsetUntag(), SunsetWithdraw())
