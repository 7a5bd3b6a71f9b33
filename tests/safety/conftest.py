"""The two establishments, made once for each module and undone after it."""

import time
from contextlib import contextmanager

import pytest
from django.db import transaction
from django.test import Client

from tests.safety import world


@contextmanager
def undone():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def make_stage(django_db_setup, django_db_blocker, tmp_path_factory):
    """`make_stage(own, foreign)`: the two, with these words."""
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock(), undone():
        patch.setattr("django.conf.settings.VAR_DIR", tmp_path_factory.mktemp("var"))
        yield world.stage


@pytest.fixture(autouse=True)
def quiet(caplog):
    """Thousands of refusals, each with its line of the log, would take as long as the rest."""
    caplog.set_level("CRITICAL")


def visitor(account=None, token=""):
    """Logged in, with a key, or nobody."""
    client = Client(headers={"Authorization": f"Bearer {token}"} if token else None, raise_request_exception=True)
    if account is not None:
        client.force_login(account)
        session = client.session  # as one who gave their password a moment ago: some pages ask for it anew
        session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
        session.save()
    return client
