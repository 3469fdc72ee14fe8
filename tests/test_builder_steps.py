"""Undo and redo, and drafts of two windows: every change is one step, and no window overwrites another unseen."""

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from segmentation.builder import drafts, steps
from segmentation.builder.shape import FIELD
from segmentation.builder.steps import changed, same
from segmentation.models import Draft, DraftStep, SavedCriteria
from segmentation.templates import TEMPLATES
from tests import factories
from tests.factories import NOW
from tests.support.posted import fields_of

pytestmark = pytest.mark.django_db
COUNT, REDRAW, NEW = "/criteria/count/", "/criteria/builder/", "/saved-criteria/new/"
WARM = {"kind": "field", "field": "lead_score", "op": "gt", "value": 20}
HTMX = {"HX-Request": "true"}


class Window:
    """A page with the builder, opened once: what a browser with scripts sends from it."""

    def __init__(self, client: Client, address: str = NEW) -> None:
        self.client, self.address, self.clock = client, address, 1000
        self.data = fields_of(client.get(address).content.decode())
        self.count(**{"X-Builder-Sequence": "1"})

    def count(self, **headers: str) -> str:
        self.clock += 1
        sent = {**HTMX, "X-Builder-Sequence": "2", "X-Builder-Clock": str(self.clock), **headers}
        response = self.client.post(COUNT, self.data, headers=sent)
        return response.content.decode()

    def type(self, name: str, value: str, *, finished: bool = True) -> str:
        self.data[name] = value
        return self.count(**({} if finished else {"X-Builder-Step": f"typing:{name}"}))

    def press(self, command: str, *, counted: bool = True) -> str:
        self.data["do"] = command
        self.clock += 1
        headers = {**HTMX, "X-Builder-Clock": str(self.clock)}
        html = self.client.post(REDRAW, self.data, headers=headers).content.decode()
        page = {name: self.data[name] for name in ("name",) if name in self.data}  # stays as it is
        self.data = fields_of(html)
        self.data.update(page)
        return self.count() if counted else html

    def choose(self, value: str) -> None:
        """Another subject: the criterion is drawn anew."""
        self.data["n1-what"] = value
        self.press("refresh")

    def undo(self) -> Any:
        return self.press("undo")

    def redo(self) -> Any:
        return self.press("redo")


@pytest.fixture
def window(client_for: Any, marketer: Any) -> Window:
    factories.contact(lead_score=30)
    return Window(client_for(marketer))


def test_every_operation_and_finished_edit_is_one_step_back(window: Window) -> None:
    window.choose("field:lead_score")
    window.type("n1-value", "2", finished=False)
    window.type("n1-value", "25", finished=False)
    window.type("n1-value", "25")
    window.type("n1-value", "30")
    window.press("block")
    assert [step.number for step in DraftStep.objects.order_by("number")] == [1, 2, 3, 4, 5]
    for value in ("30", "25", "", None):
        window.undo()
        assert window.data.get("n1-value") == value
    assert window.data["n1-what"] == ""
    assert 'id="builder-undo"' in window.undo()  # nothing is left to undo: nothing happens
    assert window.data["n1-what"] == ""


def test_redo_goes_forward_until_something_else_is_done(window: Window) -> None:
    window.choose("field:lead_score")
    window.type("n1-value", "25")
    window.undo()
    window.redo()
    assert window.data["n1-value"] == "25"
    window.undo()
    window.type("n1-value", "99")
    window.redo()
    assert window.data["n1-value"] == "99"


def test_what_was_typed_last_and_not_counted_yet_is_a_step_too(window: Window) -> None:
    window.choose("field:lead_score")
    window.type("n1-value", "25")
    window.data["n1-value"] = "77"
    window.undo()
    assert window.data["n1-value"] == "25"
    window.redo()
    assert window.data["n1-value"] == "77"


def test_only_the_criteria_go_back_not_what_else_the_page_asks(window: Window) -> None:
    window.choose("field:lead_score")
    window.type("name", "Warm")
    window.press("block")
    window.undo()
    assert Draft.objects.get().form["name"] == ["Warm"]


def test_undo_works_without_scripts_and_brings_back_a_removed_criterion(client_for: Any, marketer: Any) -> None:
    client = client_for(marketer)
    saved = SavedCriteria.objects.create(name="Warm", criteria=WARM, created_at=NOW, updated_at=NOW)
    address = f"/saved-criteria/{saved.pk}/"

    def press(data: Any, command: str) -> Any:
        data["do"] = command
        return fields_of(client.post(address, data).content.decode())

    data = fields_of(client.get(address).content.decode())
    (leaf,) = (name.partition("-")[0] for name in data if name.endswith("-what"))
    removed = press(data, f"remove:{leaf}")
    assert f"{leaf}-value" not in removed
    again = press(removed, "undo")
    assert again[f"{leaf}-value"] == "20"
    assert f"{leaf}-value" not in press(again, "redo")


def test_an_id_never_comes_to_mean_another_criterion(window: Window) -> None:
    window.press("block")
    window.choose("field:lead_score")
    window.press("block")
    window.undo()
    last = '"last":'
    used = window.data["shape"].partition(last)[2]
    window.press("block")
    assert int(window.data["shape"].partition(last)[2].rstrip("}")) > int(used.rstrip("}"))


def test_steps_are_bounded(window: Window, monkeypatch: Any) -> None:
    monkeypatch.setattr(steps, "MOST", 3)
    window.choose("field:lead_score")
    for value in range(10):
        window.type("n1-value", str(value))
    assert DraftStep.objects.count() == 3
    monkeypatch.setattr(steps, "MOST_CHARACTERS", 1)
    window.type("n1-value", "77")
    assert DraftStep.objects.count() == 2  # there is always one to go back to


def test_a_value_typed_and_the_same_value_as_a_chip_are_no_two_steps() -> None:
    assert same({"n1-value": ["a"], "n1-value_new": ["b "]}, {"n1-value": ["a", "b"], "n1-value_new": [""]})
    assert same({"shape": ['{"blocks":[],"last":3}']}, {"shape": ['{"last":9,"blocks":[]}']})
    assert not same({"n1-value": ["a"]}, {"n1-value": ["b"]})
    assert same({"n1-value": ["a\r\nb"]}, {"n1-value": ["a\nb"]})


def test_an_edit_that_overtakes_the_count_of_a_new_drawing_is_a_step_of_its_own(window: Window) -> None:
    window.choose("field:lead_score")
    window.type("n1-value", "25")
    before = window.data["n1-op"]
    window.data["n1-op"] = "between"
    window.press("refresh", counted=False)
    window.type("n1-from", "31")
    window.undo()
    assert (window.data["n1-op"], window.data["n1-from"]) == ("between", "")
    window.undo()
    assert (window.data["n1-op"], window.data["n1-value"]) == (before, "25")


def test_what_is_typed_before_a_page_has_counted_is_a_step(window: Window) -> None:
    window.data["n1-what"] = "field:lead_score"
    window.count(**{"X-Builder-Sequence": "1"})
    window.choose("tag")
    window.undo()
    assert window.data["n1-what"] == "field:lead_score"


def test_what_is_sent_while_the_form_is_drawn_anew_is_no_step(window: Window) -> None:
    window.choose("field:lead_score")
    before = window.data["n1-op"]
    window.data["n1-op"] = "between"
    html = window.count(**{"X-Builder-Step": "drawing"})
    assert 'id="builder-total"' in html
    assert "builder-undo" not in html
    window.press("refresh")
    window.undo()
    assert window.data["n1-op"] == before


def test_a_step_back_says_what_its_form_sends_as_it_is_drawn_now(window: Window) -> None:
    window.choose("field:lead_score")
    step = DraftStep.objects.order_by("number").last()
    operator = step.form.pop("n1-op")  # kept by a form that had no such field
    step.save()
    window.type("n1-value", "25")
    number = DraftStep.objects.count()
    window.undo()
    step.refresh_from_db()
    assert step.form["n1-op"] == operator
    assert DraftStep.objects.count() == number


# --- what a browser sends of a drawing is known beforehand; of random criteria: tests/test_builder_form.py -----
def drawn_now(html: str) -> dict[str, list[str]]:
    return {name: texts for name, texts in fields_of(html).lists() if name == "shape" or FIELD.fullmatch(name)}


@pytest.mark.parametrize("key", TEMPLATES)
def test_of_ready_made_criteria_it_is_known_what_a_browser_sends(client_for: Any, marketer: Any, key: str) -> None:
    html = client_for(marketer).get(f"/segments/create/?template={key}").content.decode()
    token = fields_of(html)["window"].partition(".")[0]
    assert changed(cache.get(f"builder:begun:{token}"), drawn_now(html)) == set()


# --- two windows ----------------------------------------------------------------------------------------------
def test_the_older_window_is_told_and_overwrites_nothing_unasked(client_for: Any, marketer: Any) -> None:
    older = Window(client_for(marketer))
    older.choose("field:lead_score")
    newer = Window(client_for(marketer))
    assert "another window" not in newer.type("n1-value", "50")
    html = older.type("n1-value", "70")
    assert "another window" in html
    assert Draft.objects.get().form["n1-value"] == ["50"]
    older.press("take_over")
    assert Draft.objects.get().form["n1-value"] == ["70"]
    assert "another window" in newer.type("n1-value", "51")
    older.undo()  # what the other window had is a step back
    assert older.data["n1-value"] == "50"


def test_a_window_opened_again_or_alone_is_told_nothing(client_for: Any, marketer: Any) -> None:
    first = Window(client_for(marketer))
    first.choose("field:lead_score")
    again = Window(client_for(marketer))
    assert "another window" not in again.type("n1-value", "50")
    assert "another window" not in again.type("n1-value", "60")
    assert Draft.objects.get().form["n1-value"] == ["60"]


def test_the_draft_of_another_user_is_no_other_window(client_for: Any, marketer: Any, owner: Any) -> None:
    Window(client_for(owner)).choose("field:lead_score")
    mine = Window(client_for(marketer))
    mine.choose("field:lead_score")
    assert "another window" not in mine.type("n1-value", "50")


def test_a_late_request_does_not_overwrite_what_was_typed_after_it(window: Window) -> None:
    window.choose("field:lead_score")
    window.type("n1-value", "25")
    window.data["n1-value"] = "2"
    window.count(**{"X-Builder-Clock": "1003"})
    assert Draft.objects.get().form["n1-value"] == ["25"]


@pytest.mark.parametrize("window", ["", "x", "." * 50, "0" * 32 + ".abc", "G" * 32 + ".1"])
def test_a_tampered_window_is_no_window(client_for: Any, marketer: Any, window: str) -> None:
    data = fields_of(client_for(marketer).get(NEW).content.decode())
    data["window"], data["n1-what"] = window, "field:lead_score"
    assert client_for(marketer).post(COUNT, data, headers=HTMX).status_code == 200
    assert Draft.objects.get().window == ""


def test_discarding_a_draft_discards_its_steps(window: Window, marketer: Any) -> None:
    window.choose("field:lead_score")
    assert DraftStep.objects.exists()
    drafts.discard_draft(marketer, "saved:new")
    assert not DraftStep.objects.exists()


@pytest.mark.parametrize("submit", [True, False])
def test_a_late_count_does_not_bring_back_what_was_submitted_or_discarded(
    submit: bool, window: Window, client_for: Any, marketer: Any
) -> None:
    """Leaving the last field for the button has it counted: that request may arrive after the form itself."""
    window.choose("field:lead_score")
    window.type("n1-op", "gt")
    window.type("n1-value", "20")
    window.data.pop("do", None)
    client = client_for(marketer)
    if submit:
        assert client.post(NEW, window.data | {"name": "Warm"}).status_code == 302
    else:
        client.post("/criteria/draft/discard", window.data)
    window.count()
    assert not Draft.objects.exists()
    later = Window(client_for(marketer))  # opened afterwards, it keeps what is built there
    later.choose("field:lead_score")
    assert Draft.objects.exists()
