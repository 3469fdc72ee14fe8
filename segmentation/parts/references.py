"""Fields that hold the id of something else in the account."""

from segmentation.parts.base import Typed


def read_id(typed: Typed, name: str, message: str) -> int:
    """The id chosen in a list; `message` where nothing, or no id, is."""
    text = typed.one(name)
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        typed.complain(name, message)
        return 0
    return int(text)
