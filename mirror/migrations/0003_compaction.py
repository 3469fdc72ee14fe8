"""Files in the making, broken ones, and what the first triggers left open.

An emptied table takes along what was said of deleted rows (their ids may come again) and lets go of its files; an order
counts as written when lines of it are deleted or moved to another one, and cannot lose its lines by TRUNCATE unnoticed.
"""

from django.db import migrations, models

XID = "pg_current_xact_id()::text::bigint"

FUNCTIONS = f"""
CREATE OR REPLACE FUNCTION mirror_emptied() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    EXECUTE format('INSERT INTO %I.mirror_discarded (name, since) SELECT name, now() FROM %I.mirror_file WHERE kind = ANY ($1)'
        || ' ON CONFLICT DO NOTHING', TG_TABLE_SCHEMA, TG_TABLE_SCHEMA) USING string_to_array(TG_ARGV[0], ',');
    EXECUTE format('DELETE FROM %I.mirror_file WHERE kind = ANY ($1)', TG_TABLE_SCHEMA) USING string_to_array(TG_ARGV[0], ',');
    EXECUTE format('DELETE FROM %I.mirror_gone WHERE kind = ANY ($1)', TG_TABLE_SCHEMA) USING string_to_array(TG_ARGV[0], ',');
    EXECUTE format('UPDATE %I.mirror_cut SET cut = 0, revision = revision + 1 WHERE kind = ANY ($1)', TG_TABLE_SCHEMA)
        USING string_to_array(TG_ARGV[0], ',');
    RETURN NULL;
END
$function$;

CREATE FUNCTION mirror_line_gone() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    EXECUTE format('UPDATE %I.activities_order o SET written = 0 FROM (SELECT DISTINCT order_id FROM old_rows) l'
        || ' WHERE o.id = l.order_id AND o.written <> {XID}', TG_TABLE_SCHEMA);
    RETURN NULL;
END
$function$;

CREATE TRIGGER mirror_line_deleted AFTER DELETE ON activities_orderline REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION mirror_line_gone();
-- By its name after mirror_line_updated, which refuses a line written without its order.
CREATE TRIGGER mirror_line_was AFTER UPDATE ON activities_orderline REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION mirror_line_gone();
CREATE TRIGGER mirror_truncated AFTER TRUNCATE ON activities_orderline
    FOR EACH STATEMENT EXECUTE FUNCTION mirror_emptied('order,line');

CREATE UNIQUE INDEX mirror_compaction_one ON mirror_compaction ((true)) WHERE state IN ('waiting', 'running');
"""
UNDONE = """
DROP INDEX mirror_compaction_one;
DROP TRIGGER mirror_truncated ON activities_orderline;
DROP FUNCTION mirror_line_gone() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("mirror", "0002_writers")]

    operations = [
        migrations.CreateModel(
            name="Broken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=10)),
                ("name", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Horizon",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_index=True)),
                ("oldest", models.BigIntegerField()),
                ("system", models.CharField(max_length=20)),
            ],
        ),
        migrations.AddField(model_name="compaction", name="units", field=models.JSONField(default=list)),
        migrations.AddField(
            model_name="cut", name="layout", field=models.CharField(blank=True, default="", max_length=32)
        ),
        migrations.RunSQL(FUNCTIONS, reverse_sql=UNDONE),
    ]
