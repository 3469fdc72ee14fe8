"""A new contact, with what the apps above ask about it.

What is asked depends on the user: one who sees some contacts only chooses a category that shows them the new one. The
answers are written in the transaction that makes the contact.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django import forms
from django.db import transaction

from contacts.models import Consent, ConsentState, Contact
from contacts.services import create_contact, set_consent
from users.models import User


class Answer(Protocol):
    """Writes what was answered. Raises: ValidationError, a dict by the question's name."""

    def __call__(self, contact: Contact, given: Any, /, *, now: datetime, by: str, user: User) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Question:
    """One more field of the form of a new contact; None: this user is not asked."""

    name: str
    field: Callable[[User], forms.Field | None]
    answer: Answer


questions: dict[str, Question] = {}


def register_question(question: Question) -> None:
    """A name registered again is replaced, so that ready may run twice."""
    questions[question.name] = question


def asked_of(user: User) -> dict[str, forms.Field]:
    """The further fields for this user, by name."""
    fields = {name: question.field(user) for name, question in questions.items()}
    return {name: field for name, field in fields.items() if field is not None}


def create(
    *,
    fields: Mapping[str, Any],
    attributes: Mapping[str, Any],
    answers: Mapping[str, Any],
    agreed: tuple[Consent, str] | None = None,
    now: datetime,
    user: User,
) -> Contact:
    """The contact that a user's form asks for, with the answers to what else was asked.

    agreed: what somebody who was erased has agreed to since, and where that was.

    Raises: ValidationError, as `services.create_contact`, and by a question's name.
    """
    with transaction.atomic():
        made = create_contact(
            fields=fields,
            attributes=attributes,
            now=now,
            by=str(user),
            user=user,
            localized=True,
            agreed_again=agreed is not None,
        )
        if agreed is not None:
            consent, source = agreed
            set_consent(made, consent, ConsentState.GIVEN, now=now, source=source, by=str(user), user=user)
        for name, given in answers.items():
            questions[name].answer(made, given, now=now, by=str(user), user=user)
    return made
