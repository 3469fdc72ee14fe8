"""An attribute may get another type, if at the end of the transaction every value that contacts have fits it.

What a value has to be is said in one place now, for both sides: `contacts_attribute_fits` writes the test of one
attribute, the check of contacts' rows puts those of all together, and the check of a changed type asks its own.
"""

from django.db import migrations

FITS = """
CREATE FUNCTION contacts_attribute_fits(key text, type text, options jsonb) RETURNS text LANGUAGE plpgsql AS $function$
DECLARE
    value text := format('(attributes -> %L)', key);   -- the value as JSON, as text
    plain text := format('(attributes ->> %L)', key);
    json_type text := CASE type WHEN 'number' THEN 'number' WHEN 'boolean' THEN 'boolean'
        WHEN 'choices' THEN 'array' ELSE 'string' END;
    fits text := CASE type
        WHEN 'text' THEN plain || $$ <> ''$$
        WHEN 'number' THEN 'true'
        WHEN 'boolean' THEN 'true'
        WHEN 'date' THEN format(
            $$translate(%1$s, '123456789', '000000000') = '0000-00-00' AND pg_input_is_valid(%1$s, 'date')$$, plain)
        WHEN 'datetime' THEN format(
            $$translate(%1$s, '123456789', '000000000') = '0000-00-00T00:00:00+00:00' AND right(%1$s, 6) = '+00:00'
              AND substr(%1$s, 12, 2) < '24' AND substr(%1$s, 18, 2) < '60' AND pg_input_is_valid(%1$s, 'timestamptz')$$,
            plain)
        WHEN 'choice' THEN format('%L::jsonb @> %s', options, value)
        WHEN 'choices' THEN format(
            $$jsonb_array_length(%1$s) > 0 AND %2$L::jsonb @> %1$s AND (jsonb_array_length(%1$s) = 1 OR %1$s = (
                SELECT jsonb_agg(o ORDER BY o COLLATE "C")
                FROM (SELECT DISTINCT jsonb_array_elements_text(%1$s) o) each_once))$$, value, options)
        ELSE 'false' END;
BEGIN
    RETURN format('CASE jsonb_typeof(%1$s) WHEN %2$L THEN %3$s ELSE %1$s IS NULL END', value, json_type, fits);
END
$function$;
"""

# As in 0002, the tests from above.
CHECK = """
CREATE OR REPLACE FUNCTION contacts_check_attributes() RETURNS trigger LANGUAGE plpgsql AS $function$
DECLARE
    written text := 'SELECT id, attributes FROM new_rows';
    attribute record;
    keys text[] := '{}';
    tests text[] := '{}';
    fits text;
    bad record;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        written := 'SELECT n.id, n.attributes FROM new_rows n JOIN old_rows o USING (id)'
            || ' WHERE n.attributes IS DISTINCT FROM o.attributes';
    END IF;
    FOR attribute IN EXECUTE format(
        'SELECT key, %1$I.contacts_attribute_fits(key, type, options) AS test FROM %1$I.contacts_attribute',
        TG_TABLE_SCHEMA
    ) LOOP
        keys := keys || attribute.key::text;
        tests := tests || attribute.test;
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
"""

# A key is for good. A type that changes holds writers of contacts off until the transaction ends, and is judged then.
KEEP = """
CREATE OR REPLACE FUNCTION contacts_keep_attribute() RETURNS trigger LANGUAGE plpgsql AS $function$
DECLARE
    gone text[];
    used boolean;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.key <> OLD.key THEN
            RAISE EXCEPTION 'attribute "%": the key is for good', OLD.key
                USING ERRCODE = 'check_violation', CONSTRAINT = 'attribute_key_stays', TABLE = TG_TABLE_NAME;
        END IF;
        gone := ARRAY(SELECT jsonb_array_elements_text(OLD.options) EXCEPT SELECT jsonb_array_elements_text(NEW.options));
        IF gone = '{}' AND NEW.type = OLD.type THEN
            RETURN NULL;
        END IF;
    END IF;
    EXECUTE format('LOCK TABLE %I.contacts_contact IN SHARE ROW EXCLUSIVE MODE', TG_TABLE_SCHEMA);
    IF TG_OP = 'UPDATE' THEN
        IF NEW.type <> OLD.type THEN
            RETURN NULL;
        END IF;
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
"""

TYPE_FITS = """
CREATE FUNCTION contacts_type_fits() RETURNS trigger LANGUAGE plpgsql AS $function$
DECLARE
    test text;
    bad int;
BEGIN
    EXECUTE format(
        'SELECT %1$I.contacts_attribute_fits(key, type, options) FROM %1$I.contacts_attribute WHERE id = $1',
        TG_TABLE_SCHEMA
    ) INTO test USING NEW.id;
    IF test IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT id FROM %I.contacts_contact WHERE attributes ? $1 AND NOT %s LIMIT 1', TG_TABLE_SCHEMA, test)
        INTO bad USING NEW.key;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'attribute "%": the value of contact % is not of the new type', NEW.key, bad
            USING ERRCODE = 'check_violation', CONSTRAINT = 'attribute_type_fits', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$function$;

CREATE CONSTRAINT TRIGGER attribute_type_fits AFTER UPDATE ON contacts_attribute DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.type <> NEW.type) EXECUTE FUNCTION contacts_type_fits();
"""


class Migration(migrations.Migration):
    dependencies = [("contacts", "0007_definitions")]

    operations = [
        migrations.RunSQL(FITS, reverse_sql=migrations.RunSQL.noop),  # what stands here now serves the older one too
        migrations.RunSQL(CHECK, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(KEEP, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(
            TYPE_FITS,
            reverse_sql="DROP TRIGGER attribute_type_fits ON contacts_attribute; DROP FUNCTION contacts_type_fits()",
        ),
    ]
