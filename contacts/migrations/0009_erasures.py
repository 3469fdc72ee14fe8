"""Proofs of who was erased, and the account's own key for digests of their names."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

# Made with the tables, so that every backup holds it: 244 random bits.
KEY = """
INSERT INTO contacts_erasurekey (id, key)
VALUES (1, decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'))
"""


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0008_attribute_types"),
    ]

    operations = [
        migrations.CreateModel(
            name="Cleaning",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("errored", "Error"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("requested_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("lease_owner", models.CharField(blank=True, max_length=80)),
                ("lease_until", models.DateTimeField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("cursor", models.BigIntegerField(default=0)),
                ("progress", models.BigIntegerField(default=0)),
                ("total", models.BigIntegerField(default=0)),
                ("problem", models.JSONField(null=True)),
                ("work", models.JSONField(default=dict)),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        models.Value(1),
                        condition=models.Q(("state__in", ("waiting", "running"))),
                        name="cleaning_one_at_a_time",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("ids", models.JSONField()),
                ("at", models.DateTimeField(db_index=True)),
                ("by", models.CharField(max_length=254)),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("asked", "The person asked for it"),
                            ("not_needed", "No longer needed"),
                            ("mistake", "Entered by mistake"),
                            ("other", "Another reason"),
                        ],
                        max_length=10,
                    ),
                ),
                ("counts", models.JSONField(default=dict)),
                ("replays", models.PositiveIntegerField(default=0)),
                ("journaled", models.BooleanField(default=False)),
                ("cleaned_at", models.DateTimeField(null=True)),
                ("completed_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-at", "-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("completed_at__isnull", True)), fields=["id"], name="erasure_going_on"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason__in", ["asked", "not_needed", "mistake", "other"])),
                        name="erasure_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("completed_at__isnull", True), ("cleaned_at__isnull", False), _connector="OR"
                        ),
                        name="erasure_cleaned_first",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ErasureKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.BinaryField(max_length=32)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("pk", 1)), name="erasurekey_one")],
            },
        ),
        migrations.CreateModel(
            name="ErasedName",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("email", "Email"), ("phone", "Phone"), ("external_id", "External Id")], max_length=11
                    ),
                ),
                ("digest", models.BinaryField(max_length=32)),
                (
                    "erasure",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="names", to="contacts.erasure"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["digest"], name="erasedname_digest")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["email", "phone", "external_id"])), name="erasedname_kind"
                    )
                ],
            },
        ),
        migrations.RunSQL(KEY, reverse_sql="DELETE FROM contacts_erasurekey"),
    ]
