"""Whether there are activities of a type of the account's own is looked up, not searched for in all activities.

The types 1 to 12 are built in (0002): their activities, mostly page views, need no place in the index, and cost no time
when they are written.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class AddIndexWhileWritten(AddIndexConcurrently):
    """Writers go on meanwhile, except in the transaction that makes a new account, whose table is empty."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        index = schema_editor.quote_name(self.index.name)
        inside = schema_editor.connection.in_atomic_block
        # One that was stopped half-way is there, and is of no use.
        schema_editor.execute(f"DROP INDEX {'' if inside else 'CONCURRENTLY '}IF EXISTS {index}")
        if inside:
            migrations.AddIndex.database_forwards(self, app_label, schema_editor, from_state, to_state)
        else:
            super().database_forwards(app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("activities", "0002_builtin_types")]

    operations = [
        AddIndexWhileWritten(
            "activity", models.Index(fields=["type"], name="activity_own_type", condition=Q(type__gt=12))
        ),
    ]
