"""The demonstration, loaded once for all that looks at it."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction


@pytest.fixture(scope="package", autouse=True)
def printed(django_db_setup, django_db_blocker, tmp_path_factory):
    """What the command printed; all the tests of this folder are in one transaction, rolled back."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch, transaction.atomic():
        patch.setattr("django.conf.settings.VAR_DIR", tmp_path_factory.mktemp("var"))
        patch.setenv("PORT", "8123")
        yield load("--lines", "500")
        transaction.set_rollback(True)


def load(*options):
    out = StringIO()
    call_command("make_demo", *options, stdout=out, stderr=StringIO())
    return out.getvalue()
