"""An attribute is to get another type: which criteria in force could not be understood any more."""

from typing import Any

from contacts.hooks import Use
from contacts.models import Attribute
from segmentation.criteria.attribute import AttributeCriterion, value_type
from segmentation.criteria.errors import CriteriaError, RefusedError
from segmentation.criteria.groups import criteria
from segmentation.criteria.reading import parse
from segmentation.references import saved_naming, segments_naming, told


def breaking_uses(attribute: Attribute) -> list[Use]:
    """Segments and saved criteria with a condition that the attribute, as it would be, does not take."""
    segments = [
        each
        for each in segments_naming("attribute", attribute.key)
        if each.version and breaks(each.version.criteria, attribute)
    ]
    saved = [each for each in saved_naming("attribute", attribute.key) if breaks(each.criteria, attribute)]
    return [Use(f"{what}: {name}", url) for what, name, url in told(segments, saved)]


def breaks(tree: dict[str, Any], attribute: Attribute) -> bool:
    kind = value_type(attribute)
    try:
        found = criteria(parse(tree))
    except CriteriaError:
        return False  # it is broken already
    for criterion in found:
        if isinstance(criterion, AttributeCriterion) and criterion.attribute == attribute.key:
            try:
                kind.read(criterion.op, criterion.value)
            except RefusedError:
                return True
    return False
