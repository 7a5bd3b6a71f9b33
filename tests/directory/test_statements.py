"""What the field's sheets say: each statement has its place, each place that draws one draws one that exists."""

import re

import pytest
from django.template import Context, Template
from django.urls import reverse

from directory.check import check
from directory.messengers import MESSENGERS, messenger_of
from directory.statements import BY_NAME, STATEMENTS, StatementSource
from mailboxes.openings.advice import CASES
from tests.servers import ROOT

SAID = re.compile(r"""{% said "([\w-]+)" %}""")


@pytest.mark.sqlite_run
@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement.name)
def test_each_statement_stands_in_its_place(statement):
    place = (ROOT / statement.place).read_text()
    code = re.sub(r'"\n\s+f?"', "", place)  # a sentence cut over two lines of code
    assert statement.words in code if statement.words else statement.name in SAID.findall(place)
    assert statement.says.endswith(".")


@pytest.mark.sqlite_run
def test_each_place_draws_statements_that_exist_and_each_source_is_read():
    drawn = {name for path in (ROOT / "templates").rglob("*.html") for name in SAID.findall(path.read_text())}
    assert drawn == {statement.name for statement in STATEMENTS if not statement.words}
    assert {statement.source for statement in STATEMENTS} == set(StatementSource)
    assert len(BY_NAME) == len(STATEMENTS)
    assert set(CASES.values()) <= BY_NAME.keys()


@pytest.mark.sqlite_run
def test_a_statement_is_drawn_with_its_source():
    drawn = Template("{% load french %}{% said 'officine' %}").render(Context())
    assert "c’est le patient qui écrit le premier" in drawn
    assert "(ANS, Pour mieux comprendre la messagerie sécurisée de santé)" in drawn


@pytest.mark.parametrize(
    ("address", "label"),
    [
        ("a@interop-mssante.apicrypt.org", "Apicrypt"),
        ("a@medical69.apicrypt.org", "Apicrypt"),
        ("a@ch-vienne.sisra.mssante.fr", "MonSisra"),
        ("a@doctolib.fr", "Doctolib"),
        ("a@monespacesante.fr", "Mon espace santé"),
        ("a@chu.mssante.fr", None),
    ],
)
def test_the_check_tells_which_messenger_it_is(client, django_user_model, address, label):
    found = messenger_of(address.partition("@")[2])
    assert (found and found[0]) == label
    client.force_login(django_user_model.objects.create(username="alice"))
    page = client.post(reverse("directory:check"), {"address": address}).text
    assert [one.label for one in MESSENGERS if f"<strong>{one.label}.</strong>" in page] == ([label] if label else [])


def test_an_address_of_a_patient_is_told_with_who_opens_the_exchange(db):
    assert check("279035121518989@patient.mssante.fr").messenger[1].name == "patient-ouvre"
