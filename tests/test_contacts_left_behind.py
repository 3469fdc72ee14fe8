"""Names of contacts that were merged: nobody else takes them, and what comes in under them."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from activities.models import Activity
from activities.services import record_activities
from contacts.merging import merge_contacts
from contacts.models import Contact, ContactAlias
from contacts.services import create_contact, update_contact
from tests import factories
from tests.factories import NOW
from tests.support.people import client_for, make_user
from tests.support.split import Split, split

pytestmark = pytest.mark.django_db
KINDS = [("email", "old@x.pl"), ("external_id", "OLD-1")]
NEUTRAL = {
    "email": "This e-mail can't be used here: ask an administrator.",
    "external_id": "This external id can't be used here: ask an administrator.",
}


@pytest.fixture
def two() -> Split:
    return split()


def kept_of(first: Contact, second: Contact) -> Contact:
    return merge_contacts([first.pk, second.pk], into=first.pk, chosen={"email": first.pk}, now=NOW, by="Ala")


def outsider() -> Contact:
    """Somebody outside, into whom another of other names was merged."""
    kept = factories.contact(email="now@x.pl", external_id="NOW-1", first_name="Outsider")
    gone = factories.contact(email="old@x.pl", external_id="OLD-1")
    return merge_contacts(
        [kept.pk, gone.pk], into=kept.pk, chosen={"email": kept.pk, "external_id": kept.pk}, now=NOW, by="Ala"
    )


def led_to(kind: str, value: str) -> int:
    return ContactAlias.objects.get(kind=kind, value=value).contact_id


def refused(error: Any) -> dict[str, list[str]]:
    return dict(error.value.message_dict)


# --- who may not take it -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("field", "value"), KINDS)
def test_nobody_is_made_with_a_name_that_leads_to_somebody(field: str, value: str) -> None:
    kept = outsider()
    with pytest.raises(ValidationError) as error:
        create_contact(fields={field: value.upper()}, now=NOW, by="Ala")
    assert list(refused(error)) == [field]
    assert refused(error)[field][0].endswith(f"merged into {kept}.")
    assert Contact.objects.count() == 1


@pytest.mark.parametrize(("field", "value"), KINDS)
def test_nobody_is_renamed_so(field: str, value: str) -> None:
    outsider()
    person = factories.contact(**{field: "mine@x.pl"})
    with pytest.raises(ValidationError):
        update_contact(person, fields={field: value, "first_name": "New"}, now=NOW, by="Ala")
    person.refresh_from_db()
    assert (getattr(person, field), person.first_name == "New") == ("mine@x.pl", False)
    assert led_to(field, value) != person.pk


def test_somebody_takes_back_a_name_of_their_own() -> None:
    kept = outsider()
    assert update_contact(kept, fields={"email": "old@x.pl"}, now=NOW, by="Ala").email == "old@x.pl"


def test_who_bore_the_name_before_is_changed_otherwise() -> None:
    kept, person = outsider(), factories.contact(email="before@x.pl")
    ContactAlias.objects.create(kind="email", value="before@x.pl", contact=kept, since=NOW)
    assert update_contact(person, fields={"first_name": "New"}, now=NOW, by="Ala").first_name == "New"


def test_a_merge_takes_over_nothing_that_leads_to_somebody_else() -> None:
    kept = outsider()
    one, other = factories.contact(email="one@x.pl"), factories.contact(email="before@x.pl")
    ContactAlias.objects.create(kind="email", value="before@x.pl", contact=kept, since=NOW)
    kept_of(one, other)
    assert led_to("email", "before@x.pl") == kept.pk
    assert led_to("id", str(other.pk)) == one.pk


def test_names_go_on_through_a_second_merge() -> None:
    kept, last = outsider(), factories.contact(email="last@x.pl")
    kept_of(last, kept)
    assert led_to("email", "old@x.pl") == led_to("email", "now@x.pl") == last.pk


# --- what is told ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("field", "value"), KINDS)
def test_who_sees_some_contacts_is_told_nothing_of_one_outside(two: Split, field: str, value: str) -> None:
    outsider()
    person = two.mine[0]
    client = client_for(two.narrow)
    opened = client.get(f"/contacts/{person}/edit/").context["form"].initial
    new = {"lead_score": "0", "status": "subscribed", "category": two.media.pk}
    sent = {"/contacts/new/": new, f"/contacts/{person}/edit/": opened, f"/contacts/{person}/fields/{field}/": opened}
    for address, given in sent.items():
        answer = client.post(address, {**given, field: value})
        assert answer.status_code == 422
        assert answer.context["form"].errors[field] == [NEUTRAL[field]]
        assert "Outsider" not in answer.content.decode()
    assert getattr(Contact.objects.get(pk=person), field) != value


def test_what_comes_in_for_one_outside_cannot_be_drawn_to_a_contact_one_sees(account: Any, two: Split) -> None:
    kept, (one, other) = outsider(), two.mine[:2]
    opened = two.sees(f"/contacts/{one}/edit/").context["form"].initial
    two.sends(f"/contacts/{one}/fields/email/", status=422, seen=opened["seen"], email="old@x.pl")
    people = Contact.objects.in_bulk([one, other])
    seen = {f"seen-{pk}": each.updated_at.isoformat() for pk, each in people.items()}
    two.sends("/contacts/compare/", id=[one, other], into=other, sure="yes", **{"keep-email": other}, **seen)
    fact = {"contact": {"email": "old@x.pl"}, "type": "page_view", "at": NOW.isoformat(), "params": {"url": "/"}}
    record_activities([fact], account=account, now=NOW)
    assert Activity.objects.get().contact_id == kept.pk


def test_who_sees_the_contact_is_shown_its_page() -> None:
    kept = outsider()
    Contact.objects.filter(pk=kept.pk).update(first_name="<i>Ola</i>")
    client = client_for(make_user("marketer"))
    for address in ("/contacts/new/", f"/contacts/{factories.contact().pk}/edit/"):
        form = client.get(address).context["form"]
        opened = {name: given for name, given in form.initial.items() if given is not None}
        text = client.post(address, {"status": "subscribed", **opened, "email": "old@x.pl"}).content.decode()
        assert f'<a href="/contacts/{kept.pk}/">Show the contact</a>' in text
        assert "who was merged into &lt;i&gt;Ola" in text
        assert "<i>Ola" not in text
