"""Add tag, remove tag."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from pydantic import Field
from pyroaring import BitMap

from actions.kinds.base import Kind, Names, Params, Reference
from actions.kinds.forms import Draft, PartForm
from actions.models import ActionRun
from contacts.holding import holders
from jobs.errors import JobProblem
from tags import assigning, undoing
from tags.counting import count_tag
from tags.following import hold_tag, pk_now, tag_now
from tags.forms import TagsInput
from tags.models import ContactTag, Tag
from tags.normalising import normalise
from tags.services import tags_named
from users.models import User


class TagParams(Params):
    """One tag by its id; the name it had when the action was planned serves once it is gone."""

    tag: int = Field(ge=1)
    name: str


class TagForm(PartForm):
    """Names typed with commas between them: one action for each tag, so that each is told, and undone, by itself."""

    tags = forms.CharField(label=gettext_lazy("Tag"), max_length=1000, widget=TagsInput())

    def __init__(self, data: Any = None, *, now: datetime, by: User | None = None, kind: "TagKind") -> None:
        super().__init__(data, now=now, by=by)
        self.kind = kind
        self.fields["tags"].help_text = kind.help_text
        self.fields["tags"].widget.known = not kind.makes_tags

    def clean_tags(self) -> list[str]:
        names = normalise(self.cleaned_data["tags"])
        if not self.kind.makes_tags:
            known = set(Tag.objects.filter(name__in=names).values_list("name", flat=True))
            unknown = ", ".join(name for name in names if name not in known)
            if unknown:
                raise ValidationError(_("There is no tag %(names)s.") % {"names": unknown})
        return names

    def plans(self) -> list[dict[str, Any]]:
        names = ", ".join(self.cleaned_data["tags"])
        return [{"tag": tag.pk, "name": tag.name} for tag in tags_named(names, now=self.now)]

    def drafts(self) -> list[Draft]:
        names = self.cleaned_data["tags"]
        known = dict(Tag.objects.filter(name__in=names).values_list("name", "pk"))
        note = _("This tag does not exist yet: it will be created.")
        return [
            Draft(self.kind.said(name), {"tag": known[name], "name": name})
            if name in known
            else Draft(self.kind.said(name), None, note)
            for name in names
        ]


class TagKind(Kind):
    """What adding and removing share."""

    Params: ClassVar[type[Params]] = TagParams
    undoable = True
    template = "actions/_tag_fields.html"
    makes_tags: bool
    help_text: Any

    def form(self, data: Any = None, *, now: datetime, by: User | None = None) -> TagForm:
        return TagForm(data, now=now, by=by, kind=self)

    def said(self, name: str) -> str:
        raise NotImplementedError

    def sentence(self, params: TagParams, names: Names) -> str:
        return self.said(names.get(Reference("tag", params.tag), params.name))

    def references(self, params: TagParams) -> list[Reference]:
        return [Reference("tag", params.tag)]

    def tag(self, params: TagParams) -> Tag:
        """The tag, kept from being deleted until the chunk is over."""
        with self.there(params):
            return hold_tag(params.tag)

    def look_up(self, params: TagParams) -> Tag:
        with self.there(params):
            return tag_now(params.tag)

    @contextmanager
    def there(self, params: TagParams) -> Iterator[None]:
        """Turns a tag that has been deleted into what the job's page says."""
        try:
            yield
        except Tag.DoesNotExist:
            raise JobProblem(gettext_noop("The tag %(name)s no longer exists."), {"name": params.name}) from None

    def having(self, params: TagParams, ids: BitMap) -> BitMap:
        """Those of `ids` that have the tag."""
        return holders(ContactTag.objects.filter(tag=pk_now(params.tag)), ids)

    def finish(self, run: ActionRun, params: TagParams, *, now: datetime) -> None:
        recount_tag(params.tag, now=now)

    def stopped(self, run: ActionRun, *, now: datetime) -> None:
        if run.changed_count:
            recount_tag(run.action.params["tag"], now=now)


def recount_tag(pk: int, *, now: datetime) -> None:
    """Has the number on the tag's page right as soon as the run's end is committed.

    After the commit: two runs that end at once would each count without the other's contacts. Should the machine stop
    in between, the scheduler counts within a quarter of an hour.
    """

    def count() -> None:
        if tag := Tag.objects.filter(pk=pk_now(pk)).first():
            count_tag(tag, now=now)

    transaction.on_commit(count, robust=True)


class AddTag(TagKind):
    name = "add_tag"
    title = gettext_lazy("Add tag")
    text = gettext_lazy("Puts a tag on the contacts that do not have it yet.")
    icon = "tag"
    makes_tags = True
    help_text = gettext_lazy("A new name makes a new tag. A comma separates two tags.")

    def said(self, name: str) -> str:
        return _("Add tag %(name)s") % {"name": name}

    def apply(self, run: ActionRun, params: TagParams, ids: BitMap, *, now: datetime) -> BitMap:
        return assigning.assign_tag(ids, self.tag(params), now=now, action_run_id=run.pk)

    def already(self, params: TagParams, ids: BitMap) -> BitMap:
        return self.having(params, ids)

    def standing(self, run: ActionRun, params: TagParams, ids: BitMap) -> BitMap:
        return undoing.tag_still_on(ids, params.tag, action_run_id=run.pk)

    def take_back(self, run: ActionRun, params: TagParams, ids: BitMap, *, now: datetime, by: User | None) -> BitMap:
        with self.there(params):
            return undoing.take_tag_back(ids, self.look_up(params), action_run_id=run.pk)


class RemoveTag(TagKind):
    name = "remove_tag"
    title = gettext_lazy("Remove tag")
    text = gettext_lazy("Takes a tag off the contacts that have it.")
    icon = "eraser"
    makes_tags = False
    help_text = gettext_lazy("A comma separates two tags.")

    def said(self, name: str) -> str:
        return _("Remove tag %(name)s") % {"name": name}

    def apply(self, run: ActionRun, params: TagParams, ids: BitMap, *, now: datetime) -> BitMap:
        return assigning.remove_tag(ids, self.tag(params), action_run_id=run.pk)

    def already(self, params: TagParams, ids: BitMap) -> BitMap:
        return ids - self.having(params, ids)

    def standing(self, run: ActionRun, params: TagParams, ids: BitMap) -> BitMap:
        return undoing.tag_still_off(ids, params.tag, action_run_id=run.pk)

    def take_back(self, run: ActionRun, params: TagParams, ids: BitMap, *, now: datetime, by: User | None) -> BitMap:
        with self.there(params):
            return undoing.put_tag_back(ids, self.look_up(params), action_run_id=run.pk)
