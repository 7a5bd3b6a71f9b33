"""What every test may ask for; the servers stand in tests/servers.py."""

import shutil

import pytest
from django.conf import settings as of_django
from django.db.backends.base.operations import BaseDatabaseOperations
from django.template import Template
from django.test.signals import template_rendered
from hypothesis import settings

from directory.prepared import Prepared
from mailboxes.rules import Refused

# The suite plays the same examples each time, and quickly. `--hypothesis-profile=deep` searches anew:
# minutes instead of seconds; what it finds is kept in .hypothesis, and tried first the next time.
settings.register_profile("suite", derandomize=True, deadline=None)
settings.register_profile("deep", deadline=None, print_blob=True)
settings.load_profile("suite")


# --- The database of each worker: a copy of one migrated once; it goes with its server or folder ----------------------
@pytest.fixture(scope="session")
def django_db_keepdb(django_db_use_migrations):
    return django_db_use_migrations


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request, django_db_modify_db_settings_parallel_suffix, django_db_use_migrations):
    """Names what pytest-django would make and migrate; it finds it made, and nothing to migrate."""
    of_tests = of_django.DATABASES["default"].setdefault("TEST", {})
    if not django_db_use_migrations:  # --nomigrations: the tables as the models say, made by each worker
        return
    if request.config.getoption("db") == "postgresql":
        of_tests["TEMPLATE"] = request.getfixturevalue("_prepared_postgresql")
    else:
        shutil.copy(request.getfixturevalue("_prepared_sqlite"), of_tests["NAME"])


CHECKED = set()


def pytest_runtest_setup():
    CHECKED.clear()


@pytest.fixture(scope="session", autouse=True)
def _prepared_questions_are_checked():
    """Each is compared, once a test, with what would be written now: none says what was true at another moment."""

    def is_new(self, key):
        is_first = (self.build, key) not in CHECKED
        CHECKED.add((self.build, key))
        return is_first

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Prepared, "is_checked", is_new)
        yield


@pytest.fixture(scope="session", autouse=True)
def _pages_are_kept_and_not_their_pieces(django_test_environment):
    """Django keeps, for `response.context`, what each template was given: a page has a hundred pieces, of which no test
    asks, and whose copies are a twelfth of its work."""

    def render(self, context):
        if context.template is self:
            template_rendered.send(sender=self, template=self, context=context)
        return self.nodelist.render(context)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Template, "_render", render)
        yield


@pytest.fixture(scope="session", autouse=True)
def _refusals_have_a_known_code_and_a_sentence():
    """Whichever a test meets: software tests the code, a person reads the sentence."""
    known = set((of_django.BASE_DIR / "docs" / "api" / "refusals.txt").read_text().split())
    make = Refused.__init__

    def made(self, message, code=None, params=None):
        make(self, message, code, params)
        assert code in known, f"{code!r} is not in docs/api/refusals.txt"
        assert all(sentence.endswith((".", "…", "?", "!")) for sentence in self.messages), self.messages

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Refused, "__init__", made)
        yield


@pytest.fixture(scope="session", autouse=True)
def _emptied_after_a_test_that_commits():
    """Django then truncates every table, which PostgreSQL refuses to all for those that hold proof: but for this."""
    with pytest.MonkeyPatch.context() as patch:
        flush = BaseDatabaseOperations.execute_sql_flush

        def past_the_triggers(self, statements):
            lifted = ["SET session_replication_role = replica", *statements, "RESET session_replication_role"]
            flush(self, lifted if self.connection.vendor == "postgresql" else statements)

        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", past_the_triggers)
        yield
