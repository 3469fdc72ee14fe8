"""Giving an attribute another type, with all the values that contacts have of it, in one transaction.

The definition changes first and the values after it, with writers of contacts held off; the database judges at the end
of the transaction that all of them fit (migration 0008). Few values are done at once, many by a job.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from contacts import hooks
from contacts.models import Attribute, AttributeType, EntryKind, TypeChange
from contacts.retyping import converted, different_values, dry_run, same, wanted
from contacts.services.definitions import clean_options
from contacts.services.errors import InUseError
from jobs.errors import JobProblem
from jobs.models import ACTIVE
from jobs.services import chunk, finish, wake
from users.models import User

AT_ONCE = 10_000  # contacts to be written: about a second; more of them are a job's

MAPPING = "CREATE TEMP TABLE retyping (old jsonb NOT NULL, new jsonb) ON COMMIT DROP"
# What fits as it is stored is not in the mapping: those rows are not written.
REWRITE = """
WITH changed AS (
    UPDATE contacts_contact AS contact SET
        attributes = CASE WHEN new IS NULL THEN attributes - %(key)s::text
            ELSE jsonb_set(attributes, ARRAY[%(key)s::text], new) END,
        updated_at = CASE WHEN new IS NOT NULL THEN updated_at
            ELSE greatest(updated_at + interval '1 microsecond', %(now)s) END
    FROM retyping WHERE attributes ? %(key)s AND attributes -> %(key)s::text = retyping.old
    RETURNING contact.id, retyping.old, retyping.new
), noted AS (
    INSERT INTO contacts_historyentry (contact_id, at, kind, label, detail, by, user_id)
    SELECT id, %(now)s, %(kind)s, '', jsonb_build_object('fields', jsonb_build_object(
        %(name)s::text, jsonb_build_array(old, NULL))), %(by)s, %(user)s
    FROM changed WHERE new IS NULL
)
SELECT count(*) FROM changed
"""


class OtherValuesError(Exception):
    """Other values don't fit than those that were agreed to be taken away."""


def check_type(attribute: Attribute, new_type: str, options: Iterable[str]) -> Attribute:
    """The definition as it would be. Raises: ValidationError by field."""
    if new_type not in AttributeType.values or new_type == attribute.type:
        raise ValidationError({"type": _("Choose another type.")})
    if TypeChange.objects.filter(attribute=attribute, state__in=ACTIVE).exists():
        raise ValidationError({"type": _("Its type is just being changed.")})
    try:
        return wanted(attribute, new_type, clean_options(list(options), type=new_type))
    except ValidationError as error:
        raise ValidationError({"options": error.error_list}) from error


def change_type(
    attribute: Attribute,
    new_type: str,
    *,
    options: Iterable[str] = (),
    unfit: int = 0,
    now: datetime,
    by: str,
    user: User | None = None,
) -> TypeChange | None:
    """Change the type at once, or by a job, which is the answer. `unfit`: of how many contacts the value may be taken.

    Raises: ValidationError by field; InUseError, if criteria would be refused; OtherValuesError.
    """
    new = check_type(attribute, new_type, options)
    refuse_breaking(new)
    report = dry_run(attribute, new)
    if report.unfit != unfit:
        raise OtherValuesError
    if report.rewritten + report.unfit > AT_ONCE:
        return queued(attribute, new, unfit=unfit, total=report.rewritten + report.unfit, now=now, by=by, user=user)
    with transaction.atomic():
        apply(attribute, new, unfit=unfit, now=now, by=by, user=user)
    return None


def queued(
    attribute: Attribute, new: Attribute, *, unfit: int, total: int, now: datetime, by: str, user: User | None
) -> TypeChange:
    """Raises: ValidationError, if another is under way."""
    try:
        with transaction.atomic():
            job = TypeChange.objects.create(
                attribute=attribute,
                old_type=attribute.type,
                new_type=new.type,
                new_options=new.options,
                language=translation.get_language() or "en",
                zone=timezone.get_current_timezone_name(),
                unfit=unfit,
                total=total,
                by=by[:254],
                user=user,
                requested_at=now,
            )
            wake(job, now=now)
    except IntegrityError as error:
        raise ValidationError({"type": _("Its type is just being changed.")}) from error
    return job


def carry_out(job: TypeChange, now: datetime) -> bool:
    """The whole of it in one chunk: a worker killed in it leaves nothing behind."""
    with chunk(job, now=now, saves=("changed_count",)):
        attribute = Attribute.objects.get(pk=job.attribute_id)
        if attribute.type != job.old_type:
            raise JobProblem(gettext_noop("The attribute has got another type meanwhile."), {})
        new = wanted(attribute, job.new_type, job.new_options)
        try:
            refuse_breaking(new)
            with translation.override(job.language), timezone.override(ZoneInfo(job.zone)):
                job.changed_count = apply(attribute, new, unfit=job.unfit, now=now, by=job.by, user=job.user)
        except InUseError as error:
            text = gettext_noop("Criteria would be refused with the new type: %(uses)s.")
            raise JobProblem(text, {"uses": ", ".join(use.title for use in error.uses)}) from error
        except OtherValuesError as error:
            text = gettext_noop("Contacts have got other values meanwhile. Nothing was changed: look at them again.")
            raise JobProblem(text, {}) from error
        job.progress = job.total
        finish(job, now=now)
    return job.active


def apply(attribute: Attribute, new: Attribute, *, unfit: int, now: datetime, by: str, user: User | None) -> int:
    """Definition and values, in the caller's transaction. How many contacts were written.

    Raises: OtherValuesError.
    """
    current = Attribute.objects.select_for_update().get(pk=attribute.pk)
    with connection.cursor() as cursor:
        # Who has locked a row to write it is waited for; a weaker lock would let others lock rows, and wait for us.
        cursor.execute("LOCK TABLE contacts_contact IN EXCLUSIVE MODE")
        cursor.execute(MAPPING)
        found = write_mapping(cursor, current, new)
        if found != unfit:
            raise OtherValuesError
        old = Attribute(pk=current.pk, key=current.key, type=current.type, options=current.options)
        current.type, current.options = new.type, new.options
        current.save(update_fields=["type", "options"])
        values: dict[str, Any] = {
            "key": current.key,
            "name": f"attributes.{current.key}",
            "now": now,
            "kind": EntryKind.CHANGED,
            "by": by[:254],
            "user": user.pk if user else None,
        }
        cursor.execute(REWRITE, values)
        (written,) = cursor.fetchone()
        cursor.execute("SET CONSTRAINTS attribute_type_fits IMMEDIATE")
        cursor.execute("SET CONSTRAINTS attribute_type_fits DEFERRED")
        cursor.execute("DROP TABLE retyping")
    for tell in hooks.retyped:
        tell(old, current)
    return int(written)


def write_mapping(cursor: Any, attribute: Attribute, new: Attribute) -> int:
    """What each value that is not stored alike becomes; null: it goes. Of how many contacts the value goes.

    Collected first: while rows are copied in, the connection can't be read from.
    """
    unfit = 0
    mapping: list[tuple[str, str | None]] = []
    for value, contacts in different_values(attribute):
        try:
            becomes = converted(value, attribute, new)
        except ValidationError:
            unfit += contacts
            mapping.append((json.dumps(value), None))
            continue
        if not same(becomes, value):
            mapping.append((json.dumps(value), json.dumps(becomes)))
    with cursor.cursor.copy("COPY retyping (old, new) FROM STDIN") as copy:
        for row in mapping:
            copy.write_row(row)
    return unfit


def refuse_breaking(new: Attribute) -> None:
    """Raises: InUseError with the criteria that could not be understood with the new type."""
    if uses := [use for breaking in hooks.breaking for use in breaking(new)]:
        raise InUseError(_("These criteria could not be understood with the new type."), uses)
