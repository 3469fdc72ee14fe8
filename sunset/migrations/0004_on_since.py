"""Since which line of the rollout's log a sunset is on: what was closed before is over for those that stand."""

from django.db import migrations, models

FILL = "UPDATE sunset_sunset SET on_since = COALESCE((SELECT max(id) FROM public.rollout_change), 0)"


class Migration(migrations.Migration):
    dependencies = [
        ("rollout", "0001_areas"),
        ("sunset", "0003_passages_by_sunset"),
    ]

    operations = [
        migrations.AddField(
            model_name="sunset",
            name="on_since",
            field=models.BigIntegerField(default=0),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
