"""Consents: wordings by version, retiring, how one contact has answered (IC7)."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from actions.kinds import kind_named
from actions.models import Action, ActionRun
from contacts import services
from contacts.models import Consent, ConsentState, ConsentWording, ContactConsent
from jobs.errors import JobProblem
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)
GIVEN, WITHDRAWN = ConsentState.GIVEN, ConsentState.WITHDRAWN
NAMES = {"name_en": "Texts", "name_pl": "SMS-y", "channel": "sms"}


@pytest.fixture
def sms() -> Consent:
    return services.create_consent(key="sms", **NAMES, text_en="I want texts", text_pl="Chcę SMS-y", now=NOW)


@pytest.fixture
def admin(client_for: Any, administrator: Any) -> Client:
    return client_for(administrator)


def texts() -> list[tuple[int, str, str]]:
    return list(ConsentWording.objects.order_by("version").values_list("version", "text_en", "text_pl"))


def test_another_wording_is_another_version_and_answers_keep_theirs(sms: Consent) -> None:
    early, late = factories.contact(), factories.contact()
    services.set_consent(early, sms, GIVEN, now=NOW, source="form", by="x")
    edited = services.edit_consent(sms, **NAMES, text_en="I want\n many texts", text_pl="Chcę SMS-y", now=LATER)
    services.set_consent(late, sms, GIVEN, now=LATER, source="form", by="x")
    assert edited.wording_version == 2
    assert texts() == [(1, "I want texts", "Chcę SMS-y"), (2, "I want\nmany texts", "Chcę SMS-y")]
    assert dict(ContactConsent.objects.values_list("contact", "wording_version")) == {early.pk: 1, late.pk: 2}


def test_the_same_wording_is_no_new_version(sms: Consent) -> None:
    services.edit_consent(sms, **NAMES | {"name_en": "Text messages"}, text_en=" I want texts ", text_pl="Chcę SMS-y")
    assert (Consent.objects.get().wording_version, len(texts())) == (1, 1)


def test_without_a_wording_the_name_is_it() -> None:
    services.create_consent(key="sms", **NAMES)
    assert texts() == [(1, "Texts", "SMS-y")]


@pytest.mark.parametrize("bad", ["", "  \n ", "x" * 5_001, "a\x00b"])
def test_a_bad_wording_is_refused_at_its_field(sms: Consent, bad: str) -> None:
    with pytest.raises(ValidationError) as refused:
        services.edit_consent(sms, **NAMES, text_en="y", text_pl=bad)
    assert set(refused.value.error_dict) == {"text_pl"}
    assert Consent.objects.get().wording_version == 1


def test_a_retired_consent_is_withdrawn_but_not_given(sms: Consent) -> None:
    held, other = factories.contact(), factories.contact()
    services.set_consent(held, sms, GIVEN, now=NOW, source="form", by="x")
    services.retire_consent(sms, now=NOW)  # `sms` in hand still says that it is not
    with pytest.raises(ValidationError) as refused:
        services.set_consent(other, sms, GIVEN, now=LATER, source="form", by="x")
    assert refused.value.code == "retired"
    assert ContactConsent.objects.get().state == GIVEN
    assert services.set_consent([held.pk, other.pk], sms, WITHDRAWN, now=LATER, source="letter", by="x")
    services.bring_back_consent(sms)
    assert services.set_consent(other, sms, GIVEN, now=LATER, source="form", by="x")


def test_an_action_that_gives_a_retired_consent_fails_in_words(sms: Consent) -> None:
    from pyroaring import BitMap

    kind = kind_named("add_consent")
    params = kind.checked({"consent": sms.pk, "name": "Texts", "source": "fair"})
    services.retire_consent(sms, now=NOW)
    run = ActionRun(action=Action(kind="add_consent", params={}, created_at=NOW))
    with pytest.raises(JobProblem, match="retired"):
        kind.apply(run, params, BitMap([factories.contact().pk]), now=NOW)
    assert sms not in kind.form(now=NOW).fields["consent"].queryset
    assert sms in kind_named("remove_consent").form(now=NOW).fields["consent"].queryset


# --- pages ----------------------------------------------------------------------------------------------------
def test_the_page_of_a_consent_shows_every_version_and_who_agreed_to_it(admin: Client, sms: Consent) -> None:
    services.set_consent(factories.contact(), sms, GIVEN, now=NOW, source="form", by="x")
    factories.contact()
    services.edit_consent(sms, **NAMES, text_en="New words", text_pl="Nowe słowa", now=LATER)
    page = admin.get(reverse("contacts:consent", args=[sms.pk]))
    assert [(version, wording.text_en, n) for version, wording, n in page.context["versions"]] == [
        (2, "New words", 0),
        (1, "I want texts", 1),
    ]
    line = page.context["line"]
    assert (line.given, line.withdrawn, line.unknown) == (1, 0, 1)


def test_versions_whose_words_were_not_kept_say_so(admin: Client) -> None:
    old = factories.consent("old", wording_version=3)
    assert "were not kept" in admin.get(reverse("contacts:consent", args=[old.pk])).content.decode()
    here = reverse("contacts:consent_edit", args=[old.pk])
    assert admin.post(here, {**NAMES, "text_en": "", "text_pl": ""}).status_code == 302
    assert Consent.objects.get().wording_version == 3
    assert admin.post(here, {**NAMES, "text_en": "Words", "text_pl": "Słowa"}).status_code == 302
    assert (Consent.objects.get().wording_version, texts()) == (4, [(4, "Words", "Słowa")])


def test_a_consent_is_retired_after_asking_and_brought_back(admin: Client, sms: Consent) -> None:
    here = reverse("contacts:consent_retire", args=[sms.pk])
    assert "Nobody can give it any more" in admin.get(here).content.decode()
    admin.post(here)
    page = admin.get(reverse("contacts:consents"))
    assert [line.consent for line in page.context["retired"]] == [sms]
    admin.post(reverse("contacts:consent_bring_back", args=[sms.pk]))
    assert Consent.objects.get().retired_at is None


def test_answers_of_a_contact_are_told_with_source_and_wording(admin: Client, sms: Consent) -> None:
    person = factories.contact()
    services.set_consent(person, sms, GIVEN, now=NOW, source="fair in May", by="Ann")
    services.edit_consent(sms, **NAMES, text_en="New words", text_pl="Nowe słowa", now=LATER)
    services.set_consent(person, sms, WITHDRAWN, now=LATER, source="letter", by="Ann")
    text = admin.get(reverse("contacts:consent_of_contact", args=[person.pk, sms.pk])).content.decode()
    assert all(each in text for each in ("fair in May", "letter", "I want texts", "Nowe słowa"))


def test_answers_are_read_in_a_constant_number_of_queries(
    admin: Client, sms: Consent, django_assert_max_num_queries: Any
) -> None:
    person = factories.contact()
    for day in range(8):
        state = WITHDRAWN if day % 2 else GIVEN
        services.set_consent(person, sms, state, now=NOW + timedelta(days=day), source="x", by="x")
    with django_assert_max_num_queries(12):
        admin.get(reverse("contacts:consent_of_contact", args=[person.pk, sms.pk]))
    with django_assert_max_num_queries(18):
        admin.get(reverse("contacts:consent", args=[sms.pk]))


def test_who_sees_some_contacts_only_has_numbers_of_these(client_for: Any, marketer: Any, sms: Consent) -> None:
    mine, other = factories.contact(), factories.contact()
    group = factories.category("media", mine)
    factories.permission_group("Media", users=[marketer], categories=[group])
    for person in (mine, other):
        services.set_consent(person, sms, GIVEN, now=NOW, source="x", by="x")
    page = client_for(marketer).get(reverse("contacts:consent", args=[sms.pk]))
    assert (page.context["line"].given, page.context["line"].unknown) == (1, 0)
    assert [n for _version, _wording, n in page.context["versions"]] == [1]
    here = reverse("contacts:consent_of_contact", args=[other.pk, sms.pk])
    assert client_for(marketer).get(here).status_code == 404


@pytest.mark.parametrize("name", ["consent_edit", "consent_retire", "consent_bring_back"])
def test_marketers_and_analysts_change_nothing(
    client_for: Any, marketer: Any, analyst: Any, sms: Consent, name: str
) -> None:
    for user in (marketer, analyst):
        assert client_for(user).post(reverse(f"contacts:{name}", args=[sms.pk])).status_code == 403
        assert client_for(user).get(reverse("contacts:consent", args=[sms.pk])).status_code == 200
    assert client_for(marketer).post(reverse("contacts:consents")).status_code in {200, 403, 405}


@pytest.mark.parametrize("name", ["consent", "consent_edit", "consent_retire", "consent_bring_back"])
def test_ids_of_nobody_are_404(admin: Client, name: str) -> None:
    assert admin.get(reverse(f"contacts:{name}", args=[999_999_999])).status_code == 404
