"""Forms as a browser without scripts would send them."""

from html.parser import HTMLParser
from typing import Any


class _Fields(HTMLParser):
    """The successful fields of one form, by HTML's rules; of buttons none: name the one pressed yourself."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.action = action
        self.inside = False
        self.fields: dict[str, list[str]] = {}
        self.select: str | None = None
        self.options: list[tuple[str, bool]] = []
        self.area: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of: dict[str, Any] = dict(attrs)
        if tag == "form":
            self.inside = of.get("action", "").endswith(self.action) and of.get("method") == "post"
        if not self.inside:
            return
        name, kind = of.get("name"), of.get("type", "text")
        if tag == "input" and name and kind not in ("submit", "file", "button"):
            if kind not in ("checkbox", "radio") or "checked" in of:
                self.add(name, of.get("value") or ("on" if kind == "checkbox" else ""))
        elif tag == "select" and name:
            self.select, self.options = name, []
        elif tag == "option" and self.select:
            self.options.append((of.get("value") or "", "selected" in of))
        elif tag == "textarea" and name:
            self.area = (name, [])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select" and self.select:
            chosen = [value for value, selected in self.options if selected] or [value for value, _ in self.options[:1]]
            for value in chosen:
                self.add(self.select, value)
            self.select = None
        elif tag == "textarea" and self.area:
            self.add(self.area[0], "".join(self.area[1]))
            self.area = None

    def handle_data(self, data: str) -> None:
        if self.area:
            self.area[1].append(data)

    def add(self, name: str, value: str) -> None:
        self.fields.setdefault(name, []).append(value)


def form_in(response: Any, action: str = "") -> dict[str, Any]:
    """What the form whose action ends so would send if it were submitted as it stands."""
    parser = _Fields(action)
    parser.feed(response.content.decode())
    assert parser.fields, f"no form for {action!r}"
    return dict(parser.fields)
