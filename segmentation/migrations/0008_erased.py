"""How many were taken out of stored sets because they were erased."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("segmentation", "0007_calculation_sight"),
    ]

    operations = [
        migrations.AddField(
            model_name="calculation",
            name="erased",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="movement",
            name="erased",
            field=models.JSONField(default=dict),
        ),
    ]
