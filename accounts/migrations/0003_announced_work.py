"""A count of announcements, by which the scheduler sees that more work came while it looked."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_trigram_search")]

    operations = [migrations.AddField("account", "dues", models.PositiveBigIntegerField(default=0))]
