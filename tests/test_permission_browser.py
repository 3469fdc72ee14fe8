"""Permission groups in a browser: made with their numbers in sight, felt by their users, agreed to when they go."""

import pytest

from permissions.models import PermissionGroup
from tests import factories
from tests.support.browser import sign_in, violations

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("language", "theme", "width"), [("en", "light", 1440), ("pl", "dark", 390)])
def test_a_group_is_made_felt_and_deleted(page, make_user, language, theme, width):
    owner = make_user("owner", name="Olga", language=language)
    ewa = make_user(name="Ewa", language=language)
    people = [factories.contact(first_name=f"P{n}") for n in range(4)]
    press = factories.category("media/press", *people[:2])
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme)

    sign_in(page, owner)
    page.goto("/permission-groups/new/")
    page.fill("[name=name]", "Media")
    page.check(f"[name=categories][value='{press.pk}']")
    page.wait_for_selector("#effect .stat:text-is('2')")
    page.check(f"[name=users][value='{ewa.pk}']")
    page.wait_for_selector("#effect b:text-is('Ewa')")
    assert violations(page) == []
    page.click("#group .btn-primary")
    page.wait_for_selector(".group-list")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    sign_in(page, ewa)
    page.goto("/contacts/")
    page.click(".part-seen")
    page.wait_for_selector("#part-seen li:text-is('Media / Press')")
    assert violations(page) == []
    page.goto(f"/contacts/{people[0].pk}/")
    page.click("#categories-panel .label-list button")
    page.wait_for_selector("#dialog[open] [name=sure]", state="attached")
    page.click("#dialog .btn-danger")
    page.wait_for_url("**/contacts/")
    assert page.goto(f"/contacts/{people[0].pk}/").status == 404

    sign_in(page, owner)
    group = PermissionGroup.objects.get()
    page.goto("/permission-groups/")
    page.click(f"[popovertarget=group-{group.pk}]")
    page.click(f"#group-{group.pk} .danger")
    page.check("#dialog [name=freed]")
    page.click("#dialog .btn-danger")
    page.wait_for_selector(".empty")
    assert not PermissionGroup.objects.exists()
