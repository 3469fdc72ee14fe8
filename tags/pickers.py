"""Which categories somebody may put contacts into and take them out of.

All of them, unless a rule says otherwise: `permissions` registers the one by which a user who sees some contacts only
has the categories that show them. Naming a category in a filter or in criteria is another matter: all may name all.
"""

from collections.abc import Callable, Collection

from django.contrib.auth.models import AnonymousUser

from tags.models import Category
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
