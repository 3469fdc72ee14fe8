"""What names a segment: an endpoint that is told of it. Deleting the segment would leave the other system unaware."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from segmentation.hooks import Use
from segmentation.models import Segment
from webhooks.models import Endpoint


def uses_of_segment(segment: Segment) -> list[Use]:
    """Endpoints that name it; those that are on would be left without it."""
    found = Endpoint.objects.filter(every_segment=False, segments=segment)
    return [Use(_("Webhook"), each.name, reverse("webhooks:endpoint", args=[each.pk]), each.active) for each in found]
