"""A tag that many contacts have is deleted by a job: all at once, with its progress told, whoever else is at work."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from pyroaring import BitMap

from contacts.models import Contact
from jobs import services as jobs
from jobs.lease import LEASE
from jobs.models import JobState
from tags import assigning, deleting_tags, merging, services, usage
from tags.models import ContactTag, Tag, TagDeletion
from tests import factories
from tests.factories import NOW
from tests.test_tags_merging_at_once import blocked, elsewhere, holders


@pytest.fixture(autouse=True)
def few(monkeypatch) -> None:
    """Three contacts are many, and they are done one by one."""
    monkeypatch.setattr(deleting_tags, "AT_ONCE", 2)
    monkeypatch.setattr(merging, "PIECE", 1)


@pytest.fixture
def people(account) -> list[Contact]:
    return [factories.contact() for _ in range(5)]


@pytest.fixture
def vip(people) -> Tag:
    return factories.tag("VIP", *people[:4])


def ask(tag: Tag, *, before: int = 0) -> TagDeletion:
    job = deleting_tags.dissolve_tag(tag, now=NOW, by="test", user=None, before=before).job
    assert isinstance(job, TagDeletion)
    return job


def run(job: TagDeletion, at=NOW) -> TagDeletion:
    jobs.run("tag_deletion", job.pk, now=at)
    job.refresh_from_db()
    return job


def test_few_contacts_are_done_at_once(people) -> None:
    done = deleting_tags.dissolve_tag(factories.tag("A", *people[:2]), now=NOW, by="test", user=None)
    assert (done.contacts, done.job) == (2, None)
    assert not Tag.objects.exists()


def test_several_that_are_many_together_do_not_hold_up_the_page(people) -> None:
    assert ask(factories.tag("A", people[0]), before=2).total == 1


def test_many_contacts_are_a_job_that_tells_its_progress(people, vip, monkeypatch) -> None:
    other = factories.tag("OTHER", *people)
    job = ask(vip)
    assert (job.title, job.total, len(holders("VIP"))) == ("VIP", 4, 4)
    told = []
    monkeypatch.setattr(deleting_tags, "heartbeat", lambda _job, **figures: told.append(figures))
    assert (run(job).state, job.progress, job.tag) == (JobState.DONE, 4, None)
    assert told == [{"progress": done, "total": 4} for done in (1, 2, 3, 4)]
    assert list(Tag.objects.all()) == [other]
    assert ContactTag.objects.count() == len(people)


def test_asked_twice_it_is_one_job(vip) -> None:
    assert ask(vip).pk == ask(vip).pk


def test_a_tag_in_use_is_refused_before_and_while_it_goes(vip, monkeypatch) -> None:
    job = ask(vip)
    monkeypatch.setattr(usage, "providers", [lambda _label: [usage.Use("Segment", "Best")]])
    assert run(job).state == JobState.FAILED
    assert "Segment Best" in job.problem_text
    assert len(holders("VIP")) == 4
    with pytest.raises(usage.InUseError):
        ask(vip)


def test_what_is_going_is_neither_renamed_nor_merged(people, vip) -> None:
    other = factories.tag("OTHER", people[0])
    ask(vip)
    for attempt in (
        lambda: services.rename_tag(vip, "gold", now=NOW),
        lambda: merging.planned([vip, other], "gold", now=NOW),
        lambda: merging.ask_merge([other], "vip", now=NOW, by="test", user=None),
    ):
        with pytest.raises(ValidationError) as refused:
            attempt()
        assert refused.value.code == "being_deleted"


def test_a_merge_that_is_tried_again_leaves_a_tag_that_is_going(people, vip) -> None:
    """Else the result would go, with all who had the other tag."""
    other = factories.tag("OTHER", people[4])
    merge = merging.ask_merge([vip, other], "vip", now=NOW, by="test", user=None)
    merge.state = JobState.FAILED
    merge.save()
    ask(vip)
    assert jobs.retry(merge, now=NOW)
    jobs.run("tag_merge", merge.pk, now=NOW)
    merge.refresh_from_db()
    assert merge.state == JobState.FAILED
    assert len(holders("OTHER")) == 1


# --- with others at work ----------------------------------------------------------------------------------------
@pytest.mark.usefixtures("committed")
def test_whoever_puts_it_on_meanwhile_waits_and_finds_none(account, people, vip, monkeypatch) -> None:
    job = ask(vip)
    real = deleting_tags.take_off
    waiting = []

    def take_off(*args):
        yield from real(*args)
        waiting.append(pool.submit(elsewhere(account, put)))
        assert blocked(waiting[0])

    def put() -> None:
        assigning.assign_tag(BitMap([people[4].pk]), vip, now=NOW)

    monkeypatch.setattr(deleting_tags, "take_off", take_off)
    with ThreadPoolExecutor(1) as pool:
        assert run(job).state == JobState.DONE
        assert isinstance(waiting[0].exception(20), Tag.DoesNotExist)
    assert not ContactTag.objects.exists()


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("cut", [1, 3, 4])
def test_a_worker_killed_in_it_leaves_everything_and_the_next_one_does_it(account, vip, monkeypatch, cut) -> None:
    job = ask(vip)
    real = deleting_tags.heartbeat
    seen = []

    def dies(of, **figures):
        real(of, **figures)
        with ThreadPoolExecutor(1) as pool:
            seen.append(pool.submit(elsewhere(account, lambda: len(holders("VIP")))).result(20))
        if figures["progress"] == cut:
            raise SystemExit

    monkeypatch.setattr(deleting_tags, "heartbeat", dies)
    with pytest.raises(SystemExit):
        run(job)
    assert seen == [4] * cut  # nobody saw it half done
    job.refresh_from_db()
    assert (job.state, job.progress, len(holders("VIP"))) == (JobState.RUNNING, cut, 4)
    assert jobs.run("tag_deletion", job.pk, now=NOW) is None  # it is still the other's
    monkeypatch.setattr(deleting_tags, "heartbeat", real)
    assert run(job, NOW + LEASE).state == JobState.DONE
    assert not Tag.objects.exists()


@pytest.mark.usefixtures("committed")
def test_stopped_in_its_middle_it_changes_nothing(vip, monkeypatch) -> None:
    job = ask(vip)
    real = deleting_tags.take_off

    def take_off(*args):
        for done in real(*args):
            if done == 2:
                with ThreadPoolExecutor(1) as pool:
                    tenant = connection.tenant  # type: ignore[attr-defined]
                    pool.submit(elsewhere(tenant, lambda: jobs.cancel(job, now=NOW))).result(20)
            yield done

    monkeypatch.setattr(deleting_tags, "take_off", take_off)
    assert run(job).state == JobState.CANCELLED
    assert len(holders("VIP")) == 4
