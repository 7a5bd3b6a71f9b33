"""What stands anywhere in a name or an address is found by an index of PostgreSQL, where its extension can be had."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from mailboxes.models import Bal, Person

pytestmark = pytest.mark.postgresql_run
letters = import_module("mailboxes.migrations.0007_letters")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (lambda: Person.objects.named("éxemple"), "person_letters"),
        (lambda: Bal.objects.filter(address__contains="exemple"), "bal_letters"),
        (lambda: Bal.objects.filter(address__startswith="exemple"), "bal_letters"),
    ],
    ids=["a person", "an address", "its beginning"],
)
def test_what_is_typed_is_found_by_its_letters(rows, index):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # a table of a few rows is read whole
    assert index in rows().order_by().explain()


@pytest.mark.django_db
def test_without_the_extension_the_tables_are_made_all_the_same(monkeypatch):
    heard = []
    connection.ensure_connection()
    connection.connection.add_notice_handler(lambda notice: heard.append(notice.message_primary))
    monkeypatch.setattr(letters, "EXTENSION", letters.EXTENSION.replace("pg_trgm;", "pg_absent;"))
    with connection.schema_editor() as editor:
        letters.index_letters(apps, editor)
    assert any("docs/exploitation.md" in message for message in heard)
