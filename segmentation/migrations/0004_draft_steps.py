"""Drafts say from which page they were kept, and remember the steps that undo and redo go along."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("segmentation", "0003_movement")]

    operations = [
        migrations.AddField("draft", "window", models.CharField(default="", max_length=32)),
        migrations.AddField("draft", "sequence", models.PositiveBigIntegerField(default=0)),
        migrations.AddField("draft", "step", models.PositiveIntegerField(default=0)),
        migrations.CreateModel(
            name="DraftStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("form", models.JSONField()),
                ("typing", models.CharField(default="", max_length=60)),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="segmentation.draft",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("draft", "number"), name="draft_step")],
            },
        ),
    ]
