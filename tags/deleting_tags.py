"""Deleting a tag, by a job if many contacts have it.

It is one transaction, as a merge is (`tags.merging`): until it is over everybody has the tag, then nobody, and whoever
was putting it on somebody finds that there is none.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext_noop
from pyroaring import BitMap

from jobs.errors import JobProblem
from jobs.models import ACTIVE
from jobs.services import chunk, finish, heartbeat, wake
from tags import seeing
from tags.deleting import Deleted
from tags.merging import pieces
from tags.models import ContactTag, Tag, TagDeletion
from tags.services import delete_tag, lock_unused
from tags.usage import InUseError
from users.models import User

AT_ONCE = 20_000  # contacts up to which a page does not wait for a worker

TAKE_OFF = "DELETE FROM tags_contacttag WHERE tag_id = %(tag)s AND contact_id BETWEEN %(first)s AND %(last)s"


def dissolve_tag(tag: Tag, *, now: datetime, by: str, user: User | None, before: int = 0) -> Deleted:
    """Delete the tag and take it off every contact: at once, or by a job.

    before: of how many contacts others have been taken off in the same request.
    Raises: as `lock_unused`.
    """
    contacts = ContactTag.objects.filter(tag=tag).count()
    if before + contacts <= AT_ONCE:
        return Deleted(delete_tag(tag))
    with transaction.atomic():
        locked = lock_unused(tag.pk)
        job = TagDeletion.objects.filter(tag=locked, state__in=ACTIVE).first()
        if job is None:
            job = TagDeletion.objects.create(
                tag=locked, title=locked.name, by=by[:254], user=user, requested_at=now, total=contacts
            )
            wake(job, now=now)
    return Deleted(contacts, job)


def carry_out(job: TagDeletion, now: datetime) -> bool:
    """The one step of a deletion. A worker killed in it leaves nothing of it behind; the next begins anew.

    Raises: JobProblem, if something has come to name the tag.
    """
    with transaction.atomic():
        try:
            tag = lock_unused(job.tag_id or 0)
        except InUseError as error:
            text = gettext_noop("Meanwhile it has come to be named by: %(uses)s.")
            raise JobProblem(text, {"uses": error.named}) from error
        except Tag.DoesNotExist:
            return False  # somebody was quicker
        having = seeing.read("tag", [tag.pk]).get(tag.pk, BitMap())
        for done in take_off(tag, having):
            heartbeat(job, progress=done, total=len(having))
        tag.delete()
        with chunk(job, now=now):
            job.progress = job.total = len(having)
            finish(job, now=job.lease.clock() if job.lease else now)
    return False


def take_off(tag: Tag, having: BitMap) -> Iterator[int]:
    """Takes it off everyone who has it; after each piece the contacts done so far."""
    done = 0
    with connection.cursor() as cursor:
        for ids in pieces(having):
            cursor.execute(TAKE_OFF, {"tag": tag.pk, "first": ids.min(), "last": ids.max()})
            done += len(ids)
            yield done
