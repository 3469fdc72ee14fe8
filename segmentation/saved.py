"""Saved criteria: what uses them, and making, changing and deleting them."""

import unicodedata
from collections import defaultdict
from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from segmentation.hooks import Use
from segmentation.models import SavedCriteria
from segmentation.parts.base import Tree
from users.models import User

# Every live reference to saved criteria: of the criteria segments have in force, and of other saved criteria.
REFERENCES = """
SELECT 'segment', s.id, s.name, (found.one)::int
FROM segmentation_segment s JOIN segmentation_version v ON v.id = s.version_id,
     jsonb_path_query(v.criteria, 'strict $.** ? (@.type() == "object" && @.kind == "saved").criteria') AS found(one)
UNION
SELECT 'saved', s.id, s.name, (found.one)::int
FROM segmentation_savedcriteria s,
     jsonb_path_query(s.criteria, 'strict $.** ? (@.type() == "object" && @.kind == "saved").criteria') AS found(one)
ORDER BY 3
"""


class NameTakenError(ValueError):
    """There are saved criteria of this name."""


class EditedMeanwhileError(ValueError):
    """Somebody else changed the criteria after this form was opened; saving would undo that unseen."""


class InUseError(ValueError):
    """Something refers to the criteria: they can't be deleted."""

    def __init__(self, uses: list[Use]) -> None:
        super().__init__(", ".join(use.name for use in uses))
        self.uses = uses


def saved_for(pk: int) -> SavedCriteria:
    """The saved criteria an address names.

    Raises: Http404.
    """
    found = SavedCriteria.objects.select_related("created_by").filter(pk=pk).first()
    if found is None:
        raise Http404(_("There are no such saved criteria."))
    return found


def saved_criteria(*, search: str = "") -> QuerySet[SavedCriteria]:
    """All of them by name, or those whose name contains `search`."""
    found = SavedCriteria.objects.select_related("created_by").order_by("name")
    text = unicodedata.normalize("NFC", search).strip()
    return found.filter(name__icontains=text) if text else found


def uses_of_saved() -> dict[int, list[Use]]:
    """What refers to saved criteria, by their id; one query for all."""
    with connection.cursor() as cursor:
        cursor.execute(REFERENCES)
        rows = cursor.fetchall()
    uses: dict[int, list[Use]] = defaultdict(list)
    for kind, pk, name, referred in rows:
        what = _("Segment") if kind == "segment" else _("Saved criteria")
        uses[referred].append(Use(what, name, reverse(f"segmentation:{ADDRESSES[kind]}", args=[pk])))
    return uses


ADDRESSES = {"segment": "preview", "saved": "saved_edit"}


def create_saved(*, name: str, criteria: Tree, now: datetime, by: User) -> SavedCriteria:
    """Saves criteria that the builder has accepted.

    Raises: NameTakenError.
    """
    saved = SavedCriteria(name=name, criteria=criteria, created_at=now, updated_at=now, created_by=by)
    _save(saved)
    return saved


def update_saved(saved: SavedCriteria, *, name: str, criteria: Tree, revision: int, now: datetime) -> SavedCriteria:
    """Changes name and criteria of what was seen at `revision`; what refers to it follows at its next calculation.

    Raises: EditedMeanwhileError, NameTakenError; SavedCriteria.DoesNotExist, when they were deleted meanwhile.
    """
    with transaction.atomic():
        current = SavedCriteria.objects.select_for_update(no_key=True).get(pk=saved.pk)
        if current.revision != revision:
            raise EditedMeanwhileError
        current.name, current.criteria, current.updated_at, current.revision = name, criteria, now, revision + 1
        _save(current, force_update=True)
    return current


def _save(saved: SavedCriteria, *, force_update: bool = False) -> None:
    try:
        with transaction.atomic():
            saved.save(force_update=force_update)
    except IntegrityError as error:
        if "savedcriteria_name_unique" in str(error):
            raise NameTakenError(saved.name) from error
        raise


def delete_saved(saved: SavedCriteria) -> None:
    """Deletes criteria that nothing refers to.

    Raises: InUseError with what does.
    """
    with transaction.atomic():
        SavedCriteria.objects.select_for_update().filter(pk=saved.pk).first()
        if uses := uses_of_saved().get(saved.pk):
            raise InUseError(uses)
        saved.delete()
