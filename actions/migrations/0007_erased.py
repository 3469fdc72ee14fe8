"""How many were taken out of stored sets because they were erased."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0006_run_seen"),
    ]

    operations = [
        migrations.AddField(
            model_name="actionrun",
            name="erased",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="pickedcontacts",
            name="erased",
            field=models.JSONField(default=dict),
        ),
    ]
