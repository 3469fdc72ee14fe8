"""Writes about users: making, changing, letting go and inviting them."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.hooks import Owner
from accounts.models import Account
from users.models import Role, Theme, User

CONSTRAINT_EMAIL = "user_email_unique"


class UserError(Exception):
    """What was asked may not be done; the message is for whoever asked."""


def create_user(
    *, email: str, name: str, role: str, password: str | None, language: str = "en", by: User | None = None
) -> User:
    """Make a user of the current account. Without a password the user can sign in only after setting one by a link.

    Raises: UserError, if `by` may not give that role. ValidationError, if the address is taken or a field is bad.
    """
    if by is not None:
        refuse_beyond(by, role)
    user = checked(User(email=email.strip(), name=name.strip(), role=role, language=language), password)
    save_unique(user)
    return user


def checked(user: User, password: str | None) -> User:
    """The user with this password, not saved. Raises: ValidationError, if a field or the password is bad."""
    if password is None:
        user.set_unusable_password()
    else:
        validate_password(password, user)
        user.set_password(password)
    user.full_clean(validate_constraints=False)
    return user


def check_owner(owner: Owner) -> None:
    """Raises: ValidationError, if who is to own a new account could not be made a user."""
    checked(User(email=owner.email.strip(), name=owner.name.strip(), role=Role.OWNER), owner.password)


def create_owner(_account: Account, owner: Owner) -> None:
    """The first user of a new account."""
    create_user(email=owner.email, name=owner.name, role=Role.OWNER, password=owner.password, language=owner.language)


def edit_user(user: User, *, email: str, name: str, role: str, by: User) -> None:
    """Change who somebody is and what they may do.

    Raises: UserError, if `by` may not, or nobody would be left to own the account.
    """
    with transaction.atomic():
        owners = locked_owners()
        user.refresh_from_db()
        refuse_beyond(by, user.role)
        refuse_beyond(by, role)
        if role != Role.OWNER:
            refuse_last_owner(user, owners)
        user.email, user.name, user.role = email.strip(), name.strip(), role
        user.full_clean(validate_constraints=False)
        save_unique(user)


def deactivate(user: User, *, by: User) -> None:
    """Let somebody go: from the next request on they are signed out. What they made stays.

    Raises: UserError, for oneself, for an owner if `by` is none, and for the last owner.
    """
    with transaction.atomic():
        owners = locked_owners()
        user.refresh_from_db()
        if user == by:
            raise UserError(_("You cannot deactivate yourself. Ask another administrator."))
        refuse_beyond(by, user.role)
        refuse_last_owner(user, owners)
        user.is_active = False
        user.save(update_fields=["is_active"])


def reactivate(user: User, *, by: User) -> None:
    """Let somebody in again, with the password they had."""
    refuse_beyond(by, user.role)
    user.is_active = True
    user.save(update_fields=["is_active"])


def set_preferences(user: User, *, name: str = "", language: str = "", theme: str = "") -> None:
    """Change one's own name, language or theme; an empty one stays."""
    if theme and theme not in Theme.values:
        raise ValueError(theme)
    user.name, user.language, user.theme = name or user.name, language or user.language, theme or user.theme
    user.save(update_fields=["name", "language", "theme"])


def locked_owners() -> list[User]:
    """The active owners, held until the transaction ends: two of them can't demote each other at once."""
    return list(User.objects.select_for_update().filter(role=Role.OWNER, is_active=True).order_by("pk"))


def refuse_beyond(by: User, role: str) -> None:
    """An administrator neither makes nor changes owners; others change nobody."""
    if not by.administers:
        raise UserError(_("Only owners and administrators may change users."))
    if role == Role.OWNER and by.role != Role.OWNER:
        raise UserError(_("Only an owner may make or change owners."))


def refuse_last_owner(user: User, owners: list[User]) -> None:
    if owners == [user]:
        raise UserError(_("This is the last owner. Make somebody else an owner first."))


def save_unique(user: User) -> None:
    """Save, and say at the field if somebody has that address, also when they got it this instant."""
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        if CONSTRAINT_EMAIL not in str(error):
            raise
        raise ValidationError({"email": _("Somebody here already uses this e-mail address.")}) from error
