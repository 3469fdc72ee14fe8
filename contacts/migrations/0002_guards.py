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

# A statement's rows at once, each looked at once, by a query that has a test for each declared attribute written into
# it: taking every object apart and joining its keys with the definitions costs three times as much (docs/decisions).
CHECK = """
CREATE FUNCTION contacts_check_attributes() RETURNS trigger LANGUAGE plpgsql AS $function$
DECLARE
    written text := 'SELECT id, attributes FROM new_rows';
    attribute record;
    value text;   -- the value as JSON, as text; what its JSON type has to be; what else has to hold
    plain text;
    json_type text;
    fits text;
    keys text[] := '{}';
    tests text[] := '{}';
    bad record;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        written := 'SELECT n.id, n.attributes FROM new_rows n JOIN old_rows o USING (id)'
            || ' WHERE n.attributes IS DISTINCT FROM o.attributes';
    END IF;
    FOR attribute IN EXECUTE format('SELECT key, type, options FROM %I.contacts_attribute', TG_TABLE_SCHEMA) LOOP
        value := format('(attributes -> %L)', attribute.key);
        plain := format('(attributes ->> %L)', attribute.key);
        json_type := CASE attribute.type WHEN 'number' THEN 'number' WHEN 'boolean' THEN 'boolean'
            WHEN 'choices' THEN 'array' ELSE 'string' END;
        fits := CASE attribute.type
            WHEN 'text' THEN plain || $$ <> ''$$
            WHEN 'number' THEN 'true'
            WHEN 'boolean' THEN 'true'
            WHEN 'date' THEN format(
                $$translate(%1$s, '123456789', '000000000') = '0000-00-00' AND pg_input_is_valid(%1$s, 'date')$$, plain)
            WHEN 'datetime' THEN format(
                $$translate(%1$s, '123456789', '000000000') = '0000-00-00T00:00:00+00:00' AND right(%1$s, 6) = '+00:00'
                  AND substr(%1$s, 12, 2) < '24' AND substr(%1$s, 18, 2) < '60' AND pg_input_is_valid(%1$s, 'timestamptz')$$, plain)
            WHEN 'choice' THEN format('%L::jsonb @> %s', attribute.options, value)
            WHEN 'choices' THEN format(
                $$jsonb_array_length(%1$s) > 0 AND %2$L::jsonb @> %1$s AND (jsonb_array_length(%1$s) = 1 OR %1$s = (
                    SELECT jsonb_agg(o ORDER BY o COLLATE "C")
                    FROM (SELECT DISTINCT jsonb_array_elements_text(%1$s) o) each_once))$$, value, attribute.options)
            ELSE 'false' END;
        keys := keys || attribute.key::text;
        tests := tests || format('CASE jsonb_typeof(%1$s) WHEN %2$L THEN %3$s ELSE %1$s IS NULL END', value, json_type, fits);
    END LOOP;
    EXECUTE format($$SELECT id, attributes FROM (%s) written WHERE NOT (attributes - %L::text[] = '{}' AND %s) LIMIT 1$$,
        written, keys, array_to_string(tests || 'true'::text, ' AND ')) INTO bad;
    IF bad.id IS NULL THEN
        RETURN NULL;
    END IF;
    FOR n IN 1 .. cardinality(keys) LOOP
        EXECUTE format('SELECT %s FROM (SELECT $1 AS attributes) one', tests[n]) INTO fits USING bad.attributes;
        IF NOT fits::boolean THEN
            RAISE EXCEPTION 'contact %: attribute "%" cannot be %', bad.id, keys[n],
                left((bad.attributes -> keys[n])::text, 200)
                USING ERRCODE = 'check_violation', CONSTRAINT = 'contact_attributes_fit', TABLE = TG_TABLE_NAME;
        END IF;
    END LOOP;
    RAISE EXCEPTION 'contact %: attribute "%" is not declared', bad.id,
        (SELECT min(key) FROM jsonb_object_keys(bad.attributes) key WHERE key <> ALL (keys))
        USING ERRCODE = 'check_violation', CONSTRAINT = 'contact_attributes_declared', TABLE = TG_TABLE_NAME;
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
