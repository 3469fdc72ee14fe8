from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pool", "0002_last_round"),
    ]

    operations = [
        migrations.CreateModel(
            name="Round",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("over", models.BooleanField()),
            ],
        ),
    ]
