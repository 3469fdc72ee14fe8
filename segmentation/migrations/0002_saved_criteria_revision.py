"""Saved criteria say at which revision a form was opened, so that nobody overwrites an edit unseen."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("segmentation", "0001_initial")]

    operations = [
        migrations.AddField("savedcriteria", "revision", models.PositiveIntegerField(default=1)),
    ]
