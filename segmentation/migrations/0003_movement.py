"""Who joined and who left with a calculation, by cause. Calculations made before have none."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("segmentation", "0002_saved_criteria_revision")]

    operations = [
        migrations.CreateModel(
            name="Movement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("direction", models.CharField(choices=[("joined", "Joined"), ("left", "Left")], max_length=6)),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("imported", "new in the account"),
                            ("erased", "deleted from the account"),
                            ("changed", "data changed"),
                            ("passed", "time passed"),
                            ("edited", "criteria changed"),
                        ],
                        max_length=8,
                    ),
                ),
                ("members", models.BinaryField()),
                ("count", models.PositiveIntegerField()),
                (
                    "calculation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="movements",
                        to="segmentation.calculation",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["calculation", "direction", "cause"], name="movement_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("cause__in", ["imported", "changed", "passed", "edited"]), ("direction", "joined")
                        )
                        | models.Q(("cause__in", ["erased", "changed", "passed", "edited"]), ("direction", "left")),
                        name="movement_cause",
                    ),
                    models.CheckConstraint(condition=models.Q(("count__gt", 0)), name="movement_not_empty"),
                ],
            },
        ),
    ]
