"""What Django's models cannot say: attributes fit their definitions, and the search box has an index.

The functions are made in the account's own schema and look for the tables in the schema of the table that fired
them, whatever the search path then is: a copied or renamed schema works as it did.
"""

from django.db import migrations

WORDS = """
CREATE INDEX contact_words ON contacts_contact USING gin (
    (translate(casefold((' ' || first_name || ' ' || last_name || ' ' || COALESCE(email, '') || ' '
        || COALESCE(phone, '') || ' ' || COALESCE(external_id, '')) COLLATE "pg_unicode_fast"),
        'ąćęłńóśźż', 'acelnoszz')) public.gin_trgm_ops)
"""

# One statement's rows at once: 100,000 rows of six attributes take some 0.4 s (docs/decisions).
CHECK = """
CREATE FUNCTION contacts_check_attributes() RETURNS trigger LANGUAGE plpgsql AS $function$
DECLARE
    written text;
    bad record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        written := 'SELECT id, attributes FROM new_rows';
    ELSE
        written := 'SELECT n.id, n.attributes FROM new_rows n JOIN old_rows o USING (id)'
            || ' WHERE n.attributes IS DISTINCT FROM o.attributes';
    END IF;
    EXECUTE format($query$
        SELECT w.id, e.key, e.value, a.type
        FROM (%s) w CROSS JOIN LATERAL jsonb_each(w.attributes) e LEFT JOIN %I.contacts_attribute a ON a.key = e.key
        WHERE NOT CASE a.type
            WHEN 'text' THEN jsonb_typeof(e.value) = 'string' AND e.value <> '""'
            WHEN 'number' THEN jsonb_typeof(e.value) = 'number'
            WHEN 'boolean' THEN jsonb_typeof(e.value) = 'boolean'
            WHEN 'date' THEN jsonb_typeof(e.value) = 'string'
                AND e.value #>> '{}' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' AND pg_input_is_valid(e.value #>> '{}', 'date')
            WHEN 'datetime' THEN jsonb_typeof(e.value) = 'string'
                AND e.value #>> '{}' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][+]00:00$'
                AND pg_input_is_valid(e.value #>> '{}', 'timestamptz')
            WHEN 'choice' THEN jsonb_typeof(e.value) = 'string' AND a.options ? (e.value #>> '{}')
            WHEN 'choices' THEN jsonb_typeof(e.value) = 'array' AND e.value <> '[]' AND a.options @> e.value
                AND e.value = (SELECT jsonb_agg(o ORDER BY o COLLATE "C")
                               FROM (SELECT DISTINCT jsonb_array_elements_text(e.value) o) each_once)
            ELSE false
        END
        LIMIT 1 $query$, written, TG_TABLE_SCHEMA) INTO bad;
    IF bad.id IS NULL THEN
        RETURN NULL;
    ELSIF bad.type IS NULL THEN
        RAISE EXCEPTION 'contact %: attribute "%" is not declared', bad.id, bad.key
            USING ERRCODE = 'check_violation', CONSTRAINT = 'contact_attributes_declared', TABLE = TG_TABLE_NAME;
    END IF;
    RAISE EXCEPTION 'contact %: attribute "%" of type % cannot be %', bad.id, bad.key, bad.type, left(bad.value::text, 200)
        USING ERRCODE = 'check_violation', CONSTRAINT = 'contact_attributes_fit', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE TRIGGER contact_attributes_inserted AFTER INSERT ON contacts_contact
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION contacts_check_attributes();
CREATE TRIGGER contact_attributes_updated AFTER UPDATE ON contacts_contact
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION contacts_check_attributes();
"""

# The other side. The lock waits for writers of contacts that are under way and holds off new ones, so that none of
# them checks its rows against a definition that is going; definitions are changed by hand and seldom.
KEEP = """
CREATE FUNCTION contacts_keep_attribute() RETURNS trigger LANGUAGE plpgsql AS $function$
DECLARE
    gone text[];
    used boolean;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.key <> OLD.key OR NEW.type <> OLD.type THEN
            RAISE EXCEPTION 'attribute "%": key and type are for good', OLD.key
                USING ERRCODE = 'check_violation', CONSTRAINT = 'attribute_key_and_type_stay', TABLE = TG_TABLE_NAME;
        END IF;
        gone := ARRAY(SELECT jsonb_array_elements_text(OLD.options) EXCEPT SELECT jsonb_array_elements_text(NEW.options));
        IF gone = '{}' THEN
            RETURN NULL;
        END IF;
    END IF;
    EXECUTE format('LOCK TABLE %I.contacts_contact IN SHARE ROW EXCLUSIVE MODE', TG_TABLE_SCHEMA);
    IF TG_OP = 'UPDATE' THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM %I.contacts_contact WHERE attributes -> $1 ?| $2)', TG_TABLE_SCHEMA)
            INTO used USING OLD.key, gone;
    ELSE
        EXECUTE format('SELECT EXISTS (SELECT FROM %I.contacts_contact WHERE attributes ? $1)', TG_TABLE_SCHEMA)
            INTO used USING OLD.key;
    END IF;
    IF used THEN
        RAISE EXCEPTION 'attribute "%": contacts have such a value', OLD.key
            USING ERRCODE = 'check_violation', CONSTRAINT = 'attribute_in_use', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$function$;

CREATE TRIGGER attribute_kept AFTER UPDATE OR DELETE ON contacts_attribute
    FOR EACH ROW EXECUTE FUNCTION contacts_keep_attribute();
"""

# Several of a list: an option once, as text.
OPTIONS = """
ALTER TABLE contacts_attribute ADD CONSTRAINT attribute_options_array CHECK (jsonb_typeof(options) = 'array'
    AND NOT jsonb_path_exists(options, '$[*] ? (@.type() != "string" || @ == "")'));
"""


class Migration(migrations.Migration):
    dependencies = [("contacts", "0001_initial")]

    operations = [
        migrations.RunSQL(WORDS, reverse_sql="DROP INDEX contact_words"),
        migrations.RunSQL(
            CHECK,
            reverse_sql="DROP TRIGGER contact_attributes_inserted ON contacts_contact;"
            "DROP TRIGGER contact_attributes_updated ON contacts_contact; DROP FUNCTION contacts_check_attributes()",
        ),
        migrations.RunSQL(
            KEEP,
            reverse_sql="DROP TRIGGER attribute_kept ON contacts_attribute; DROP FUNCTION contacts_keep_attribute()",
        ),
        migrations.RunSQL(
            OPTIONS, reverse_sql="ALTER TABLE contacts_attribute DROP CONSTRAINT attribute_options_array"
        ),
    ]
