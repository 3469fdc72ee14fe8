"""The criteria form: one component for every page that asks "who?". See docs/builder.md."""

from segmentation.builder.drafts import discard_draft, draft_kept_at, from_draft, opened
from segmentation.builder.form import Builder, BuilderErrors, from_criteria, from_template
from segmentation.builder.sent import from_post

__all__ = [
    "Builder",
    "BuilderErrors",
    "discard_draft",
    "draft_kept_at",
    "from_criteria",
    "from_draft",
    "from_post",
    "from_template",
    "opened",
]
