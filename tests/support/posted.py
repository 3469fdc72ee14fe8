"""What a browser would send of a page: its successful form controls, each as HTML says it is cleaned."""

import re
from html.parser import HTMLParser

from django.http import QueryDict

DATE = re.compile(r"\d{4,}-\d\d-\d\d")
TIME = re.compile(r"\d\d:\d\d(:\d\d)?")


class _Controls(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self.select: str | None = None
        self.options: list[tuple[str, bool]] = []
        self.textarea: str | None = None
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "input" and given.get("name"):
            self.input(given)
        elif tag == "select":
            self.select, self.options = given["name"], []
        elif tag == "option" and self.select is not None:
            self.options.append((given.get("value", ""), "selected" in given))
        elif tag == "textarea":
            self.textarea, self.text = given["name"], ""

    def input(self, given: dict[str, str]) -> None:
        kind, value = given.get("type", "text"), given.get("value", "")
        if kind in ("checkbox", "radio") and "checked" not in given:
            return
        if kind in ("text", "search"):
            value = value.replace("\r", "").replace("\n", "")
        if (kind == "date" and not DATE.fullmatch(value)) or (kind == "time" and not TIME.fullmatch(value)):
            value = ""
        self.fields.append((given["name"], value))

    def handle_data(self, data: str) -> None:
        if self.textarea is not None:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self.select is not None:
            chosen = [value for value, selected in self.options if selected] or [value for value, _ in self.options[:1]]
            self.fields += [(self.select, value) for value in chosen[-1:]]
            self.select = None
        elif tag == "textarea" and self.textarea is not None:
            self.fields.append((self.textarea, self.text.removeprefix("\n").replace("\n", "\r\n")))
            self.textarea = None


def fields_of(html: str) -> QueryDict:
    """The form data of a page with one form."""
    controls = _Controls()
    controls.feed(html)
    data = QueryDict(mutable=True)
    for name, value in controls.fields:
        data.appendlist(name, value)
    return data
