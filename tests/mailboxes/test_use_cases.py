"""The four use cases of the extended BAL ORG, each played from its opening to its end, with what is refused on the way.

Their structures have no FINESS: the RPPS of the professional who opens is enough.
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from mailboxes import actions, jobs
from mailboxes.lifecycle import State, Verb
from mailboxes.models import (
    Affiliation,
    Bal,
    Cotitulaire,
    Delegataire,
    Membership,
    Notice,
    Operator,
    Request,
    Structure,
)
from mailboxes.rules import NotAllowed, Refused
from tests.mailboxes.conftest import make_person

pytestmark = pytest.mark.sqlite_run

DOMAIN = "regional.mssante.fr"


@pytest.fixture
def regional(db):
    operator = Operator.objects.create(code="grades", name="GRADeS", request_email="mssante@grades.invalid")
    operator.domains.create(name=DOMAIN)
    return operator


@pytest.fixture
def place(db):
    """`place("Cabinet", {"a": "30000000012", "secretaire": None})`: a structure without FINESS nor SIRET, its people by
    name; the first manages it, as in a practice."""

    def make(name, cast, kind=Structure.Kind.PRACTICE, **facts):
        structure = Structure.objects.create(name=name, kind=kind, **facts)
        people = {who: make_person(who, structure, rpps) for who, rpps in cast.items()}
        Membership.objects.create(user=people[next(iter(cast))].user, structure=structure, role="gestionnaire")
        return structure, people

    return make


def opened(structure, operator, local, by, **facts):
    """Asked of the operator by the professional who answers for it, then confirmed by the operator."""
    bal = actions.register_bal(
        structure=structure,
        operator=operator,
        kind=Bal.Kind.ORGANISATIONNELLE,
        address=f"{local}@{DOMAIN}",
        principal=by,
        purpose="Comptes rendus de la patientèle commune, à côté des BAL nominatives.",
        by=by.user,
        **facts,
    )
    assert bal.state == State.REQUESTED
    assert Request.objects.get(bal=bal).kind == "open"
    actions.move(bal, Verb.ACTIVATE, by=by.user)
    return Bal.objects.get(pk=bal.pk)


def holders_of(bal):
    return [(row.person.given_name, row.is_principal) for row in bal.cotitulaires.order_by("pk")]


def delegate(bal, to, under, **facts):
    return actions.delegate(bal, to, under=under, reason="secrétariat", by=under.user, **facts)


# --- Case 1: a practice of nurses -------------------------------------------------------------------------------------
NURSES = {"anne": "30000000012", "basile": "30000000020", "cyril": "30000000038", "remplacante": None}


def test_case_1_nurse_a_opens_names_b_who_names_c(place, regional):
    cabinet, nurses = place("Cabinet infirmier", NURSES)
    a, b, c = (nurses[name] for name in ("anne", "basile", "cyril"))
    assert not cabinet.has_national_id
    bal = opened(cabinet, regional, "cabinet-infirmier.93260", a)

    with pytest.raises(NotAllowed):
        actions.add_cotitulaire(bal, c, by=b.user)  # not yet cotitulaire
    actions.add_cotitulaire(bal, b, by=a.user)
    actions.add_cotitulaire(bal, c, by=b.user)
    assert holders_of(bal) == [("Anne", True), ("Basile", False), ("Cyril", False)]

    with pytest.raises(Refused, match="RPPS"):
        actions.add_cotitulaire(bal, nurses["remplacante"], by=b.user)
    bal.refresh_from_db()
    for name in ("basile", "cyril"):  # cotitulaires, who neither open nor close
        with pytest.raises(NotAllowed):
            actions.move(bal, Verb.REQUEST_DELETION, by=nurses[name].user, attested=True)
        with pytest.raises(NotAllowed):
            actions.register_bal(structure=cabinet, operator=regional, kind="ORG", address=f"autre@{DOMAIN}",
                                 principal=nurses[name], by=nurses[name].user)  # fmt: skip
    with pytest.raises(NotAllowed):
        actions.remove_cotitulaire(bal, c, by=b.user)


def test_case_1_a_retires_and_hands_over_to_c_who_may_then_ask_for_the_deletion(place, regional):
    cabinet, nurses = place("Cabinet infirmier", NURSES)
    a, b, c = (nurses[name] for name in ("anne", "basile", "cyril"))
    bal = opened(cabinet, regional, "cabinet-infirmier.93260", a, liste_rouge=True)
    actions.add_cotitulaire(bal, b, by=a.user)
    actions.add_cotitulaire(bal, c, by=b.user)
    stay = Affiliation.objects.get(person=a)
    with pytest.raises(Refused, match="orpheline"):
        actions.record_departure(stay, timezone.localdate(), by=a.user)
    actions.hand_over(bal, c, by=a.user)
    actions.record_departure(stay, timezone.localdate(), by=a.user)
    assert holders_of(bal) == [("Basile", False), ("Cyril", True)]
    assert not Bal.objects.visible_to(b.user).filter(cotitulaires__person=a).exists()
    with pytest.raises(Refused, match="Attestez"):
        actions.move(bal, Verb.REQUEST_DELETION, by=c.user)
    assert actions.move(bal, Verb.REQUEST_DELETION, by=c.user, attested=True).state == State.DELETION_REQUESTED


def test_case_1_without_rpps_nor_finess_nothing_is_opened(place, regional):
    cabinet, nurses = place("Cabinet infirmier", {"anne": "30000000012", "remplacante": None})
    facts = {"structure": cabinet, "operator": regional, "kind": "ORG", "address": f"x@{DOMAIN}"}
    with pytest.raises(Refused, match="au moins un professionnel avec un numéro RPPS"):
        actions.register_bal(by=nurses["anne"].user, **facts)
    with pytest.raises(Refused, match="RPPS"):
        actions.register_bal(by=nurses["anne"].user, principal=nurses["remplacante"], **facts)
    assert not Bal.objects.exists()


# --- Cases 2 and 3: doctors and the secretary they share --------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "kind", "local"),
    [
        ("Cabinet médical de groupe", Structure.Kind.PRACTICE, "cabinet-des-lilas.93260"),
        ("Centre de dépistage", Structure.Kind.NETWORK, "reseau-cancerologie.villeurbanne"),
    ],
    ids=["case 2", "case 3"],
)
def test_cases_2_and_3_both_delegate_to_the_secretary(place, regional, name, kind, local, time_machine):
    """In case 3 the second is the radiologist of the network: the same roles, in another sort of structure."""
    cast = {"medecin": "30000000012", "confrere": "30000000020", "secretaire": None, "stagiaire": None}
    structure, people = place(name, cast, kind)
    doctor, colleague, secretary, trainee = people.values()
    bal = opened(structure, regional, local, doctor)
    with pytest.raises(NotAllowed):
        delegate(bal, secretary, colleague)  # who holds nothing yet
    actions.add_cotitulaire(bal, colleague, by=doctor.user)
    first = delegate(bal, secretary, doctor, can_send=True)
    second = delegate(bal, secretary, colleague, can_send=True, ends_on=timezone.localdate() + timedelta(days=30))
    assert Bal.objects.mine(secretary.user).get() == bal

    bal = Bal.objects.get(pk=bal.pk)
    for act in (
        lambda: actions.delegate(bal, trainee, under=secretary, reason="x", by=secretary.user),  # no further
        lambda: actions.delegate(bal, trainee, under=doctor, reason="x", by=secretary.user),  # nor in the doctor's name
        lambda: actions.add_cotitulaire(bal, colleague, by=secretary.user),
        lambda: actions.move(bal, Verb.REQUEST_DELETION, by=secretary.user, attested=True),
        lambda: actions.end_delegation(first, by=secretary.user),
    ):
        with pytest.raises(NotAllowed):
            act()
    with pytest.raises(Refused, match="déjà une délégation"):
        delegate(bal, secretary, doctor)
    with pytest.raises(Refused, match="RPPS"):
        actions.add_cotitulaire(bal, secretary, by=doctor.user)
    assert not Cotitulaire.objects.filter(person=secretary).exists(), "never at the annuaire"

    # The colleague goes: what stood under them ends too; under the doctor it goes on, until its own end.
    actions.remove_cotitulaire(bal, colleague, by=doctor.user)
    second.refresh_from_db()
    assert second.ended_at
    assert Bal.objects.mine(secretary.user).get() == bal
    Delegataire.objects.filter(pk=first.pk).update(ends_on=timezone.localdate() + timedelta(days=3))
    time_machine.move_to(timezone.now() + timedelta(days=4))
    assert not Bal.objects.mine(secretary.user).exists(), "at once, without waiting for the night"
    assert jobs.run("end_delegations").done == 1
    told = set(Notice.objects.filter(stage="end_delegation").values_list("person__given_name", flat=True))
    assert told == {"Medecin", "Confrere", "Secretaire"}


# --- Case 4: the ministry of the interior -----------------------------------------------------------------------------
MISSIONS = {
    "conseil-medical": ["chef du conseil médical", "secrétaire médical"],
    "service-medical": ["responsable adjoint du service", "gestionnaire", "secrétaire médical"],
    "detention": ["chef de section", "responsable administratif"],
    "inspection": ["adjoint du bureau"],
}
FUNCTIONS = sorted({function for functions in MISSIONS.values() for function in functions})


@pytest.fixture
def sgami(place, regional):
    cast = {"inspecteur": "30000000012"} | {f"agent{rank}": None for rank in range(len(FUNCTIONS))}
    structure, people = place("SGAMI", cast, Structure.Kind.ADMINISTRATION)
    agents = {function: people[f"agent{rank}"] for rank, function in enumerate(FUNCTIONS)}
    inspector = people["inspecteur"]
    bals = {local: opened(structure, regional, f"{local}.sgami", inspector) for local in MISSIONS}
    for local, functions in MISSIONS.items():
        for function in functions:
            actions.delegate(bals[local], agents[function], under=inspector, reason=function, by=inspector.user,
                             can_send=function != "gestionnaire")  # fmt: skip
    return structure, inspector, agents, bals


def test_case_4_the_inspector_opens_four_bal_and_each_agent_uses_those_of_their_mission(sgami):
    _, inspector, agents, bals = sgami
    assert len(bals) == 4
    assert len(agents) == 7
    assert {bal.principal() for bal in bals.values()} == {inspector}
    for function, agent in agents.items():
        used = set(Bal.objects.visible_to(agent.user))
        assert used == {bals[local] for local, functions in MISSIONS.items() if function in functions}
    delegations = Delegataire.objects.current()
    assert {row.under for row in delegations} == {inspector}
    assert not delegations.filter(reason="gestionnaire", can_send=True).exists()
    assert not Cotitulaire.objects.exclude(person=inspector).exists()


def test_case_4_an_agent_moves_to_another_mission(sgami):
    _, inspector, agents, bals = sgami
    agent = agents["chef de section"]
    with pytest.raises(NotAllowed):
        actions.delegate(bals["inspection"], agent, under=inspector, reason="x", by=agents["gestionnaire"].user)
    actions.end_delegation(bals["detention"].delegataires.get(person=agent), by=inspector.user)
    actions.delegate(bals["inspection"], agent, under=inspector, reason="intérim", by=inspector.user)
    assert set(Bal.objects.visible_to(agent.user)) == {bals["inspection"]}


def test_case_4_the_inspector_leaves_only_once_all_four_are_handed_over(sgami):
    structure, inspector, agents, bals = sgami
    stay = Affiliation.objects.get(person=inspector)
    heir = make_person("successeur", structure, "30000000061")
    for local in list(MISSIONS)[:3]:
        actions.hand_over(bals[local], heir, by=inspector.user)
    with pytest.raises(Refused, match=bals["inspection"].address):
        actions.record_departure(stay, timezone.localdate(), by=inspector.user)
    with pytest.raises(Refused, match="RPPS"):
        actions.hand_over(bals["inspection"], agents["adjoint du bureau"], by=inspector.user)
    actions.hand_over(bals["inspection"], heir, by=inspector.user)
    # The accesses go on under the successor where they are taken over; the others end with the inspector.
    for delegation in Delegataire.objects.current().exclude(bal=bals["inspection"]):
        actions.take_over_delegation(delegation, by=heir.user)
    actions.record_departure(stay, timezone.localdate(), by=inspector.user)
    assert set(Cotitulaire.objects.values_list("person", flat=True)) == {heir.pk}
    assert set(Delegataire.objects.current().values_list("under", flat=True)) == {heir.pk}
    assert not Delegataire.objects.current().filter(bal=bals["inspection"]).exists()
