"""Ready-made criteria: starting points that fill the criteria form with one click.

Each is criteria of the language. Where only the account knows the value (a brand, a product) they hold `BLANK`: the
form opens with that field empty and marked, and is refused until it is filled in.
"""

from segmentation.ready_made.base import BLANK, Template, TemplateGroup, emptied
from segmentation.ready_made.buying import BUYERS, PURCHASES, RFM
from segmentation.ready_made.engaging import ENGAGEMENT
from segmentation.ready_made.moments import CARTS, LIFE, MESSAGES, OCCASIONS

__all__ = ["BLANK", "GROUPS", "TEMPLATES", "Template", "TemplateGroup", "emptied"]

GROUPS = (OCCASIONS, CARTS, LIFE, MESSAGES, PURCHASES, ENGAGEMENT, BUYERS, RFM)
TEMPLATES: dict[str, Template] = {each.key: each for group in GROUPS for each in group.templates}
