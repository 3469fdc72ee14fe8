"""Analysts read: pages that are only good for changing something answer 403, and nothing leads there."""

import re

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.factories import contact

WRITES = re.compile(
    r"(^|_)(add|cancel|copy|create|deactivate|delete|edit|new|reactivate|refresh|rename|remove|retry|settings|stop)(_|$)"
)


def addresses(patterns=None, *, inside=()):
    """Every address of the project with its name, a 1 for each id."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(each, URLResolver):
            yield from addresses(each.url_patterns, inside=(*inside, each.namespace) if each.namespace else inside)
        elif isinstance(each, URLPattern) and each.name:
            yield ":".join([*inside, each.name]), dict.fromkeys(each.pattern.converters, 1)


PAGES = dict(addresses())
SHOWS_TOO = {
    "segmentation:saved_edit",  # the page of saved criteria: read there as well, without the button to save
    "contacts:view_edit",  # an analyst's own views
    "contacts:view_delete",
}
KEYS_ONLY = "api:v1:"  # knows no sessions: tests/test_nothing_crosses_api.py walks it as an analyst's key
WRITING = sorted(
    name
    for name in PAGES
    if WRITES.search(name.rpartition(":")[2]) and name not in SHOWS_TOO and not name.startswith(KEYS_ONLY)
)


def test_the_walk_finds_pages_of_every_app():
    assert {name.partition(":")[0] for name in WRITING} >= {"users", "contacts", "tags", "segmentation", "actions"}
    assert {"contacts:create", "contacts:edit", "tags:rename_tag", "segmentation:settings"} <= set(WRITING)


@pytest.mark.parametrize("name", WRITING)
def test_a_page_that_only_changes_something_is_refused_to_an_analyst(client_for, analyst, name):
    answer = client_for(analyst).get(reverse(name, kwargs=PAGES[name]))
    assert answer.status_code == (405 if posted_only(answer) else 403)


def posted_only(answer):
    """Whether the address has no page: it only takes POST, which is refused to analysts everywhere."""
    return answer.status_code == 405 and "GET" not in answer["Allow"]


LOOKED_AT = (
    "/",
    "/contacts/",
    "/tags/",
    "/categories/",
    "/attributes/",
    "/consents/",
    "/segments/",
    "/saved-criteria/",
)


def test_nothing_leads_an_analyst_to_a_refused_page(client_for, analyst):
    person = contact(first_name="Ewa")
    client = client_for(analyst)
    pages = [*LOOKED_AT, f"/contacts/{person.pk}/", "/find?q=Ewa", "/exports/"]
    links = {}
    for page in pages:
        for link in re.findall(r'href="(/[^"]*)"', client.get(page, follow=True).content.decode()):
            links.setdefault(link.replace("&amp;", "&"), page)
    refused = {link: page for link, page in links.items() if client.get(link).status_code == 403}
    assert refused == {}


def test_a_writer_opens_what_an_analyst_may_not(client_for, marketer):
    person = contact(first_name="Ewa")
    assert client_for(marketer).get(f"/contacts/{person.pk}/edit/").status_code == 200
