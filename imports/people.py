"""The contacts of an import in the contact manager: `?import=ID`, `?import=ID.created`, `?import=ID.updated`."""

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.requests import Request
from config.templatetags.times import moment_text
from imports.models import set_of
from imports.selectors import imports_for
from segmentation.contact_sets import People, linked, set_filter, whole


def people_of(request: Request, text: str) -> People:
    """Whom the rows of the file were about, or whom they made or changed. Raises: ValidationError."""
    pk, dot, part = text.partition(".")
    found = imports_for(request).filter(pk=whole(pk)).first()
    if found is None or (dot and part not in ("created", "updated")):
        raise ValidationError(_("There is no such import (any more)."))
    name = {
        "": _("Import: %(name)s"),
        "created": _("Created by the import: %(name)s"),
        "updated": _("Updated by the import: %(name)s"),
    }[part] % {"name": found.name}
    when = moment_text(found.finished_at or found.requested_at, now=request.now)
    link = linked(reverse("imports:import", args=[found.pk]), name)
    return People(set_of(getattr(found, part or "people")), name, format_html("{}, {}.", link, when))


FILTER = set_filter("import", people_of, label=gettext_lazy("Import"))
