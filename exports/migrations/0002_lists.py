"""Lists of past calculations as files, and what each file is of."""

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

OF_ACTIONS = """
UPDATE exports_exportfile file SET audience = action.audience
FROM actions_actionrun run JOIN actions_action action ON action.id = run.action_id WHERE run.id = file.run_id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0002_undo"),
        ("exports", "0001_initial"),
        ("segmentation", "0003_movement"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="exportfile",
            name="audience",
            field=models.CharField(
                choices=[("all", "all members"), ("joined", "those who just joined"), ("left", "those who just left")],
                default="all",
                max_length=6,
            ),
        ),
        migrations.AddField(
            model_name="exportfile",
            name="cause",
            field=models.CharField(
                blank=True,
                choices=[
                    ("imported", "new in the account"),
                    ("erased", "deleted from the account"),
                    ("changed", "data changed"),
                    ("passed", "time passed"),
                    ("edited", "criteria changed"),
                ],
                default="",
                max_length=8,
            ),
        ),
        migrations.RunSQL(OF_ACTIONS, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="exportfile",
            name="run",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="export_file",
                to="actions.actionrun",
            ),
        ),
        migrations.CreateModel(
            name="ListExport",
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
                (
                    "audience",
                    models.CharField(
                        choices=[
                            ("all", "all members"),
                            ("joined", "those who just joined"),
                            ("left", "those who just left"),
                        ],
                        default="all",
                        max_length=6,
                    ),
                ),
                (
                    "cause",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("imported", "new in the account"),
                            ("erased", "deleted from the account"),
                            ("changed", "data changed"),
                            ("passed", "time passed"),
                            ("edited", "criteria changed"),
                        ],
                        default="",
                        max_length=8,
                    ),
                ),
                ("params", models.JSONField()),
                ("changed_count", models.PositiveIntegerField(default=0)),
                ("gone_count", models.PositiveIntegerField(default=0)),
                ("work", models.JSONField(default=dict)),
                (
                    "calculation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="list_exports",
                        to="segmentation.calculation",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.AddField(
            model_name="exportfile",
            name="list_export",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="export_file",
                to="exports.listexport",
            ),
        ),
        migrations.AddConstraint(
            model_name="exportfile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("list_export__isnull", True), ("run__isnull", False)),
                    models.Q(("list_export__isnull", False), ("run__isnull", True)),
                    _connector="OR",
                ),
                name="exportfile_made_by_one",
            ),
        ),
        migrations.AddIndex(
            model_name="listexport",
            index=models.Index(
                condition=models.Q(("state__in", ("waiting", "running"))),
                fields=["lease_until"],
                name="listexport_active",
            ),
        ),
        migrations.AddConstraint(
            model_name="listexport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "progress",
                        django.db.models.expressions.CombinedExpression(
                            models.F("changed_count"), "+", models.F("gone_count")
                        ),
                    )
                ),
                name="listexport_everyone_counted_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="listexport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("audience__in", ["all", "joined", "left"]),
                    models.Q(("cause", ""), models.Q(("audience", "all"), _negated=True), _connector="OR"),
                ),
                name="listexport_of_what",
            ),
        ),
    ]
