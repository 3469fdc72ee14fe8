"""Which categories somebody may put contacts into and take them out of.

All of them, unless a rule says otherwise: `permissions` registers the one by which a user who sees some contacts only
has the categories that show them. Naming a category in a filter or in criteria is another matter: all may name all.
"""

from collections.abc import Callable, Collection
from datetime import datetime

from django import forms
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from contacts.creating import Question
from contacts.models import Contact
from tags.models import Category
from tags.services import put_in_category
from tags.tree import Branch, branches
from users.models import User

Allowed = Callable[[User], Collection[int] | None]  # ids of categories; None: all of them

_rules: list[Allowed] = []


def register_rule(rule: Allowed) -> None:
    """The rule that holds from now on; there is one."""
    _rules[:] = [rule]


def allowed_to(user: User | AnonymousUser | None) -> Collection[int] | None:
    """The categories `user` may use. None: all of them, also for no user, which is the account itself."""
    if user is None or not _rules:
        return None
    return _rules[0](user) if isinstance(user, User) else ()


def offered_to(user: User | AnonymousUser | None) -> list[Branch]:
    """The tree, as far as `user` may use it."""
    allowed = allowed_to(user)
    return [branch for branch in branches() if allowed is None or branch.pk in allowed]


def may_use(user: User | AnonymousUser | None, category: Category) -> bool:
    """Whether `user` may put contacts into this category and take them out of it."""
    allowed = allowed_to(user)
    return allowed is None or category.pk in allowed


def category_of_a_new_contact(user: User) -> forms.Field | None:
    """Who sees some contacts only chooses the category that will show them the new one."""
    if allowed_to(user) is None:
        return None
    choices = [(branch.pk, branch.indented) for branch in offered_to(user)]
    help_text = _("You see the contacts of your categories only, so a new one is in one of them from the start.")
    if not choices:
        help_text = _("There is no category that you may put contacts into: ask an administrator.")
    return forms.TypedChoiceField(
        label=_("Category"),
        choices=[("", _("Choose a category")), *choices],
        coerce=int,
        help_text=help_text,
        error_messages={"required": _("Choose a category."), "invalid_choice": _("Choose a category from the list.")},
    )


def put_new_contact(contact: Contact, category: int, /, *, now: datetime, by: str, user: User) -> None:
    """Raises: ValidationError, if the category has gone meanwhile."""
    try:
        put_in_category(contact, Category.objects.get(pk=category), now=now, by=by, user=user)
    except Category.DoesNotExist as error:
        raise ValidationError({"category": _("This category has just been deleted.")}) from error


QUESTION = Question(name="category", field=category_of_a_new_contact, answer=put_new_contact)
