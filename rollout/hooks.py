"""Who is told when areas open and close: explicit lists, filled in the apps' AppConfig.ready."""

from collections.abc import Callable, Sequence
from datetime import datetime

# Called after the commit, with the schemas of the accounts that an area was opened or closed to.
moved: list[Callable[[Sequence[str], datetime], None]] = []
