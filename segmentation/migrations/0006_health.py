"""What tells the health of segments: when each was last looked at, and which are nearly the same."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("segmentation", "0005_contact_query")]

    operations = [
        migrations.AddField(model_name="segment", name="used_at", field=models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="Likeness",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("both", models.PositiveIntegerField()),
                ("either", models.PositiveIntegerField()),
                (
                    "other",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="segmentation.segment",
                    ),
                ),
                (
                    "segment",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="segmentation.segment",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["segment", "other"], name="likeness_once"),
                    models.CheckConstraint(condition=models.Q(segment__lt=models.F("other")), name="likeness_ordered"),
                    models.CheckConstraint(
                        condition=models.Q(either__gte=models.F("both"), both__gt=0), name="likeness_share"
                    ),
                ],
            },
        ),
    ]
