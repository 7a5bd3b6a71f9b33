"""What is refused is said by a code, which software tests, and a sentence, which a person reads.

That each refusal has both is looked at wherever a test meets one (tests/conftest.py).
"""

import ast

import pytest
from django.conf import settings

from mailboxes import actions
from mailboxes.lifecycle import State
from mailboxes.models import Alias, Person, Structure
from mailboxes.models.aliases import KnownAddress
from mailboxes.rules import Refused, check_row
from mailboxes.rules.register import already_known

PROMISED = settings.BASE_DIR / "docs" / "api" / "refusals.txt"


def raised() -> set[str]:
    """The codes that the product's modules give, as literals, to a refusal."""
    names = {Refused.__name__, "__init__"} | {kind.__name__ for kind in Refused.__subclasses__()}
    return {
        code.value
        for folder in ("mailboxes", "balmanager")
        for path in (settings.BASE_DIR / folder).rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and getattr(call.func, "id", getattr(call.func, "attr", "")) in names
        for code in call.args[1:2]
        if isinstance(code, ast.Constant)
    }


def test_the_codes_are_those_that_are_promised():
    promised = PROMISED.read_text().split()
    assert promised == sorted(set(promised))
    gone, new = set(promised) - raised(), raised() - set(promised)
    assert not new, f"add to docs/api/refusals.txt: {new}"
    assert not gone, f"software may test it: {gone}"


def test_what_a_row_lacks_is_told_field_by_field():
    with pytest.raises(Refused) as refusal:
        check_row(Person(family_name="", given_name="Nils", rpps="12"), exclude=["user"])
    assert refusal.value.code == "invalid"
    (sentence,) = refusal.value.messages
    assert "Nom : Ce champ ne peut pas être vide." in sentence
    assert "RPPS : " in sentence


def test_what_is_left_out_of_a_row_is_not_looked_at(db):
    check_row(Person(family_name="", given_name="Nils"), exclude=["user", "family_name"])


@pytest.mark.parametrize(
    ("state", "structure", "code", "words"),
    [
        (State.DELETED, 1, "deleted", "supprimée"),
        (State.DELETED, 2, "invalid", "une autre structure"),
        (State.ACTIVE, 1, "invalid", "une autre structure"),
        ("", 1, "invalid", "comme alias"),
    ],
)
def test_what_bears_an_address_already(state, structure, code, words):
    refusal = already_known(KnownAddress(structure, state), Structure(pk=1))
    assert refusal.code == code
    assert words in refusal.messages[0]


@pytest.mark.sqlite_run
def test_what_is_taken_already_is_said_in_words(org, people, operator):
    """Django says « Un objet Alias avec ce champ Adresse existe déjà »."""
    domain = org.address.partition("@")[2]
    actions.add_alias(org, f"autre@{domain}", by=people.gisele.user)
    row = Alias(bal=org, address=f"autre@{domain}")
    with pytest.raises(Refused, match="Adresse : cette valeur est déjà prise"):
        check_row(row)
