"""What the mirror consists of, and how far it reaches: docs/mirror.md."""

from django.db import models

from jobs.models import Job


class Cut(models.Model):
    """How far one kind is mirrored: rows whose last writer is a transaction below `cut` are in the files, no others.

    `revision` is another number after every change of the files, never one that was before: a process that knows a
    revision knows its files. The files of another cluster of PostgreSQL, whose numbers mean nothing here, or of another
    layout of columns are as good as none.
    """

    kind = models.CharField(max_length=10, primary_key=True)
    cut = models.BigIntegerField(default=0)
    revision = models.BigIntegerField(default=0)
    system = models.CharField(max_length=20, blank=True, default="")  # the database cluster that numbers transactions
    layout = models.CharField(max_length=32, blank=True, default="")  # of the columns: mirror.layout
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
    """A file that is in use no more, kept while readers may be left that have seen it in use; or one in the making.

    A file is named here before it is written, so that none is ever without a name, whoever is killed when.
    """

    name = models.CharField(max_length=200, unique=True)
    since = models.DateTimeField(db_index=True)  # of a file in the making: when its maker is given up

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


class Broken(models.Model):
    """A file that a reader found missing or altered: its kind is to be made anew."""

    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=200)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Horizon(models.Model):
    """At `at`, no snapshot was open that did not see the end of every transaction below `oldest`."""

    at = models.DateTimeField(db_index=True)
    oldest = models.BigIntegerField()
    system = models.CharField(max_length=20)

    def __str__(self) -> str:
        return f"{self.oldest} at {self.at}"


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
    """One bringing of the files up to date, unit by unit; `cursor` counts the units done. One at a time is active."""

    units = models.JSONField(default=list)  # names of mirror.units

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["state"], name="mirror_compaction_state")]
