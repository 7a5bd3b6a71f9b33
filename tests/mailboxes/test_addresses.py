"""One address, one BAL: the database holds it over BAL and aliases, whoever writes and whenever."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from mailboxes import actions
from mailboxes.models import Alias, Bal, Operator
from mailboxes.moves.actions import launch_migration, prepare_migration
from mailboxes.moves.models import MigratedBal, Migration
from mailboxes.rules import Refused
from tests.mailboxes.test_races import at_once

pytestmark = pytest.mark.django_db

FREE = "libre@chu-exemple.mssante.fr"


def alias(bal, address):
    return Alias(bal=bal, address=address, operator=bal.operator)


def refused(write):
    with pytest.raises(IntegrityError, match="address_once"), transaction.atomic():
        write()


def test_no_bal_takes_the_alias_of_another_nor_an_alias_the_address_of_another(make_bal):
    one, other = make_bal("ORG"), make_bal("ORG")
    alias(one, FREE).save()
    kept = alias(other, "autre@chu-exemple.mssante.fr")
    kept.save()
    refused(lambda: make_bal("ORG", address=FREE))
    refused(lambda: Bal.objects.filter(pk=other.pk).update(address=FREE))
    refused(lambda: Alias.objects.bulk_create([alias(one, other.address)]))
    refused(lambda: Alias.objects.filter(pk=kept.pk).update(address=one.address))
    assert set(Bal.objects.values_list("address", flat=True)) == {one.address, other.address}


def test_a_bal_and_its_own_alias_may_be_the_same_address_and_change_places(make_bal):
    bal = make_bal("ORG")
    own = alias(bal, bal.address)
    own.save()
    former = bal.address
    Bal.objects.filter(pk=bal.pk).update(address=FREE)
    own.delete()
    assert make_bal("ORG", address=former).address == former, "free again, once neither has it"


def test_what_is_deleted_or_moved_leaves_its_address_free(make_bal):
    one, other = make_bal("ORG"), make_bal("ORG")
    former = one.address
    Bal.objects.filter(pk=one.pk).update(address=FREE)
    alias(other, former).save()
    refused(lambda: alias(other, FREE).save())
    Bal.objects.filter(pk=one.pk).delete()
    alias(other, FREE).save()


def test_a_race_lost_is_told_in_a_sentence(make_bal, people, monkeypatch, structure, operator):
    """As it stands between the rule's look and the write."""
    alias(make_bal("ORG"), FREE).save()
    monkeypatch.setattr("mailboxes.actions.register.known_at", lambda address: None)
    with pytest.raises(Refused, match="vient d’être prise par une autre BAL"):
        actions.register_bal(
            structure=structure, operator=operator, kind="ORG", address=FREE, by=people.gisele.user, exists=True
        )
    assert Bal.objects.count() == 1


# --- Two at once ------------------------------------------------------------------------------------------------------
@pytest.fixture
def company(db):
    company = Operator.objects.create(code="nouveau", name="Nouvel opérateur")
    company.domains.create(name="ailleurs.mssante.fr")
    return company


@pytest.fixture
def elsewhere(company):
    """`elsewhere(bal, address, by)`: a migration of this BAL alone."""

    def prepare(bal, address, by):
        facts = {"structure": bal.structure, "operator": company, "domain": "ailleurs.mssante.fr"}
        migration = Migration(**facts, planned_on=timezone.localdate(), auto_reply="Écrivez à {adresse}.")
        return prepare_migration(migration, {bal.pk: address}, by=by)

    return prepare


def play(outcomes, act):
    def go():
        try:
            act()
        except Refused as refusal:
            outcomes.append(refusal.messages[0])
        else:
            outcomes.append("done")

    return go


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql_run
def test_the_same_address_registered_twice_and_made_an_alias_at_once(make_bal, people, structure, operator):
    bal, by = make_bal("ORG"), people.gisele.user
    facts = {"structure": structure, "operator": operator, "kind": "ORG", "address": FREE, "by": by, "exists": True}
    outcomes: list[str] = []
    acts = [lambda: actions.register_bal(**facts)] * 2 + [lambda: actions.add_alias(bal, FREE, by=by)] * 2
    at_once(*[play(outcomes, act) for act in acts])
    assert outcomes.count("done") == 1, outcomes
    assert all("adresse" in said.lower() and said.endswith(".") for said in outcomes if said != "done"), outcomes
    taken = [*Bal.objects.filter(address=FREE), *Alias.objects.filter(address=FREE)]
    assert len(taken) == 1
    assert taken[0].journal.count() == 1 if isinstance(taken[0], Bal) else bal.journal.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql_run
def test_two_gestionnaires_migrate_the_same_bal_at_once(make_bal, people, elsewhere):
    bal, by = make_bal("ORG", people.alice), people.gisele.user
    outcomes: list[str] = []
    acts = [lambda local=local: elsewhere(bal, f"{local}@ailleurs.mssante.fr", by) for local in ("un", "deux")]
    at_once(*[play(outcomes, act) for act in acts])
    assert outcomes.count("done") == 1, outcomes
    (said,) = (one for one in outcomes if one != "done")
    assert "migration" in said
    assert Migration.objects.count() == MigratedBal.objects.count() == Alias.objects.count() == 1
    launch_migration(Migration.objects.get(), by=by)
    assert MigratedBal.objects.get().opening is not None


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql_run
def test_a_migration_and_a_registration_want_the_same_address_at_once(make_bal, people, elsewhere, structure, company):
    bal, by, wanted = make_bal("ORG", people.alice), people.gisele.user, "accueil@ailleurs.mssante.fr"
    outcomes: list[str] = []
    facts = {"structure": structure, "operator": company, "kind": "ORG", "address": wanted, "by": by, "exists": True}
    acts = (lambda: elsewhere(bal, wanted, by), lambda: actions.register_bal(**facts))
    at_once(*[play(outcomes, act) for act in acts])
    assert outcomes.count("done") == 1, outcomes
    assert Bal.objects.filter(address=wanted).count() + Alias.objects.filter(address=wanted).count() == 1
    assert Migration.objects.count() == Alias.objects.count(), "nothing half-moved"
