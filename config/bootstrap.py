"""Bootstrap's stylesheet for the static files: one file and its map out of the package, not all sixty."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bootstrap_wrapper  # type: ignore[import-untyped]
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

NAMES = ("bootstrap.min.css", "bootstrap.min.css.map")


class BootstrapFinder(BaseFinder):
    """Finds `bootstrap.min.css` in the installed `bootstrap-wrapper`."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        self.folder = Path(bootstrap_wrapper.get_bootstrap_css_dir())
        self.storage = FileSystemStorage(location=self.folder)

    def find(self, path: str, **kwargs: Any) -> Any:  # type: ignore[override]
        found = [str(self.folder / path)] if path in NAMES else []
        everything = kwargs.get("find_all") or kwargs.get("all")
        return found if everything or not found else found[0]

    def list(self, _ignore_patterns: Any) -> Iterator[tuple[str, FileSystemStorage]]:
        for name in NAMES:
            yield name, self.storage
