"""`file`: the contacts that an uploaded list matched, or a fixed one holds."""

from typing import Annotated, ClassVar, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pydantic import Field
from pyroaring import BitMap

from segmentation.criteria.base import Criterion, register
from segmentation.criteria.catalog import Catalog
from segmentation.criteria.context import Context
from segmentation.criteria.errors import RefusedError
from segmentation.criteria.words import Sentence, Words, phrase
from segmentation.models import UploadedList
from segmentation.parts.base import Choosing, Control, FormPart, Subject, Tree, Typed, Values
from segmentation.parts.references import read_id


class FileForm(FormPart):
    """A list uploaded before."""

    kind = "file"
    icon = "file-text"

    def subjects(self, choices: Choosing) -> list[Subject]:
        return [Subject("file", _("Uploaded or fixed list"), _("Segments and lists"))] if choices.files else []

    def controls(self, typed: Typed) -> list[Control]:
        return [Control("file", "select", _("file"), [typed.one("file")], typed.choices.files)]

    def read(self, typed: Typed) -> Tree:
        criterion = {"kind": "file", "file": read_id(typed, "file", _("Choose a file."))}
        typed.finish()
        return criterion

    def write(self, criterion: Tree) -> Values:
        return {"what": ["file"], "file": [str(criterion["file"])]}


@register
class FileCriterion(Criterion):
    """`{"kind": "file", "file": 7}`: those of its contacts the account still has."""

    form: ClassVar = FileForm()
    refers: ClassVar = {"file": "file"}

    kind: Literal["file"]
    file: Annotated[int, Field(ge=1)]

    def check(self, catalog: Catalog) -> None:
        if self.file not in catalog.files:
            raise RefusedError(gettext_noop("There is no file with the id {id}."), at="file", id=self.file)

    def members(self, context: Context) -> BitMap:
        return context.once(("file", self.file), lambda: context.catalog.file_ids(self.file) & context.everyone)

    def evidence(self, contact: int, *, context: Context, words: Words) -> Sentence:
        uploaded = UploadedList.objects.values_list("created_at", flat=True).get(pk=self.file)
        matched = contact in self.members(context)
        if self.fixed(words):
            template = _("in the fixed list of {date}") if matched else _("not in the fixed list of {date}")
        else:
            template = _("a row of the list of {date} matched") if matched else _("not in the list of {date}")
        return phrase(template, date=words.moment(uploaded))

    def sentence(self, words: Words) -> Sentence:
        told = _("is in the fixed list {file}") if self.fixed(words) else _("is in the file {file}")
        return phrase(told, file=self.called(words))

    def denied(self, words: Words) -> Sentence:
        told = _("is not in the fixed list {file}") if self.fixed(words) else _("is not in the file {file}")
        return phrase(told, file=self.called(words))

    def called(self, words: Words) -> str:
        return words.catalog.files.get(self.file) or _("deleted file {id}").format(id=self.file)

    def fixed(self, words: Words) -> bool:
        return self.file in words.catalog.fixed_lists
