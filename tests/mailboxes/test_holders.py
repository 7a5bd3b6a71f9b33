"""Cotitulaires, the principal, délégataires: each rule at its edge."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from mailboxes import actions
from mailboxes.lifecycle import State
from mailboxes.models import SYSTEM, Bal, Cotitulaire, Delegataire, Signatory, read_together
from mailboxes.rules import MAX_COTITULAIRES, NotAllowed, Refused
from tests.mailboxes.conftest import make_professional


def test_the_20th_cotitulaire_is_accepted_and_the_21st_refused(crowd, people):
    org = crowd(19)
    actions.add_cotitulaire(org, make_professional(100), by=people.alice.user)
    with pytest.raises(Refused, match="au plus 20 cotitulaires") as refusal:
        actions.add_cotitulaire(org, make_professional(101), by=people.alice.user)
    assert refusal.value.code == "full"
    assert org.cotitulaires.count() == MAX_COTITULAIRES


@pytest.mark.parametrize(("rpps", "has_cps", "lacks"), [(None, False, "RPPS"), ("20000000123", False, "CPS")])
def test_a_cotitulaire_has_an_rpps_and_a_card(org, people, rpps, has_cps, lacks):
    person = make_professional(50)
    person.rpps, person.has_cps = rpps, has_cps
    person.save()
    with pytest.raises(Refused, match=lacks):
        actions.add_cotitulaire(org, person, by=people.alice.user)


@pytest.mark.parametrize("name", ["delphine", "gisele", "lea", "eve"])
def test_only_a_cotitulaire_authorises_another(org, people, name):
    with pytest.raises(NotAllowed):
        actions.add_cotitulaire(org, make_professional(1), by=getattr(people, name).user)


def test_nobody_is_cotitulaire_twice(org, people):
    with pytest.raises(Refused, match="déjà cotitulaire"):
        actions.add_cotitulaire(org, people.bruno, by=people.alice.user)


def test_a_per_has_no_cotitulaire(per, people):
    with pytest.raises(Refused):
        actions.add_cotitulaire(per, people.bruno, by=SYSTEM)


def test_the_principal_alone_hands_over(org, people):
    with pytest.raises(NotAllowed):
        actions.transfer_principal(org, people.bruno, by=people.bruno.user)
    actions.transfer_principal(org, people.bruno, by=people.alice.user)
    org.refresh_from_db()
    assert org.principal() == people.bruno
    entry = org.journal.get()
    assert (entry.before, entry.after) == (str(people.alice), str(people.bruno))


def test_the_principal_cannot_leave_before_handing_over(org, people):
    with pytest.raises(Refused, match="orpheline"):
        actions.remove_cotitulaire(org, people.alice, by=people.alice.user)


def test_a_cotitulaire_leaves_alone_and_their_delegations_end(org, people):
    actions.delegate(org, people.lea, under=people.bruno, reason="remplacement", by=people.bruno.user)
    actions.remove_cotitulaire(org, people.bruno, by=people.bruno.user)
    assert not org.cotitulaires.filter(person=people.bruno).exists()
    assert not org.delegataires.filter(under=people.bruno, ended_at=None).exists()
    assert org.delegataires.filter(under=people.alice, ended_at=None).exists()


def test_who_signs_without_an_account_is_not_every_cotitulaire_without_one(crowd):
    org = crowd(4)
    first, other = [holder.person for holder in org.cotitulaires.filter(person__user=None).order_by("pk")]
    with pytest.raises(NotAllowed):
        actions.remove_cotitulaire(org, other, by=Signatory(first))
    actions.remove_cotitulaire(org, first, by=Signatory(first))
    assert not org.cotitulaires.filter(person=first).exists()


def test_a_gestionnaire_names_a_principal_only_for_an_orphan(org, people):
    with pytest.raises(Refused, match="lui seul peut transmettre"):
        actions.name_principal(org, people.bruno, by=people.gisele.user)
    Cotitulaire.objects.filter(bal=org, is_principal=True).delete()
    org = Bal.objects.get(pk=org.pk)
    actions.name_principal(org, people.bruno, by=people.gisele.user)
    assert Bal.objects.get(pk=org.pk).principal() == people.bruno


def test_a_full_orphan_is_repaired_from_within_only(crowd, people):
    org = crowd(20)
    Cotitulaire.objects.filter(bal=org).update(is_principal=False)
    with pytest.raises(Refused, match="au plus 20"):
        actions.name_principal(org, make_professional(200), by=people.gisele.user)
    actions.name_principal(org, people.bruno, by=people.gisele.user)
    assert org.cotitulaires.count() == MAX_COTITULAIRES


def test_the_database_holds_one_principal(org):
    with pytest.raises(IntegrityError), transaction.atomic():
        org.cotitulaires.update(is_principal=True)


def test_a_holder_delegates_in_their_own_name_only(org, people):
    with pytest.raises(NotAllowed, match="en son propre nom"):
        actions.delegate(org, people.lea, under=people.alice, reason="secrétariat", by=people.bruno.user)
    delegation = actions.delegate(org, people.lea, under=people.bruno, reason="secrétariat", by=people.bruno.user)
    assert delegation.can_read
    assert not delegation.can_send


def test_who_holds_a_bal_is_lent_none_of_it(org, people):
    with pytest.raises(Refused, match="est déjà titulaire de cette BAL"):
        actions.delegate(org, people.alice, under=people.bruno, reason="secrétariat", by=people.bruno.user)


def test_a_delegataire_delegates_nothing(org, people):
    with pytest.raises(NotAllowed):
        actions.delegate(org, people.lea, under=people.delphine, reason="vacances", by=people.delphine.user)


def test_the_titulaire_of_a_per_delegates_it(per, people):
    actions.delegate(per, people.delphine, under=people.paul, reason="secrétariat", by=people.paul.user)
    assert people.delphine.user in [d.person.user for d in per.delegataires.current()]


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"can_read": False}, "permet de consulter"),
        ({"ends_on": date(2020, 1, 1)}, "précéder son début"),
        ({"reason": ""}, "Mission"),
    ],
)
def test_a_delegation_that_makes_no_sense_is_refused_with_its_field(org, people, facts, sentence):
    with pytest.raises(Refused, match=sentence):
        actions.delegate(
            org, people.lea, **{"under": people.bruno, "reason": "secrétariat", "by": people.bruno.user, **facts}
        )


def test_a_delegation_counts_until_its_last_day(org, people):
    today = timezone.localdate()
    delegation = org.delegataires.get()
    for ends_on, current in [(today, True), (today - timedelta(days=1), False), (None, True)]:
        Delegataire.objects.update(starts_on=today - timedelta(days=30), ends_on=ends_on)
        assert (delegation in Delegataire.objects.current()) == current
        assert (org in Bal.objects.mine(people.delphine.user)) == current


def test_a_delegation_ends_once(org, people):
    delegation = org.delegataires.get()
    actions.end_delegation(delegation, by=people.alice.user)
    with pytest.raises(Refused, match="déjà terminée"):
        actions.end_delegation(delegation, by=people.alice.user)


def test_a_deleted_bal_takes_no_one(org, people):
    Bal.objects.update(state=State.DELETED)
    with pytest.raises(Refused, match="supprimée"):
        actions.add_cotitulaire(org, make_professional(1), by=people.alice.user)


# --- Read with their BAL ----------------------------------------------------------------------------------------------
def test_thousands_read_together_say_what_each_says_alone(
    org, per, app, people, make_bal, operator, django_assert_num_queries
):
    """Roles, holders in their order, delegations of today, who has left: without a query more for each."""
    make_bal("ORG", people.bruno, address="sans-suite@chu-exemple.mssante.fr")
    Delegataire.objects.create(bal=org, person=people.paul, under=people.alice, reason="Secrétariat")
    past = {"starts_on": date(2020, 1, 1), "ends_on": date(2020, 1, 2), "reason": "Passée"}
    Delegataire.objects.create(bal=per, person=people.paul, under=people.alice, **past)
    people.alice.affiliations.update(left_on=timezone.localdate())
    actors = [people.alice.user, people.gisele.user, people.eve.user, SYSTEM]

    def said(bal):
        yield bal, bal.structure, bal.operator, bal.principal(), bal.has_lost_its_holder()
        yield [(one.person_id, one.is_principal, one.role) for one in bal.cotitulaires.all()]
        yield [(one.person, one.under) for one in bal.current_delegations()]
        yield [bal.roles_of(actor) for actor in actors]

    alone = [list(said(bal)) for bal in Bal.objects.with_holders().order_by("pk")]
    assert len(alone) > 3
    assert any(delegations for _, _, delegations, _ in alone)
    assert any(has_left for (*_, has_left), _, _, _ in alone)
    together = read_together(Bal.objects.order_by("pk"))
    with django_assert_num_queries(0):
        assert [list(said(bal)) for bal in together] == alone
