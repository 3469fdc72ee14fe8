"""Contacts merged into one: what they were called before, and which pairs are known to be two people."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0004_label_writes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ContactAlias",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("id", "Id"), ("email", "Email"), ("external_id", "External Id")], max_length=11
                    ),
                ),
                ("value", models.CharField(max_length=254)),
                ("since", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="NotDuplicate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("by", models.CharField(blank=True, default="", max_length=254)),
            ],
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
                    ("merged", "Merged"),
                    ("handed_over", "Data handed over"),
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
                            "merged",
                            "handed_over",
                        ],
                    )
                ),
                name="historyentry_kind",
            ),
        ),
        migrations.AddField(
            model_name="contactalias",
            name="contact",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="aliases", to="contacts.contact"
            ),
        ),
        migrations.AddField(
            model_name="notduplicate",
            name="first",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="contacts.contact"
            ),
        ),
        migrations.AddField(
            model_name="notduplicate",
            name="second",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="contacts.contact"
            ),
        ),
        migrations.AddConstraint(
            model_name="contactalias",
            constraint=models.UniqueConstraint(fields=("kind", "value"), name="contactalias_unique"),
        ),
        migrations.AddConstraint(
            model_name="contactalias",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["id", "email", "external_id"])), name="contactalias_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="contactalias",
            constraint=models.CheckConstraint(
                condition=models.Q(("value", ""), _negated=True), name="contactalias_value_not_empty"
            ),
        ),
        migrations.AddConstraint(
            model_name="notduplicate",
            constraint=models.UniqueConstraint(fields=("first", "second"), name="notduplicate_once"),
        ),
        migrations.AddConstraint(
            model_name="notduplicate",
            constraint=models.CheckConstraint(
                condition=models.Q(("first__lt", models.F("second"))), name="notduplicate_in_order"
            ),
        ),
    ]
