"""What enters the register: eligibility, domains, addresses; and the journal that cannot be rewritten."""

import pytest
from django.db import DatabaseError, connection, transaction

from mailboxes import actions
from mailboxes.lifecycle import State
from mailboxes.models import SYSTEM, Bal, JournalEntry, Notice, Structure
from mailboxes.rules import NotAllowed, Refused


@pytest.fixture
def register(structure, operator, people):
    def act(kind, principal=None, address="service.lilas@chu-exemple.mssante.fr", **facts):
        facts = {"structure": structure, "operator": operator, "by": people.gisele.user, **facts}
        return actions.register_bal(kind=kind, address=address, principal=principal, **facts)

    return act


def test_a_new_bal_is_asked_of_the_operator(register, people):
    bal = register("PER", people.bruno, address="Bruno.Exemple@CHU-exemple.mssante.fr")
    assert (bal.address, bal.state) == ("bruno.exemple@chu-exemple.mssante.fr", State.REQUESTED)
    notice = Notice.objects.get(bal=bal)
    assert notice.address == "demandes@op.invalid"
    assert people.bruno.rpps in notice.text


def test_an_existing_bal_enters_active_and_nobody_is_told(register):
    bal = register("APP", address="no_reply@chu-exemple.mssante.fr", exists=True)
    assert bal.state == State.ACTIVE
    assert not Notice.objects.exists()


@pytest.mark.parametrize("name", ["lea", "eve", "alice"])
def test_only_a_gestionnaire_of_the_structure_registers(register, people, name):
    with pytest.raises(NotAllowed):
        register("ORG", by=getattr(people, name).user)


@pytest.mark.parametrize(
    ("kind", "holder", "address", "sentence"),
    [
        ("PER", None, "a.b@chu-exemple.mssante.fr", "a un titulaire"),
        ("PER", "delphine", "a.b@chu-exemple.mssante.fr", "il lui manque un numéro RPPS"),
        ("CAB", None, "cabinet@chu-exemple.mssante.fr", "a un responsable"),
        ("APP", "alice", "no_reply@chu-exemple.mssante.fr", "pas de titulaire"),
        ("ORG", None, "accueil@autre.mssante.fr", "autre.mssante.fr"),
        ("ORG", None, "279035121518989@patient.mssante.fr", "patient.mssante.fr"),
        ("ORG", None, "deux mots@chu-exemple.mssante.fr", "n’est pas une adresse MSSanté"),
    ],
)
def test_what_is_refused(register, people, kind, holder, address, sentence):
    with pytest.raises(Refused, match=sentence):
        register(kind, holder and getattr(people, holder), address=address)
    assert not Bal.objects.exists()


def test_an_org_wants_a_finess_a_siret_or_an_rpps(register, people, operator):
    practice = Structure.objects.create(name="Cabinet des Lilas", kind=Structure.Kind.PRACTICE)
    with pytest.raises(Refused, match="FINESS ou un SIRET"):
        register("ORG", structure=practice, by=SYSTEM)
    assert register("ORG", people.alice, structure=practice, by=SYSTEM).principal() == people.alice


def test_an_address_stands_once_whatever_its_case(register):
    register("ORG")
    with pytest.raises(Refused, match="déjà au registre"):
        register("ORG", address="SERVICE.Lilas@chu-exemple.mssante.fr")


def test_a_description_leaves_a_line_per_field(org, people):
    actions.describe_bal(org, by=people.gisele.user, service="Cardiologie", liste_rouge=True, description="")
    lines = {(entry.before, entry.after) for entry in org.journal.all()}
    assert lines == {
        ("service de rattachement : –", "service de rattachement : Cardiologie"),
        ("liste rouge : non", "liste rouge : oui"),
    }


def test_the_journal_can_be_told_but_neither_changed_nor_deleted(org, people):
    actions.describe_bal(org, by=people.gisele.user, service="Cardiologie")
    entry = org.journal.get()
    JournalEntry.objects.update(told_at=None, leased_until=None)
    for statement in (
        "UPDATE mailboxes_journalentry SET note = 'autre'",
        "UPDATE mailboxes_journalentry SET at = at, by_id = NULL",
        "DELETE FROM mailboxes_journalentry",
    ):
        with pytest.raises(DatabaseError, match="ne se modifie pas"), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(statement)
    assert JournalEntry.objects.get() == entry


@pytest.mark.parametrize(("name", "sees"), [("gisele", True), ("lea", True), ("alice", True), ("delphine", True)])
def test_who_sees_a_bal(org, people, name, sees):
    assert (org in Bal.objects.visible_to(getattr(people, name).user)) == sees


@pytest.mark.parametrize("name", ["eve", "paul"])
def test_a_stranger_sees_nothing(org, people, name):
    assert org not in Bal.objects.visible_to(getattr(people, name).user)
