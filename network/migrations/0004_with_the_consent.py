"""The bit goes with the consent that it takes, in the statement that withdraws it, however many do.

The functions look for the tables in the schema of the table that fired them, whatever the search path then is.
"""

from django.db import migrations, models

# In the order of ids, as those who write contacts take them. The membership is held, so that off waits, or is over.
WITHDRAWN = """
CREATE FUNCTION network_consent_withdrawn() RETURNS trigger LANGUAGE plpgsql AS $function$
DECLARE
    chosen bigint;
BEGIN
    EXECUTE format('SELECT consent_id FROM %I.network_membership'
        ' WHERE consent_id IN (SELECT consent_id FROM old_rows) FOR KEY SHARE', TG_TABLE_SCHEMA) INTO chosen;
    IF chosen IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format(
        'DELETE FROM %1$I.network_elsewhere WHERE contact_id IN ('
        ' SELECT e.contact_id FROM %1$I.network_elsewhere e JOIN old_rows o ON o.contact_id = e.contact_id'
        ' WHERE o.consent_id = $1 AND NOT EXISTS (SELECT FROM %1$I.contacts_contactconsent c'
        '  WHERE c.contact_id = e.contact_id AND c.consent_id = $1 AND c.state = ''given'')'
        ' ORDER BY e.contact_id FOR UPDATE OF e)', TG_TABLE_SCHEMA) USING chosen;
    RETURN NULL;
END
$function$;

CREATE TRIGGER network_consent_changed AFTER UPDATE ON contacts_contactconsent REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION network_consent_withdrawn();
CREATE TRIGGER network_consent_deleted AFTER DELETE ON contacts_contactconsent REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION network_consent_withdrawn();
"""
# Only of earlier times, and of contacts known then: few, however large an import is.
GIVEN = """
CREATE FUNCTION network_consent_given() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    EXECUTE format(
        'INSERT INTO %1$I.network_agreedsince (contact_id)'
        ' SELECT c.id FROM (SELECT consent_id, greatest(answered_at, (SELECT max(began_at) FROM %1$I.network_exchange)) AS at'
        '  FROM %1$I.network_membership) AS asked'
        ' JOIN new_rows n ON n.consent_id = asked.consent_id AND n.state = ''given'' AND n.changed_at <= asked.at'
        ' JOIN %1$I.contacts_contact c ON c.id = n.contact_id AND c.created_at <= asked.at'
        ' ORDER BY c.id ON CONFLICT DO NOTHING', TG_TABLE_SCHEMA);
    RETURN NULL;
END
$function$;

CREATE TRIGGER network_consent_inserted AFTER INSERT ON contacts_contactconsent REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION network_consent_given();
CREATE TRIGGER network_consent_given AFTER UPDATE ON contacts_contactconsent REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION network_consent_given();
"""
UNDONE = "DROP FUNCTION network_consent_{name}() CASCADE"
GOES = """
ALTER TABLE network_agreedsince ADD CONSTRAINT network_agreedsince_contact FOREIGN KEY (contact_id)
    REFERENCES contacts_contact (id) ON DELETE CASCADE
"""
STAYS = "ALTER TABLE network_agreedsince DROP CONSTRAINT network_agreedsince_contact"
# Who had withdrawn it before.
GONE = """
DELETE FROM network_elsewhere e USING network_membership m
WHERE m.consent_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM contacts_contactconsent c
    WHERE c.contact_id = e.contact_id AND c.consent_id = m.consent_id AND c.state = 'given'
)
"""


class Migration(migrations.Migration):
    dependencies = [("network", "0003_began_at"), ("contacts", "0010_erasure_told")]
    operations = [
        migrations.CreateModel(
            name="AgreedSince",
            fields=[("contact_id", models.IntegerField(primary_key=True, serialize=False))],
        ),
        migrations.RunSQL(GOES, STAYS),
        migrations.RunSQL(WITHDRAWN, UNDONE.format(name="withdrawn")),
        migrations.RunSQL(GIVEN, UNDONE.format(name="given")),
        migrations.RunSQL(GONE, migrations.RunSQL.noop),
    ]
