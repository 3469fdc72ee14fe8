"""What undoing an action goes by: who wrote a label last; and its entry in the history of consents."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0003_selection"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LabelWrite",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("tag", "Tag"), ("category", "Category"), ("consent", "Consent")], max_length=8
                    ),
                ),
                ("label_id", models.BigIntegerField()),
                ("at", models.DateTimeField(null=True)),
                ("contacts", models.BinaryField()),
                ("first", models.IntegerField()),
                ("last", models.IntegerField()),
                ("action_run_id", models.BigIntegerField(null=True)),
                ("undone", models.BooleanField(default=False)),
                ("before", models.BinaryField(null=True)),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="historyentry",
            name="historyentry_kind",
        ),
        migrations.AlterField(
            model_name="historyentry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("created", "Created"),
                    ("changed", "Changed"),
                    ("category_added", "Category added"),
                    ("category_removed", "Category removed"),
                    ("tag_added", "Tag added"),
                    ("tag_removed", "Tag removed"),
                    ("consent_given", "Consent given"),
                    ("consent_withdrawn", "Consent withdrawn"),
                    ("consent_restored", "Consent changed back"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="historyentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "created",
                            "changed",
                            "category_added",
                            "category_removed",
                            "tag_added",
                            "tag_removed",
                            "consent_given",
                            "consent_withdrawn",
                            "consent_restored",
                        ],
                    )
                ),
                name="historyentry_kind",
            ),
        ),
        migrations.AddIndex(
            model_name="labelwrite",
            index=models.Index(fields=["kind", "label_id", "id"], name="labelwrite_label"),
        ),
        migrations.AddIndex(
            model_name="labelwrite",
            index=models.Index(
                condition=models.Q(("action_run_id__isnull", False)),
                fields=["action_run_id"],
                name="labelwrite_action_run",
            ),
        ),
        migrations.AddConstraint(
            model_name="labelwrite",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["tag", "category", "consent"])), name="labelwrite_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="labelwrite",
            constraint=models.CheckConstraint(
                condition=models.Q(("first__lte", models.F("last"))), name="labelwrite_somebody"
            ),
        ),
        migrations.AddConstraint(
            model_name="labelwrite",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("action_run_id__isnull", False),
                    models.Q(("before__isnull", True), ("undone", False)),
                    _connector="OR",
                ),
                name="labelwrite_of_an_action",
            ),
        ),
    ]
