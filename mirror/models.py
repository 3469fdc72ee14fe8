"""What the mirror consists of, and how far it reaches: docs/mirror.md."""

from django.db import models

from jobs.models import Job


class Cut(models.Model):
    """How far one kind is mirrored: rows whose last writer is a transaction below `cut` are in the files, no others.

    `revision` grows with every change of the files: a process that knows a revision knows its files.
    """

    kind = models.CharField(max_length=10, primary_key=True)
    cut = models.BigIntegerField(default=0)
    revision = models.BigIntegerField(default=0)
    system = models.CharField(max_length=20, blank=True, default="")  # the database cluster that numbers transactions
    made_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.kind} below {self.cut}"


class File(models.Model):
    """One Parquet file in the account's storage: rows of one kind (and activity type) of one month, or range of ids."""

    kind = models.CharField(max_length=10)
    type_id = models.IntegerField(default=0)  # of an activity; else 0
    part = models.CharField(max_length=10)  # "2026-11", or the number of a range of ids
    name = models.CharField(max_length=200, unique=True)
    rows = models.BigIntegerField()
    bytes = models.BigIntegerField()
    checksum = models.CharField(max_length=64)  # BLAKE2b of the content
    columns = models.JSONField()  # names; what is not here is NULL in all rows
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    last_key = models.BigIntegerField()
    made_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["kind", "type_id", "part"], name="mirror_file_part")]

    def __str__(self) -> str:
        return self.name


class Discarded(models.Model):
    """A file that is in use no more, kept until no reader can be left that has seen it in use."""

    name = models.CharField(max_length=200, unique=True)
    since = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.name


class Gone(models.Model):
    """A mirrored row that was deleted and may still stand in a file. Written by triggers."""

    kind = models.CharField(max_length=10)
    key = models.BigIntegerField()
    contact_id = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["kind", "key"], name="mirror_gone_key")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class LabelChange(models.Model):
    """Contacts were given a label, or lost it, in the transaction `written`. Written by triggers, one row a statement.

    A set read at a cut holds as long as no later change of its label is seen.
    """

    kind = models.CharField(max_length=10)  # tag, category, consent
    label_id = models.BigIntegerField()  # 0: every label of the kind
    written = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["kind", "label_id", "written"], name="mirror_labelchange_label")]

    def __str__(self) -> str:
        return f"{self.kind} {self.label_id}"


class Compaction(Job):
    """One bringing of the files up to date."""

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["state"], name="mirror_compaction_state")]
