"""What a contact did and bought goes with it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from activities.models import Activity, Order, OrderLine, Product, Visit
from contacts.services import delete_contact
from tests import factories

pytestmark = pytest.mark.django_db
FACTS = (Activity, Visit, Order, OrderLine)


def busy(times: int):
    contact = factories.contact()
    for _ in range(times):
        factories.activity(contact, "page_view", url="/")
        factories.visit(contact)
        factories.order(contact, lines=[{"product": "P1", "amount": 1}, {"product": "P2", "amount": 1}])
    return contact


def test_a_contact_takes_its_own_facts_along_and_no_others() -> None:
    busy(1)
    delete_contact(busy(3))
    assert [model.objects.count() for model in FACTS] == [1, 1, 1, 2]
    assert Product.objects.count() == 2


def test_each_table_is_emptied_by_one_statement_however_many_rows_there_are() -> None:
    few, many = busy(1), busy(20)
    with CaptureQueriesContext(connection) as first:
        delete_contact(few)
    with CaptureQueriesContext(connection) as second:
        delete_contact(many)
    assert len(first) == len(second)
    for model in FACTS:
        deletions = [query for query in second if f"DELETE FROM {model._meta.db_table} " in query["sql"]]
        assert len(deletions) == 1


def test_the_mirror_is_told_of_all_that_is_gone() -> None:
    delete_contact(busy(2))
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, count(*) FROM mirror_gone GROUP BY kind ORDER BY kind")
        assert dict(cursor.fetchall()) == {"activity": 2, "contact": 1, "order": 2, "visit": 2}
