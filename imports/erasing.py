"""Files of imports go with a contact that they hold: reports, and the file of an import that was stopped."""

from datetime import datetime

from pyroaring import BitMap

from contacts.erasing.cleaners import AT_ONCE, going_on
from imports import store
from imports.models import Import, set_of


class Files:
    """Removes the files of imports that an erased contact was in, before its id leaves the sets."""

    name, order = "imports.files", 10

    def busy(self, at: datetime) -> bool:
        return going_on(Import, at)

    def clean(self, ids: BitMap, after: int) -> int | None:
        kept = Import.objects.filter(pk__gt=after, people__isnull=False).exclude(stored_as="")
        rows = list(kept.order_by("pk").values_list("pk", "stored_as", "people")[:AT_ONCE])
        for pk, stored_as, people in rows:
            if set_of(people) & ids:
                store.remove(*store.everything_of(stored_as))
                Import.objects.filter(pk=pk).update(stored_as="", reports_until=None)
        return rows[-1][0] if len(rows) == AT_ONCE else None
