"""Celery, with the account's schema carried in each message's headers."""

import os

from tenant_schemas_celery.app import CeleryApp

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = CeleryApp("sito")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
