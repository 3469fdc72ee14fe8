"""An order that moves to another contact is told apart: the contact it was filed under is kept like a deleted row's.

Else, once the new contact was erased, its row in a file would have counted for the former one again. Files with orders
that were changed before this are made anew: which of them moved, nobody knows.
"""

from django.db import migrations

MOVED = """
CREATE FUNCTION mirror_moved() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    EXECUTE format('INSERT INTO %I.mirror_gone (kind, key, contact_id) VALUES ($1, $2, $3)', TG_TABLE_SCHEMA)
        USING TG_ARGV[0], OLD.id, OLD.contact_id;
    RETURN NULL;
END
$function$;

CREATE TRIGGER mirror_moved AFTER UPDATE OF contact_id ON activities_order
    FOR EACH ROW WHEN (OLD.contact_id <> NEW.contact_id) EXECUTE FUNCTION mirror_moved('order');

UPDATE mirror_cut SET cut = 0 WHERE kind IN ('order', 'line')
    AND EXISTS (SELECT FROM activities_order o, mirror_cut c WHERE c.kind = 'order' AND o.written >= c.cut
        AND o.id <= (SELECT max(last_key) FROM mirror_file WHERE kind = 'order'));
"""


class Migration(migrations.Migration):
    dependencies = [("mirror", "0003_compaction")]

    operations = [migrations.RunSQL(MOVED, reverse_sql="DROP FUNCTION mirror_moved() CASCADE")]
