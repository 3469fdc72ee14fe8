"""Which reports somebody sees, and who may change them."""

from django.db.models import Q, QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from reports.models import Report, Sharing
from tags.models import Category, Tag
from tags.usage import Use
from users.models import User


def reports(user: User) -> QuerySet[Report]:
    """One's own and those shared with one. All shared ones, and what nobody owns any more, are the administrators' to
    see to."""
    shared = Q(sharing=Sharing.ACCOUNT) | Q(sharing=Sharing.GROUPS, groups__users=user)
    if user.administers:
        shared |= Q(sharing=Sharing.GROUPS) | Q(owner=None)
    mine = Q(owner=user)
    return Report.objects.filter(pk__in=Report.objects.filter(shared | mine).values("pk")).select_related("owner")


def report_for(user: User, pk: int) -> Report:
    """The door of an address. Raises: Http404, for one that is somebody else's alone as for one that is not there."""
    found = reports(user).filter(pk=pk).first()
    if found is None:
        raise Http404(f"no report {pk}")
    return found


def may_change(user: User, report: Report) -> bool:
    """The owner; of a shared one administrators as well."""
    return user.may_write and (report.owner_id == user.pk or user.administers)


def losing_with(label: Tag | Category) -> list[Use]:
    """The shared reports that would tell no longer of a label, if it went."""
    token = f"{'tag' if isinstance(label, Tag) else 'category'}.{label.pk}"
    tokens = [token, f"{token}.only"]
    found = Report.objects.filter(Q(of__in=tokens) | Q(beside__in=tokens)).exclude(sharing=Sharing.PRIVATE)
    return [Use(_("Report"), one.name, reverse("reports:report", args=[one.pk])) for one in found]
