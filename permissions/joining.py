"""Where permission groups join in with the tree of categories: what names one, and what moving one changes."""

from django.urls import reverse
from django.utils.translation import gettext_lazy, ngettext

from config.templatetags.numbers import number
from permissions.models import PermissionGroup
from permissions.sight import categories_of, members
from tags.models import Category, Tag
from tags.usage import Use
from users.models import User


def uses(label: Tag | Category) -> list[Use]:
    """The groups that name a category: it cannot go, for then they would show others contacts."""
    if not isinstance(label, Category):
        return []
    found = PermissionGroup.objects.filter(named__category=label)
    return [
        Use(
            gettext_lazy("Permission group"),
            group.name,
            reverse("permissions:group", args=[group.pk]),
            administrators=True,
        )
        for group in found
    ]


def allowed(user: User) -> set[int] | None:
    """The categories that a user may put contacts into: those that show them contacts. None: all of them."""
    categories = categories_of(user)
    return None if categories is None else set(categories)


def said_of_move(category: Category, below: Category | None) -> list[str]:
    """Which groups show the category no more, or from then on, and how many contacts that takes from or gives them."""
    groups: dict[tuple[int, str], list[str]] = {}
    rows = PermissionGroup.objects.order_by("name").values_list("pk", "name", "categories__path")
    for pk, name, path in rows:
        groups.setdefault((pk, name), []).append(path)
    sentences = []
    for (_pk, name), paths in groups.items():
        shown = any(category.path.startswith(path) for path in paths if path)
        if category.path in paths or shown == any(below.path.startswith(path) for path in paths if path and below):
            continue
        sentences.append(sentence(name, category, [path for path in paths if path], loses=shown))
    return sentences


def sentence(group: str, category: Category, paths: list[str], *, loses: bool) -> str:
    """What one group loses or gains. Categories within the branch that it names itself it keeps either way."""
    tree = dict(Category.objects.values_list("pk", "path"))
    branch = {pk for pk, path in tree.items() if path.startswith(category.path)}
    kept = {
        pk
        for pk, path in tree.items()
        if any(path.startswith(each) and (pk not in branch or each.startswith(category.path)) for each in paths)
    }
    changed = len(members(branch) - members(kept))
    if loses:
        text = ngettext(
            "The permission group “%(group)s” no longer shows this category: its users lose %(number)s contact.",
            "The permission group “%(group)s” no longer shows this category: its users lose %(number)s contacts.",
            changed,
        )
    else:
        text = ngettext(
            "The permission group “%(group)s” will show this category: its users see %(number)s more contact.",
            "The permission group “%(group)s” will show this category: its users see %(number)s more contacts.",
            changed,
        )
    return text % {"group": group, "number": number(changed)}
