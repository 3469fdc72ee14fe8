"""Runs count apart whom they left because they said no."""

import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0002_undo"),
        ("segmentation", "0006_health"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="actionrun",
            name="actionrun_everyone_counted_once",
        ),
        migrations.AddField(
            model_name="actionrun",
            name="left_count",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddConstraint(
            model_name="actionrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "progress",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("changed_count"), "+", models.F("already_count")
                                ),
                                "+",
                                models.F("left_count"),
                            ),
                            "+",
                            models.F("gone_count"),
                        ),
                    )
                ),
                name="actionrun_everyone_counted_once",
            ),
        ),
    ]
