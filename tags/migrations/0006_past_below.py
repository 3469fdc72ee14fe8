"""What triggers write has its default in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tags", "0005_past_holdings"),
    ]

    operations = [
        migrations.AlterField(
            model_name="pastcategory",
            name="below",
            field=models.BooleanField(db_default=False),
        ),
    ]
