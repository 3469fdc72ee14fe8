"""Failed sign-ins of operators are counted in tables of the shared schema.

Where Sito ran before, migrations of axes are noted there as done, although its tables were made in accounts alone.
"""

from django.db import migrations

MODELS = ("AccessAttempt", "AccessLog", "AccessFailureLog", "AccessAttemptExpiration")


def make(apps, schema_editor):
    there = set(schema_editor.connection.introspection.table_names())
    for name in MODELS:
        model = apps.get_model("axes", name)
        if model._meta.db_table not in there:  # noqa: SLF001
            schema_editor.create_model(model)


class Migration(migrations.Migration):
    dependencies = [("operators", "0001_operators"), ("axes", "0010_accessattemptexpiration")]

    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
