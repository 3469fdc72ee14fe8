"""ST9, ST14: several tags become one."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from pyroaring import BitMap

from contacts.models import LabelKind, LabelWrite
from jobs import services as jobs
from jobs.models import JobState
from tags import assigning, hooks, merging, services, usage
from tags.models import ContactTag, MergedTag, Tag, TagMerge, TagStar
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
BY = {"now": NOW, "by": "test", "user": None}


def merged(*tags: Tag, into: str) -> TagMerge:
    merge = merging.ask_merge(tags, into, **BY)
    jobs.run("tag_merge", merge.pk, now=NOW)
    merge.refresh_from_db()
    return merge


def holders(name: str) -> dict[int, object]:
    return dict(ContactTag.objects.filter(tag__name=name).values_list("contact_id", "assigned_at"))


def test_everyone_with_any_of_the_tags_has_the_result_once_since_the_first_of_them() -> None:
    one, two, three, four = (factories.contact() for _ in range(4))
    a = factories.tag("A", one, at=NOW)
    b = factories.tag("B", one, two, at=NOW - DAY)
    c = factories.tag("C", one, three, four, at=NOW + DAY)
    merge = merged(a, b, c, into="z")
    assert merge.state == JobState.DONE
    assert holders("Z") == {one.pk: NOW - DAY, two.pk: NOW - DAY, three.pk: NOW + DAY, four.pk: NOW + DAY}
    assert list(Tag.objects.values_list("name", "contacts_count", "counted_at")) == [("Z", 4, NOW)]
    assert (merge.contacts, merge.several) == (4, 1)
    assert ContactTag.objects.count() == 4


@pytest.mark.parametrize("largest", ["A", "B", "VIP"])
def test_the_result_may_be_one_that_exists_whichever_has_most_contacts(largest: str) -> None:
    people = [factories.contact() for _ in range(5)]
    tags = {
        name: factories.tag(name, *(people if name == largest else people[at : at + 1]))
        for at, name in enumerate(["A", "B", "VIP"])
    }
    merged(tags["A"], tags["B"], into="Vip")
    assert list(Tag.objects.values_list("name", flat=True)) == ["VIP"]
    assert len(holders("VIP")) == 5


def test_a_tag_nobody_has_leaves_its_name_only() -> None:
    merged(factories.tag("A"), factories.tag("B"), into="c")
    assert list(Tag.objects.values_list("name", "contacts_count")) == [("C", 0)]


def test_other_tags_are_left_alone() -> None:
    person = factories.contact()
    factories.tag("OTHER", person)
    merged(factories.tag("A", person), factories.tag("B", person), into="a")
    assert set(holders("OTHER")) == {person.pk}


def test_stars_of_any_of_them_are_on_the_result_once(marketer, analyst) -> None:
    a, b = factories.tag("A"), factories.tag("B")
    for user, tag in ((marketer, a), (marketer, b), (analyst, b)):
        TagStar.objects.create(user=user, tag=tag)
    merged(a, b, into="a")
    assert set(TagStar.objects.values_list("user", "tag__name")) == {(marketer.pk, "A"), (analyst.pk, "A")}


def test_what_names_ids_and_names_is_told_in_the_same_transaction(monkeypatch) -> None:
    told = []
    monkeypatch.setattr(hooks, "renamed", [lambda change, now: told.append(change.names)])
    monkeypatch.setattr(hooks, "merged", [lambda change, now: told.append((change.ids, change.name))])
    a, b = factories.tag("A", factories.contact()), factories.tag("B")
    merged(a, b, into="c")
    made = next(pk for pk in MergedTag.objects.values_list("pk", flat=True) if pk != b.pk)
    assert told == [{"A": "C", "B": "C"}, ({b.pk: a.pk, made: a.pk}, "C")]


def test_a_follower_that_cannot_follow_undoes_it_all(monkeypatch) -> None:
    def refuses(change, now) -> None:
        raise RuntimeError("no")

    a, b = factories.tag("A", factories.contact()), factories.tag("B", factories.contact())
    monkeypatch.setattr(hooks, "merged", [refuses])
    merge = merged(a, b, into="c")
    assert merge.state == JobState.ERRORED
    assert (len(holders("A")), len(holders("B"))) == (1, 1)
    assert not Tag.objects.filter(name="C").exists()  # it was made for this alone
    assert not MergedTag.objects.exists()


@pytest.mark.parametrize(
    ("chosen", "into", "code"), [("A", "a", "alone"), ("AB", "a, b", "comma"), ("AB", "!", "no_letters")]
)
def test_what_is_no_merge_is_refused(chosen: str, into: str, code: str) -> None:
    tags = [factories.tag(name) for name in chosen]
    for ask in (lambda: merging.ask_merge(tags, into, **BY), lambda: merging.planned(tags, into, now=NOW)):
        with pytest.raises(ValidationError) as refused:
            ask()
        assert refused.value.code == code
    assert not TagMerge.objects.exists()
    assert Tag.objects.count() == len(chosen)


def test_while_a_merge_is_under_way_its_tags_are_neither_renamed_nor_deleted_nor_merged() -> None:
    a, b, c = (factories.tag(name) for name in "ABC")
    merging.ask_merge([a, b], "new", **BY)
    for change in (
        lambda: services.rename_tag(a, "other", now=NOW),
        lambda: merging.ask_merge([b, c], "more", **BY),
        lambda: merging.ask_merge([c], "new", **BY),
        lambda: merging.planned([a, c], "c", now=NOW),
    ):
        with pytest.raises(ValidationError) as refused:
            change()
        assert refused.value.code == "being_merged"
    with pytest.raises(usage.InUseError):
        services.delete_tag(a)


def test_a_cancelled_merge_leaves_everything_and_takes_the_new_name_back() -> None:
    a, b = factories.tag("A", factories.contact()), factories.tag("B")
    merge = merging.ask_merge([a, b], "new", **BY)
    assert Tag.objects.filter(name="NEW").exists()
    jobs.cancel(merge, now=NOW)
    assert set(Tag.objects.values_list("name", flat=True)) == {"A", "B"}
    assert jobs.run("tag_merge", merge.pk, now=NOW) is None


def test_a_new_name_that_somebody_uses_meanwhile_stays_after_a_cancelled_merge() -> None:
    merge = merging.ask_merge([factories.tag("A"), factories.tag("B")], "new", **BY)
    services.put_tags_on(factories.contact(), "new", **BY)
    jobs.cancel(merge, now=NOW)
    assert len(holders("NEW")) == 1


def test_whoever_still_holds_a_merged_tag_labels_with_the_result() -> None:
    a, b, person, other = (
        factories.tag("A", factories.contact()),
        factories.tag("B"),
        factories.contact(),
        factories.contact(),
    )
    merged(a, b, into="a")
    assert assigning.assign_tag(BitMap([person.pk, other.pk]), b, now=NOW) == BitMap([person.pk, other.pk])
    assert person.pk in holders("A")
    assert assigning.remove_tag(BitMap([person.pk]), b) == BitMap([person.pk])
    assert person.pk not in holders("A")


def test_a_chain_of_merges_leads_to_the_last_result() -> None:
    a, b, c = (
        factories.tag("A"),
        factories.tag("B", factories.contact()),
        factories.tag("C", *(factories.contact() for _ in range(3))),
    )
    merged(a, b, into="b")
    merged(b, c, into="d")
    person = factories.contact()
    assigning.assign_tag(BitMap([person.pk]), a, now=NOW)
    assert person.pk in holders("D")
    assert list(TagMerge.objects.values_list("result__name", flat=True)) == ["D", "D"]


def test_the_old_name_may_be_made_anew() -> None:
    merged(factories.tag("A", factories.contact()), factories.tag("B"), into="a")
    made = services.tags_named("b", now=NOW)[0]
    assert (made.name, made.links.count()) == ("B", 0)


def test_deleting_the_result_forgets_what_led_to_it() -> None:
    a, b = factories.tag("A"), factories.tag("B")
    merge = merged(a, b, into="a")
    services.delete_tag(Tag.objects.get())
    merge.refresh_from_db()
    assert merge.result is None
    with pytest.raises(Tag.DoesNotExist):
        assigning.assign_tag(BitMap([factories.contact().pk]), b, now=NOW)


def test_a_plan_tells_the_numbers_and_changes_nothing() -> None:
    people = [factories.contact() for _ in range(3)]
    a, b = factories.tag("A", *people[:2]), factories.tag("B", *people[1:])
    plan = merging.planned([a, b], "ą", now=NOW)
    assert [(tag.name, tag.contacts_count) for tag in plan.tags] == [("A", 2), ("B", 2)]
    assert (plan.result, plan.is_new, plan.together, plan.several, plan.at) == ("A", False, 3, 1, NOW)
    assert (len(holders("A")), len(holders("B"))) == (2, 2)


def test_writes_of_actions_are_those_of_the_result_and_of_nobody_for_those_who_had_several() -> None:
    one, two = factories.contact(), factories.contact()
    a, b = factories.tag("A", one), factories.tag("B")
    assigning.assign_tag(BitMap([one.pk, two.pk]), b, now=NOW, action_run_id=7)
    merged(a, b, into="c")
    result = Tag.objects.get()
    writes = LabelWrite.objects.filter(kind=LabelKind.TAG).order_by("id")
    assert [(write.label_id, write.action_run_id) for write in writes] == [(result.pk, 7), (result.pk, None)]
    assert BitMap.deserialize(bytes(writes[1].contacts)) == BitMap([one.pk])
