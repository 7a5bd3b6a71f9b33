"""The cast of tests/mailboxes/conftest.py; gisele's password is PASSWORD, root administers the platform."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client

from tests.mailboxes.conftest import operator, other_structure, people, structure  # noqa: F401

PASSWORD = "correct-cheval-pile"


@pytest.fixture(autouse=True)
def _no_count_from_before():
    cache.clear()


@pytest.fixture(autouse=True)
def _told_at_once(monkeypatch):
    """A test's transaction is never committed: what waits for that is done at once."""
    monkeypatch.setattr("balmanager.accounts.adapter.transaction.on_commit", lambda done, robust=False: done())


@pytest.fixture
def gisele(people):  # noqa: F811
    return with_password(people.gisele.user)


@pytest.fixture
def root(db):
    user = get_user_model()(username="root", email="root@exemple.invalid", is_superuser=True, is_staff=True)
    return with_password(user)


def with_password(user, password=PASSWORD):
    user.set_password(password)
    user.save()
    return user


@pytest.fixture
def browser_of():
    """`browser_of("192.0.2.7")`: a client at that address, which nobody has logged in from."""

    def make(address="192.0.2.1", **headers):
        return Client(REMOTE_ADDR=address, **headers)

    return make


def log_in(client, login, password=PASSWORD, **headers):
    return client.post("/compte/login/", {"login": login, "password": password}, **headers)


def is_in(client) -> bool:
    return "_auth_user_id" in client.session


def link_in(mail) -> str:
    return re.search(r"https?://\S+", mail.body)[0]
