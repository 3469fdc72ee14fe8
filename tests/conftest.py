"""Real services, two accounts, people in them.

PostgreSQL and Valkey are those of DATABASE_URL and REDIS_URL, else throw-away ones started here, before Django's
settings are read. The database is `test_NAME`, the broker's and cache's data set is number 9: never the real ones.
Each test that touches the database runs inside account `acme`, in a transaction that is rolled back;
the fixture `committed` is for those that need real commits.

Several processes (`-n`) have services each: in one cluster a transaction of one would hold back the other's mirror.
"""

import copy
import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import hypothesis
import pytest

from config.embedded.environment import VARIABLES, provide_temporary
from config.embedded.errors import ServiceError
from config.embedded.folders import BASE
from config.embedded.translations import compile_translations

pytest_plugins = ["tests.support.browser"]
TEST_DATA_SET = 9

# No example fails because the machine is slow.
hypothesis.settings.register_profile("sito", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("sito")


def start_services() -> list:
    try:
        leases = provide_temporary()
    except ServiceError as error:
        pytest.exit(str(error), returncode=1)
    os.environ["REDIS_URL"] = urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{TEST_DATA_SET}").geturl()
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    compile_translations(BASE / "locale")
    return leases


GIVEN = [variable for variable in VARIABLES.values() if os.environ.get(variable)]
LEASES = start_services()


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # 100 ms less per login
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # whitenoise warns when it is missing
    if getattr(config.option, "numprocesses", None):
        leave_services_to_each_process()


def leave_services_to_each_process() -> None:
    """What the processes that run the tests inherit says nothing of the services started here."""
    if GIVEN:
        pytest.exit(f"With {' and '.join(GIVEN)} the tests run in one process: leave out -n.", returncode=1)
    for variable in (*VARIABLES.values(), "DJANGO_SETTINGS_MODULE"):
        os.environ.pop(variable, None)


def pytest_collection_finish() -> None:
    """What is there now stays to the end: the collector of garbage need not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_sessionfinish() -> None:
    gc.unfreeze()


def pytest_unconfigure() -> None:
    for lease in LEASES:
        lease.leave()


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_keepdb: bool,
    django_db_blocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """The test database, and in it the accounts `acme` and `other`, made once.

    Instead of pytest-django's own, which makes no database when no test of the run names `db` itself: ours come to it
    by `account` and `committed`, and would have run on the real one.
    """
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    from tests.support import prepared
    from tests.support.accounts import make_accounts

    verbosity = request.config.option.verbose
    several = hasattr(request.config, "workerinput") and prepared.programs() is not None
    made: list = []

    def make() -> None:
        made[:] = setup_databases(
            verbosity=verbosity,
            interactive=False,
            aliases={"default"},
            keepdb=django_db_keepdb or several,
            serialized_aliases=set(),
        )
        assert connection.settings_dict["NAME"].startswith("test_")
        make_accounts()

    with django_db_blocker.unblock():
        if several:
            prepared.made_or_restored(tmp_path_factory.getbasetemp().parent, make)
        else:
            make()
    yield
    if not django_db_keepdb:
        with django_db_blocker.unblock():
            with connection.cursor() as cursor:  # a server's thread may not have closed its connection yet
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
                )
            teardown_databases(made, verbosity=verbosity)


@pytest.fixture(scope="session")
def baseline(django_db_setup: None, django_db_blocker):
    """What the database holds before any test; `committed` returns to it."""
    from tests.support.baseline import Baseline

    with django_db_blocker.unblock():
        return Baseline.taken()


@pytest.fixture
def committed(request: pytest.FixtureRequest, baseline, django_db_blocker) -> Iterator[None]:
    """Real transactions and commits: `on_commit` runs, other connections see the data. Cleaned up afterwards."""
    from django.core.cache import cache

    if "db" in request.fixturenames:
        pytest.fail("`committed` inside the transaction of `db` would wait for itself")
    with django_db_blocker.unblock():
        cache.clear()
        yield
        baseline.restore()


@pytest.fixture(autouse=True)
def _language() -> None:
    """Each test begins in the language of the settings: a request leaves its own behind."""
    from django.utils import translation

    translation.deactivate()


@pytest.fixture
def noon(time_machine) -> None:
    """The clock begins at noon of a fixed day: for who counts days, neither midnight nor a change of time comes."""
    from tests.factories import NOW

    time_machine.move_to(NOW)


@pytest.fixture(autouse=True)
def _django_db_marker(request: pytest.FixtureRequest) -> None:
    """Tests which touch the database begin inside `acme`, however they asked for it.

    Instead of pytest-django's fixture of that name: a module's mark `django_db` gives way to a test's `committed`.
    """
    asked = {"db", "committed", "account"} & set(request.fixturenames)
    if asked or request.node.get_closest_marker("django_db"):
        request.getfixturevalue("account")


@pytest.fixture
def account(request: pytest.FixtureRequest) -> Iterator:
    """The account `acme`, which the test runs in. Nothing is kept from before: a slow count would be."""
    from django.core.cache import cache
    from django.db import connection

    from tests.support.accounts import ACCOUNTS

    request.getfixturevalue("committed" if "committed" in request.fixturenames else "db")
    cache.clear()
    acme = copy.deepcopy(ACCOUNTS["acme"])
    connection.set_tenant(acme)
    yield acme
    connection.set_schema_to_public()


@pytest.fixture
def other_account(account):
    """A second account, `other`; enter it with `django_tenants.utils.tenant_context`."""
    from tests.support.accounts import ACCOUNTS

    return copy.deepcopy(ACCOUNTS["other"])


@pytest.fixture
def make_user(account) -> Callable:
    """A user of the current account: `make_user("analyst", email=…)`."""
    from tests.support.people import make_user

    return make_user


@pytest.fixture
def owner(make_user):
    return make_user("owner")


@pytest.fixture
def administrator(make_user):
    return make_user("administrator")


@pytest.fixture
def marketer(make_user):
    return make_user("marketer")


@pytest.fixture
def analyst(make_user):
    return make_user("analyst")


@pytest.fixture
def user(marketer):
    """Somebody who may do the everyday work."""
    return marketer


@pytest.fixture
def client_for(account) -> Callable:
    """`client_for(user)`: a browser signed in to the user's account; `client_for(None)`: nobody signed in."""
    from tests.support.people import client_for

    return client_for
