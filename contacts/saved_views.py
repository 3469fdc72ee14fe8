"""Saved views of the contact manager: who may open and change which, whether the list shown still is one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.http import Http404, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from config.requests import Request
from contacts.models import ManagerChoice, SavedView
from users.access import signed_in
from users.models import User

NO_VIEW = "all"  # `?view=all`: the plain list, where the user's own view would open
NOT_KEPT = ("view", "columns", "page")
MOST_VIEWS = 200  # of one owner
LONGEST_QUERY = 8_000


class ChangedMeanwhileError(Exception):
    """Somebody else has changed the view since it was opened."""


def normal(query: QueryDict, *, default_sort: str) -> str:
    """What the address asks for, but for page, view and columns, in one order of the parameters."""
    rest = QueryDict(mutable=True)
    for name in sorted(query):
        values = [value for value in query.getlist(name) if value]
        if name in NOT_KEPT or not values or (name == "sort" and values == [default_sort]):
            continue
        rest.setlist(name, values)
    return rest.urlencode()


def address_of(view: SavedView) -> str:
    """The list as it was saved. The view stands in the address, so that it knows what it began with."""
    return f"{reverse('contacts:manager')}?{view.query}{'&' if view.query else ''}view={view.pk}"


def views_of(user: User) -> QuerySet[SavedView]:
    """The user's own views and those of others for everybody."""
    return SavedView.objects.filter(Q(owner=user) | Q(shared=True)).select_related("owner").order_by("name", "pk")


def may_change(user: User, view: SavedView) -> bool:
    """Its owner may; one for everybody may be put in order by administrators too. Analysts only have their own."""
    if view.owner_id == user.pk:
        return user.may_write or not view.shared
    return view.shared and user.administers


def view_for(request: Request, pk: int) -> SavedView:
    """The door to a view that the user may open. Raises: Http404."""
    found = views_of(signed_in(request)).filter(pk=pk).first()
    if found is None:
        raise Http404(f"no view {pk}")
    return found


def view_to_change(request: Request, pk: int) -> SavedView:
    """The door to a view that the user may change. Raises: Http404, PermissionDenied."""
    found = view_for(request, pk)
    if not may_change(signed_in(request), found):
        raise PermissionDenied(_("This view is another user's: save one of your own."))
    return found


def view_in(request: Request) -> SavedView | None:
    """The view that the list began with (`?view=ID`), if any.

    Raises: ValidationError, where the address names one that there is not, or not for this user.
    """
    text = request.GET.get("view", "")
    if text in ("", NO_VIEW):
        return None
    if text.isascii() and text.isdecimal() and len(text) < 19:
        found = views_of(signed_in(request)).filter(pk=int(text)).first()
        if found is not None:
            return found
    raise ValidationError(_("There is no such view (any more)."))


def choice_of(user: User) -> ManagerChoice | None:
    """What the user has chosen for the contact manager; read once in a request."""
    if not hasattr(user, "manager_choice"):
        found = ManagerChoice.objects.filter(user=user).select_related("opens_with").first()
        user.manager_choice = found  # type: ignore[attr-defined]
    kept: ManagerChoice | None = user.manager_choice  # type: ignore[attr-defined]
    return kept


def opens_with(user: User) -> SavedView | None:
    """The view that the contact manager opens with for this user; none, if its owner took it back."""
    kept = choice_of(user)
    view = kept.opens_with if kept else None
    return view if view is not None and (view.shared or view.owner_id == user.pk) else None


def keep_choice(user: User, **fields: object) -> None:
    """Writes what the user has chosen."""
    ManagerChoice.objects.update_or_create(user=user, defaults=fields)
    user.__dict__.pop("manager_choice", None)


def open_with(user: User, view: SavedView | None) -> None:
    """Has the contact manager open with this view; None: with the plain list."""
    keep_choice(user, opens_with=view)


def save_view(user: User, *, name: str, shared: bool, query: str, columns: Sequence[str], now: datetime) -> SavedView:
    """A new view. Raises: ValidationError at `name`, if the user has one of that name."""
    refuse_sharing(user, shared=shared)
    if len(query) > LONGEST_QUERY:
        raise ValidationError({"name": _("The list is narrowed by too much to be kept.")})
    if SavedView.objects.filter(owner=user).count() >= MOST_VIEWS:
        raise ValidationError({"name": _("You have as many views as can be kept. Delete one first.")})
    with name_taken():
        return SavedView.objects.create(
            name=name,
            owner=user,
            shared=shared,
            query=query,
            columns=list(columns),
            created_at=now,
            changed_at=now,
        )


def change_view(view: SavedView, *, revision: int, now: datetime, by: User, **fields: object) -> None:
    """Writes these fields, unless somebody has changed the view since `revision`.

    Raises: ChangedMeanwhileError; ValidationError at `name`.
    """
    refuse_sharing(by, shared=bool(fields.get("shared", False)))
    with name_taken():
        rows = SavedView.objects.filter(pk=view.pk, revision=revision)
        if not rows.update(**fields, changed_at=now, revision=F("revision") + 1):
            raise ChangedMeanwhileError


def refuse_sharing(user: User, *, shared: bool) -> None:
    """What is for everybody belongs to the account: analysts change nothing there."""
    if shared and not user.may_write:
        raise PermissionDenied(_("Your role (analyst) may look at everything here but change nothing."))


@contextmanager
def name_taken() -> Iterator[None]:
    """Turns the database's refusal of a name into a sentence at the field, also when two take it at once."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise ValidationError({"name": _("You have a view of this name.")}) from error
