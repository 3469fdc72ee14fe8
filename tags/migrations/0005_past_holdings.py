"""Who had a tag, or was in a category, and lost it: noted by the database, whoever takes it off and however.

Triggers find the tables in the schema of the table that fired them, whatever the search path.
"""

import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

PAST = {"tags_contacttag": ("tags_pasttag", "tag_id"), "tags_contactcategory": ("tags_pastcategory", "category_id")}

# One row for a statement and label, whatever the number of contacts: of 500,000 a row for each would take as long as
# taking the label off.
LOST = """
CREATE FUNCTION tags_lost() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    EXECUTE format('INSERT INTO %1$I.%2$I (%3$I, contacts, since, span, removed_at)'
        || ' SELECT %3$I, array_agg(contact_id), array_agg(assigned_at),'
        || ' int4range(min(contact_id)::int, max(contact_id)::int, $1), statement_timestamp()'
        || ' FROM old_rows GROUP BY %3$I', TG_TABLE_SCHEMA, TG_ARGV[0], TG_ARGV[1]) USING '[]';
    RETURN NULL;
END
$function$;
"""
# Of a category that is deleted its contacts were below the next one above it that there is, if there is one.
CATEGORY_GONE = """
CREATE FUNCTION tags_category_gone() RETURNS trigger LANGUAGE plpgsql AS $function$
DECLARE
    above bigint;
BEGIN
    EXECUTE format('SELECT id FROM %I.tags_category WHERE left($1, length(path)) = path'
        || ' ORDER BY length(path) DESC LIMIT 1', TG_TABLE_SCHEMA) INTO above USING OLD.path;
    IF above IS NULL THEN
        EXECUTE format('DELETE FROM %I.tags_pastcategory WHERE category_id = $1', TG_TABLE_SCHEMA) USING OLD.id;
    ELSE
        EXECUTE format('UPDATE %I.tags_pastcategory SET category_id = $1, below = true WHERE category_id = $2',
            TG_TABLE_SCHEMA) USING above, OLD.id;
    END IF;
    RETURN NULL;
END
$function$;
CREATE TRIGGER tags_category_gone AFTER DELETE ON tags_category FOR EACH ROW EXECUTE FUNCTION tags_category_gone();
"""
# What is noted of a contact goes with it.
CONTACT_GONE = """
CREATE FUNCTION tags_contact_gone() RETURNS trigger LANGUAGE plpgsql AS $function$
DECLARE
    past text;
    whole int4range;
BEGIN
    SELECT int4range(min(id)::int, max(id)::int, '[]') INTO whole FROM old_rows;
    IF isempty(whole) IS NOT false THEN
        RETURN NULL;
    END IF;
    FOREACH past IN ARRAY TG_ARGV LOOP
        EXECUTE format('UPDATE %1$I.%2$I p SET contacts = k.contacts, since = k.since FROM ('
            || ' SELECT o.id, others.contacts, others.since FROM %1$I.%2$I o CROSS JOIN LATERAL ('
            || '  SELECT COALESCE(array_agg(h.contact), $2) AS contacts, COALESCE(array_agg(h.at), $3) AS since'
            || '  FROM unnest(o.contacts, o.since) h (contact, at)'
            || '  WHERE NOT EXISTS (SELECT FROM old_rows g WHERE g.id = h.contact)) others'
            || ' WHERE o.span && $1 AND cardinality(others.contacts) < cardinality(o.contacts)'
            || ') k WHERE k.id = p.id', TG_TABLE_SCHEMA, past) USING whole, '{}'::int[], '{}'::timestamptz[];
        EXECUTE format('DELETE FROM %1$I.%2$I WHERE span && $1 AND contacts = $2', TG_TABLE_SCHEMA, past)
            USING whole, '{}'::int[];
    END LOOP;
    RETURN NULL;
END
$function$;
CREATE TRIGGER tags_contact_gone AFTER DELETE ON contacts_contact REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION tags_contact_gone('tags_pasttag', 'tags_pastcategory');
"""
KNOWN = "INSERT INTO tags_pastknown (id, since) VALUES (1, now());"
FORWARD = (
    LOST
    + "".join(
        f"CREATE TRIGGER tags_lost AFTER DELETE ON {links} REFERENCING OLD TABLE AS old_rows"
        f" FOR EACH STATEMENT EXECUTE FUNCTION tags_lost('{past}', '{label}');"
        for links, (past, label) in PAST.items()
    )
    + CATEGORY_GONE
    + CONTACT_GONE
    + KNOWN
)
BACK = (
    "DROP TRIGGER tags_contact_gone ON contacts_contact; DROP FUNCTION tags_contact_gone();"
    "DROP TRIGGER tags_category_gone ON tags_category; DROP FUNCTION tags_category_gone();"
    + "".join(f"DROP TRIGGER tags_lost ON {links};" for links in PAST)
    + "DROP FUNCTION tags_lost();"
)


class Migration(migrations.Migration):
    dependencies = [
        ("tags", "0004_tag_deletion"),
    ]

    operations = [
        migrations.CreateModel(
            name="PastKnown",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField()),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("pk", 1)), name="pastknown_one")],
            },
        ),
        migrations.CreateModel(
            name="PastCategory",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("contacts", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
                ("since", django.contrib.postgres.fields.ArrayField(base_field=models.DateTimeField(), size=None)),
                ("span", django.contrib.postgres.fields.ranges.IntegerRangeField()),
                ("removed_at", models.DateTimeField()),
                ("below", models.BooleanField(default=False)),
                (
                    "category",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING, related_name="past", to="tags.category"
                    ),
                ),
            ],
            options={
                "indexes": [django.contrib.postgres.indexes.GistIndex(fields=["span"], name="pastcategory_span")],
            },
        ),
        migrations.CreateModel(
            name="PastTag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("contacts", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
                ("since", django.contrib.postgres.fields.ArrayField(base_field=models.DateTimeField(), size=None)),
                ("span", django.contrib.postgres.fields.ranges.IntegerRangeField()),
                ("removed_at", models.DateTimeField()),
                (
                    "tag",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="past", to="tags.tag"),
                ),
            ],
            options={
                "indexes": [django.contrib.postgres.indexes.GistIndex(fields=["span"], name="pasttag_span")],
            },
        ),
        migrations.RunSQL(FORWARD, reverse_sql=BACK),
    ]
