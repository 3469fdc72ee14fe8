"""The bit goes with its contact, and with the address that was asked about.

The function looks for the tables in the schema of the table that fired it, whatever the search path then is.
"""

from django.db import migrations

# Of contacts that a batch writes again with the address they have, nothing is looked up: the condition is the trigger's.
CHANGED = """
CREATE FUNCTION network_address_changed() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    EXECUTE format('DELETE FROM %I.network_elsewhere WHERE contact_id = $1', TG_TABLE_SCHEMA) USING NEW.id;
    EXECUTE format(
        'INSERT INTO %1$I.network_changedaddress (contact_id, at)'
        ' SELECT $1, $2 WHERE EXISTS (SELECT FROM %1$I.network_membership)'
        ' ON CONFLICT (contact_id) DO UPDATE SET at = EXCLUDED.at', TG_TABLE_SCHEMA) USING NEW.id, NEW.updated_at;
    RETURN NULL;
END
$function$;

CREATE TRIGGER network_address_changed AFTER UPDATE OF email ON contacts_contact
    FOR EACH ROW WHEN (OLD.email IS DISTINCT FROM NEW.email) EXECUTE FUNCTION network_address_changed();
"""
UNCHANGED = """
DROP TRIGGER network_address_changed ON contacts_contact;
DROP FUNCTION network_address_changed();
"""
# In the database, since a million bits would else be fetched to be deleted with their contacts.
GOES = """
ALTER TABLE {table} ADD CONSTRAINT {table}_contact FOREIGN KEY (contact_id)
    REFERENCES contacts_contact (id) ON DELETE CASCADE
"""
STAYS = "ALTER TABLE {table} DROP CONSTRAINT {table}_contact"


class Migration(migrations.Migration):
    dependencies = [("network", "0001_network"), ("contacts", "0009_erasures")]
    operations = [
        *(
            migrations.RunSQL(GOES.format(table=table), STAYS.format(table=table))
            for table in ("network_elsewhere", "network_changedaddress")
        ),
        migrations.RunSQL(CHANGED, UNCHANGED),
    ]
