"""Every mirrored table says which transaction last wrote each row, and what was deleted from it.

Triggers find the mirror's own tables in the schema of the table that fired them, whatever the search path.
"""

from django.db import migrations

XID = "pg_current_xact_id()::text::bigint"
MIRRORED = {
    "contacts_contact": "contact", "activities_activity": "activity", "activities_visit": "visit",
    "activities_order": "order",
}  # fmt: skip
CHANGEABLE = ("contacts_contact", "activities_order")
LABELS = {
    "tags_contacttag": ("tag", "tag_id"), "tags_contactcategory": ("category", "category_id"),
    "contacts_contactconsent": ("consent", "consent_id"),
}  # fmt: skip

FUNCTIONS = f"""
CREATE FUNCTION mirror_written() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    NEW.written := {XID};
    RETURN NEW;
END
$function$;

CREATE FUNCTION mirror_for_good() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    RAISE EXCEPTION '% are never changed', TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_for_good', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE FUNCTION mirror_gone() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    EXECUTE format('INSERT INTO %I.mirror_gone (kind, key, contact_id) SELECT %L, id, %I FROM old_rows',
        TG_TABLE_SCHEMA, TG_ARGV[0], TG_ARGV[1]);
    RETURN NULL;
END
$function$;

CREATE FUNCTION mirror_emptied() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    EXECUTE format('DELETE FROM %I.mirror_file WHERE kind = ANY ($1)', TG_TABLE_SCHEMA) USING string_to_array(TG_ARGV[0], ',');
    EXECUTE format('UPDATE %I.mirror_cut SET cut = 0, revision = revision + 1 WHERE kind = ANY ($1)', TG_TABLE_SCHEMA)
        USING string_to_array(TG_ARGV[0], ',');
    RETURN NULL;
END
$function$;

CREATE FUNCTION mirror_label() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        EXECUTE format('INSERT INTO %I.mirror_labelchange (kind, label_id, written)'
            || ' SELECT DISTINCT %L, %I, {XID} FROM new_rows', TG_TABLE_SCHEMA, TG_ARGV[0], TG_ARGV[1]);
    END IF;
    IF TG_OP <> 'INSERT' THEN
        EXECUTE format('INSERT INTO %I.mirror_labelchange (kind, label_id, written)'
            || ' SELECT DISTINCT %L, %I, {XID} FROM old_rows', TG_TABLE_SCHEMA, TG_ARGV[0], TG_ARGV[1]);
    END IF;
    RETURN NULL;
END
$function$;

CREATE FUNCTION mirror_labels_emptied() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    EXECUTE format('INSERT INTO %I.mirror_labelchange (kind, label_id, written) VALUES (%L, 0, {XID})',
        TG_TABLE_SCHEMA, TG_ARGV[0]);
    RETURN NULL;
END
$function$;

CREATE FUNCTION mirror_line_with_order() RETURNS trigger LANGUAGE plpgsql AS $function$
DECLARE
    alone bigint;
BEGIN
    EXECUTE format('SELECT o.id FROM new_rows l JOIN %I.activities_order o ON o.id = l.order_id WHERE o.written <> {XID} LIMIT 1',
        TG_TABLE_SCHEMA) INTO alone;
    IF alone IS NOT NULL THEN
        RAISE EXCEPTION 'order %: its lines are written without it', alone
            USING ERRCODE = 'check_violation', CONSTRAINT = 'orderline_with_order', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$function$;
"""


def mirrored(table: str, kind: str) -> str:
    contact = "id" if kind == "contact" else "contact_id"
    kinds = "order,line" if kind == "order" else kind
    changed = "mirror_written" if table in CHANGEABLE else "mirror_for_good"
    return f"""
ALTER TABLE {table} ADD COLUMN written bigint NOT NULL DEFAULT {XID};
CREATE INDEX {table}_written ON {table} (written);
CREATE TRIGGER mirror_updated BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {changed}();
CREATE TRIGGER mirror_deleted AFTER DELETE ON {table} REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION mirror_gone('{kind}', '{contact}');
CREATE TRIGGER mirror_truncated AFTER TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION mirror_emptied('{kinds}');
"""


def labelled(table: str, kind: str, label: str) -> str:
    call = f"FOR EACH STATEMENT EXECUTE FUNCTION mirror_label('{kind}', '{label}')"
    return f"""
CREATE TRIGGER mirror_label_inserted AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows {call};
CREATE TRIGGER mirror_label_updated AFTER UPDATE ON {table}
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows {call};
CREATE TRIGGER mirror_label_deleted AFTER DELETE ON {table} REFERENCING OLD TABLE AS old_rows {call};
CREATE TRIGGER mirror_label_truncated AFTER TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION mirror_labels_emptied('{kind}');
"""


LINES = """
CREATE TRIGGER mirror_line_inserted AFTER INSERT ON activities_orderline REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION mirror_line_with_order();
CREATE TRIGGER mirror_line_updated AFTER UPDATE ON activities_orderline REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION mirror_line_with_order();
"""
WRITERS = (
    FUNCTIONS
    + "".join(mirrored(table, kind) for table, kind in MIRRORED.items())
    + "".join(labelled(table, kind, label) for table, (kind, label) in LABELS.items())
    + LINES
)


def undone() -> str:
    tables = [f"ALTER TABLE {table} DROP COLUMN written;" for table in MIRRORED]
    functions = [
        f"DROP FUNCTION {name}() CASCADE;"
        for name in (
            "mirror_written", "mirror_for_good", "mirror_gone", "mirror_emptied", "mirror_label", "mirror_labels_emptied",
            "mirror_line_with_order",
        )
    ]  # fmt: skip
    return "".join([*functions, *tables])


class Migration(migrations.Migration):
    dependencies = [
        ("mirror", "0001_initial"),
        ("contacts", "0002_guards"),
        ("tags", "0001_initial"),
        ("activities", "0002_builtin_types"),
    ]

    operations = [migrations.RunSQL(WRITERS, reverse_sql=undone())]
