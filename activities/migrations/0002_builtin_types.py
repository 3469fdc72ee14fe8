"""The activity types that every account has from the start."""

from django.db import migrations

TYPES = {
    "page_view": {"url": "url", "title": "text"},
    "product_view": {
        "product": "text", "name": "text", "category": "text", "brand": "text", "price": "number", "url": "url",
    },
    "add_to_cart": {
        "product": "text", "name": "text", "category": "text", "brand": "text", "price": "number", "quantity": "number",
    },
    "email_sent": {"campaign": "text", "subject": "text"},
    "email_open": {"campaign": "text", "subject": "text"},
    "email_click": {"campaign": "text", "url": "url"},
    "email_bounce": {"campaign": "text", "reason": "text", "hard": "boolean"},
    "email_unsubscribe": {"campaign": "text", "reason": "text"},
    "sms_click": {"campaign": "text", "url": "url"},
    "form_submit": {"form": "text", "url": "url"},
    "search": {"query": "text", "results": "number"},
    "login": {"method": "text"},
}  # fmt: skip


def make(apps, _schema_editor):
    kinds, parameters = apps.get_model("activities", "ActivityType"), apps.get_model("activities", "Parameter")
    for key, declared in TYPES.items():
        made, _new = kinds.objects.get_or_create(key=key, defaults={"built_in": True})
        for name, kind in declared.items():
            parameters.objects.get_or_create(activity_type=made, key=name, defaults={"type": kind})


class Migration(migrations.Migration):
    dependencies = [("activities", "0001_initial")]

    operations = [migrations.RunPython(make, migrations.RunPython.noop, elidable=False)]
