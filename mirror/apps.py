from django.apps import AppConfig


class MirrorConfig(AppConfig):
    """The columnar copy of contacts and facts that the engine scans."""

    name = "mirror"
