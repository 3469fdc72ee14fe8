from django.db import migrations


class Migration(migrations.Migration):
    """Trigram search, in the schema that every account's search path ends with.

    A trusted extension: the application's role needs CREATE on the database, not more.
    """

    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public", reverse_sql=migrations.RunSQL.noop, elidable=False
        )
    ]
