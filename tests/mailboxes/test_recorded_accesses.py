"""Accesses are asked of the operator, like all the rest; people hear of those they get, lose or are said to give."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mailboxes import actions
from mailboxes.actions.holders import leave_bal
from mailboxes.lifecycle import Act, RequestKind, RequestStage, State
from mailboxes.models import Bal, Delegataire, JournalEntry, Notice, Request
from mailboxes.requests.letters import files_of
from mailboxes.rules import NotAllowed, Refused, check_access, check_object_access

GRANT, WITHDRAW = RequestKind.GRANT, RequestKind.WITHDRAW
WORD = {"told_on": timezone.localdate(), "told_how": "par téléphone"}


@pytest.fixture
def alice(people):
    return people.alice.user


def asked(**facts):
    rows = Request.objects.filter(kind__in=[GRANT, WITHDRAW], **facts).order_by("pk")
    return [(row.kind, row.person.given_name, row.stage) for row in rows]


def told(what):
    notices = Notice.objects.filter(stage=what).exclude(party="operator").order_by("pk")
    return [notice.person.given_name if notice.person else notice.party for notice in notices]


def send_all():
    for request in Request.objects.filter(stage=RequestStage.DRAFT):
        Request.objects.filter(pk=request.pk).mark_sent(timezone.now())


# --- Each change is asked ---------------------------------------------------------------------------------------------
def test_adding_and_removing_a_cotitulaire_is_asked_and_only_they_hear_of_it(org, people, alice):
    actions.add_cotitulaire(org, people.paul, by=alice)
    assert asked() == [(GRANT, "Paul", "draft")]
    assert "Cotitulaire : Paul EXEMPLE, RPPS 10000000033." in Request.objects.get().letter.text
    assert told(Act.ADD_COTITULAIRE) == ["Paul"]
    send_all()
    actions.step(Request.objects.get(), Act.RECORD_DONE, by=people.gisele.user, answer="Ouvert.")
    actions.remove_cotitulaire(org, people.paul, by=alice)
    assert asked() == [(GRANT, "Paul", "done"), (WITHDRAW, "Paul", "draft")]
    assert told(Act.REMOVE_COTITULAIRE) == ["Paul"]


def test_many_are_asked_at_once_each_for_themselves(org, people, alice, crowd):
    for who in (people.paul, people.lea):
        actions.delegate(org, who, under=people.alice, reason="Garde", by=alice)
    assert asked() == [(GRANT, "Paul", "draft"), (GRANT, "Lea", "draft")]
    (file,) = files_of(Request.objects.with_letters())
    lines = "".join(file.lines)
    assert "Personne;RPPS de la personne" in lines
    assert "Paul EXEMPLE;10000000033" in lines


def test_what_was_not_opened_yet_is_cancelled_and_not_closed(org, people, alice):
    actions.add_cotitulaire(org, people.paul, by=alice)
    actions.remove_cotitulaire(org, people.paul, by=alice)
    assert asked() == [(GRANT, "Paul", "cancelled")]
    actions.add_cotitulaire(org, people.paul, by=alice)
    assert asked()[-1] == (GRANT, "Paul", "draft")


@pytest.mark.parametrize(
    "change",
    [
        lambda org, people: actions.extend_delegation(org.delegataires.get(), None, by=people.alice.user),
        lambda org, people: actions.take_over_delegation(org.delegataires.get(), by=people.bruno.user),
        lambda org, people: actions.delegate(
            org, people.delphine, under=people.bruno, reason="Garde", by=people.bruno.user
        ),
    ],
    ids=["lent longer", "taken over", "lent twice"],
)
def test_what_was_open_before_it_was_changed_is_closed_though_the_change_still_waits(org, people, alice, change):
    """Delphine's access stands at the operator; to cancel what is still asked of it closes nothing."""
    Delegataire.objects.update(ends_on=timezone.localdate() + timedelta(days=30))
    change(org, people)
    assert asked() == [(GRANT, "Delphine", "draft")]
    for row in Delegataire.objects.standing():
        actions.end_delegation(row, by=(people.bruno if row.under == people.bruno else people.alice).user)
    assert asked() == [(GRANT, "Delphine", "cancelled"), (WITHDRAW, "Delphine", "draft")]


@pytest.mark.parametrize(
    ("facts", "asks"), [({}, False), ({"can_send": True}, True), ({"ends_on": date(2099, 1, 1)}, True)]
)
def test_lent_again_before_its_closing_it_is_asked_for_where_it_is_not_the_same(org, people, alice, facts, asks):
    former = org.delegataires.get()
    actions.end_delegation(former, by=alice)
    same = {"can_read": former.can_read, "can_send": former.can_send, "ends_on": former.ends_on, "reason": "Garde"}
    actions.delegate(org, people.delphine, under=people.alice, by=alice, **{**same, **facts})
    opened = [(GRANT, "Delphine", "draft")] if asks else []
    assert asked() == [(WITHDRAW, "Delphine", "cancelled"), *opened]


def test_who_was_a_cotitulaire_and_is_lent_it_is_no_cotitulaire_at_the_operator(org, people, alice):
    actions.remove_cotitulaire(org, people.bruno, by=alice)
    actions.delegate(org, people.bruno, under=people.alice, reason="Garde", by=alice)
    assert asked() == [(WITHDRAW, "Bruno", "cancelled"), (GRANT, "Bruno", "draft")]
    actions.end_delegation(org.delegataires.get(person=people.bruno), by=alice)
    assert asked()[-1] == (WITHDRAW, "Bruno", "draft")
    actions.add_cotitulaire(org, people.bruno, by=alice)
    assert asked()[-2:] == [(WITHDRAW, "Bruno", "cancelled"), (GRANT, "Bruno", "draft")]


def test_who_was_to_be_principal_and_is_removed_is_closed(org, people, alice):
    actions.transfer_principal(org, people.bruno, by=alice)
    actions.transfer_principal(org, people.alice, by=people.bruno.user)
    actions.remove_cotitulaire(org, people.bruno, by=alice)
    assert asked(person=people.bruno) == [(GRANT, "Bruno", "cancelled"), (WITHDRAW, "Bruno", "draft")]


def test_what_was_never_opened_is_not_closed_however_often_it_is_lent(org, people, alice):
    for _ in range(2):
        lent = actions.delegate(org, people.lea, under=people.alice, reason="Garde",
                                ends_on=timezone.localdate() + timedelta(days=3), by=alice)  # fmt: skip
        actions.extend_delegation(lent, None, by=alice)
        actions.end_delegation(lent, by=alice)
    assert {kind for kind, *_ in asked()} == {GRANT}
    lent = actions.delegate(org, people.lea, under=people.alice, reason="Garde", by=alice)
    Request.objects.filter(stage=RequestStage.DRAFT).update(stage=RequestStage.DONE)
    actions.end_delegation(lent, by=alice)
    assert asked()[-1] == (WITHDRAW, "Lea", "draft")


def test_an_ended_delegation_is_closed_unless_another_stands(org, people, alice):
    actions.delegate(org, people.delphine, under=people.bruno, reason="Garde", by=people.bruno.user)
    under_alice, under_bruno = Delegataire.objects.order_by("pk")
    Request.objects.update(stage=RequestStage.DONE)
    actions.end_delegation(under_bruno, by=people.bruno.user)
    assert asked(kind=WITHDRAW) == []
    actions.end_delegation(under_alice, by=alice)
    assert asked(kind=WITHDRAW) == [(WITHDRAW, "Delphine", "draft")]
    assert told(Act.END_DELEGATION) == ["Delphine", "Delphine"], "neither twenty holders nor who ended it"


def test_who_is_a_cotitulaire_no_more_is_left_what_they_were_lent(org, people, alice, client):
    """At the operator they would hold the BAL still."""
    actions.delegate(org, people.paul, under=people.alice, reason="Garde", by=alice)
    actions.add_cotitulaire(org, people.paul, by=alice)
    Request.objects.update(stage=RequestStage.DONE)
    client.force_login(alice)
    said = client.post(reverse("bal-holder-remove", args=[org.pk, people.paul.pk]), follow=True).text
    assert "est prié de ne laisser que l’accès qui reste à Paul EXEMPLE." in said
    assert asked()[-1] == (GRANT, "Paul", "draft")
    detail = Request.objects.latest("pk").detail
    assert detail.startswith("Délégataire : Paul EXEMPLE, RPPS 10000000033, sous Alice EXEMPLE")
    assert detail.endswith("Rien d’autre n’est à laisser à cette personne.")
    actions.end_delegation(org.delegataires.get(person=people.paul), by=alice)
    assert asked()[-2:] == [(GRANT, "Paul", "cancelled"), (WITHDRAW, "Paul", "draft")], "it was never closed"


def test_of_two_accesses_that_were_lent_the_lesser_is_left(org, people, alice):
    more = actions.delegate(
        org, people.delphine, under=people.bruno, reason="Garde", can_send=True, by=people.bruno.user
    )
    Request.objects.update(stage=RequestStage.DONE)
    actions.end_delegation(more, by=people.bruno.user)
    assert asked()[-1] == (GRANT, "Delphine", "draft")
    assert "en lecture, du" in Request.objects.latest("pk").detail


def test_whoever_leaves_is_closed_and_left_nothing(org, people, alice, by_gisele):
    actions.delegate(org, people.paul, under=people.alice, reason="Garde", by=alice)
    actions.add_cotitulaire(org, people.paul, by=alice)
    Request.objects.update(stage=RequestStage.DONE)
    leave_bal(org, people.paul, by=by_gisele, note="Départ.")
    assert asked(person=people.paul)[2:] == [(WITHDRAW, "Paul", "draft")]


def test_handing_over_is_asked_too(org, people, alice):
    actions.transfer_principal(org, people.bruno, by=alice)
    assert asked() == [(GRANT, "Bruno", "draft")]
    assert "Cotitulaire principal : Bruno EXEMPLE, RPPS 10000000025, à la place de" in Request.objects.get().detail


def test_a_departure_to_come_takes_nothing_away_yet(org, people, by_gisele):
    stay = people.bruno.affiliations.get()
    actions.record_departure(stay, left_on=timezone.localdate() + timedelta(days=1), by=by_gisele)
    with pytest.raises(Refused, match="n’a pas encore quitté"):
        actions.apply_departure(stay, by=by_gisele)
    assert org.is_held_by(people.bruno)


def test_a_departure_asks_for_each_access_to_be_closed(org, people, by_gisele):
    stay = people.bruno.affiliations.get()
    actions.record_departure(stay, left_on=timezone.localdate(), by=by_gisele)
    stay.refresh_from_db()
    if stay.applied_at is None:
        actions.apply_departure(stay, by=by_gisele)
    assert asked() == [(WITHDRAW, "Bruno", "draft")]


@pytest.fixture
def by_gisele(people):
    return people.gisele.user


def test_nothing_is_asked_of_an_operator_who_confirmed_the_deletion(org, people, alice):
    Bal.objects.update(state=State.DELETION_CONFIRMED)
    actions.remove_cotitulaire(org, people.bruno, by=alice)
    assert asked() == []


def test_a_list_that_shows_the_access_answers_the_request(org, people, alice, bring_in):
    actions.add_cotitulaire(org, people.paul, by=alice)
    actions.remove_cotitulaire(org, people.bruno, by=alice)
    rows = "".join(
        f"{org.address};ORG;{person.rpps};{role}\n"
        for person, role in ((people.alice, "principal"), (people.paul, "cotitulaire"))
    )
    bring_in("Adresse;Type;RPPS;Rôle\n" + rows)
    assert asked() == [(GRANT, "Paul", "done"), (WITHDRAW, "Bruno", "done")]
    assert JournalEntry.objects.filter(what=Act.RECORD_DONE).count() == 2


def test_a_list_that_names_a_person_says_nothing_of_what_they_are_left(org, people, alice, bring_in):
    actions.delegate(org, people.paul, under=people.alice, reason="Garde", by=alice)
    actions.add_cotitulaire(org, people.paul, by=alice)
    Request.objects.update(stage=RequestStage.DONE)
    actions.remove_cotitulaire(org, people.paul, by=alice)
    rows = f"{org.address};ORG;{people.alice.rpps};principal\n{org.address};ORG;{people.paul.rpps};cotitulaire\n"
    bring_in("Adresse;Type;RPPS;Rôle\n" + rows)
    assert asked(person=people.paul)[-1] == (GRANT, "Paul", "draft")


def test_a_refused_access_stands_on_the_page_as_refused(org, people, alice, client):
    actions.add_cotitulaire(org, people.paul, by=alice)
    client.force_login(alice)
    assert "pas encore confirmé" in client.get(org.get_absolute_url()).text
    actions.step(Request.objects.get(), Act.RECORD_REFUSAL, by=people.gisele.user, answer="RPPS inconnu.")
    assert "refusé par Opérateur régional" in client.get(org.get_absolute_url()).text
    actions.step(Request.objects.get(), Act.ASK_AGAIN, by=people.gisele.user)
    assert asked()[-1] == (GRANT, "Paul", "draft")


# --- On somebody's word -----------------------------------------------------------------------------------------------
def test_a_gestionnaire_records_what_exists_and_asks_for_what_does_not(org, people, by_gisele):
    facts = {"under": people.alice, "by": by_gisele, **WORD}
    actions.record_access(org, people.paul, as_cotitulaire=True, **facts)
    assert asked() == []
    actions.request_access(org, people.lea, reason="Secrétariat", **facts)
    assert asked() == [(GRANT, "Lea", "draft")]
    assert told(Act.RECORD_ACCESS) == ["Paul", "Alice"]
    assert told(Act.REQUEST_ACCESS) == ["Lea", "Alice"]
    note = f"Sur la parole d’Alice EXEMPLE, le {timezone.localdate():%d/%m/%Y}, par téléphone."
    assert set(org.journal.values_list("note", flat=True)) == {note}
    paul = org.cotitulaires.get(person=people.paul)
    assert (paul.vouched_by, paul.told_how) == (people.alice, "par téléphone")


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"told_how": " "}, "Dites comment"),
        ({"told_on": timezone.localdate() + timedelta(days=1)}, "aujourd’hui ou avant"),
        ({"told_on": None}, "Dites quel jour"),
        ({"under": "paul"}, "n’est pas titulaire de cette BAL"),
        ({"person": "bruno"}, "est déjà titulaire"),
        ({"person": "delphine", "as_cotitulaire": True}, "il lui manque"),
    ],
)
def test_the_word_is_somebody_s_who_answers_for_it(org, people, by_gisele, facts, says):
    facts = {"person": "lea", "under": "alice", "reason": "Secrétariat", **WORD, **facts}
    who, under = (getattr(people, facts.pop(name)) for name in ("person", "under"))
    with pytest.raises(Refused, match=says):
        actions.record_access(org, who, under=under, by=by_gisele, **facts)
    assert not org.journal.exists()


def test_a_delegation_that_is_ended_is_denied_no_more(org, people, by_gisele, alice):
    access = actions.request_access(org, people.lea, under=people.alice, by=by_gisele, reason="Accueil", **WORD)
    Delegataire.objects.filter(pk=access.pk).update(ended_at=timezone.now())
    access.refresh_from_db()
    with pytest.raises(Refused, match="déjà terminée") as refusal:
        check_object_access(access, by=alice)
    assert refusal.value.code == "state"


def test_whom_it_cites_denies_it_and_nobody_else(org, people, by_gisele, alice, client):
    access = actions.request_access(org, people.paul, under=people.alice, as_cotitulaire=True, by=by_gisele, **WORD)
    page = reverse("bal-access-object", args=[org.pk, people.paul.pk])
    client.force_login(people.bruno.user)
    assert page not in client.get(org.get_absolute_url()).text
    with pytest.raises(NotAllowed):
        actions.object_access(access, by=people.bruno.user)
    client.force_login(alice)
    assert page in client.get(org.get_absolute_url()).text
    assert client.post(page).status_code == 302
    assert not org.cotitulaires.filter(person=people.paul).exists()
    assert asked() == [(GRANT, "Paul", "cancelled")]
    assert told(Act.OBJECT_ACCESS) == ["gestionnaires", "Paul"]
    assert client.post(page).status_code == 404


def test_the_page_records_a_delegataire_of_a_per_on_the_word_of_its_titulaire(per, people, client):
    client.force_login(people.gisele.user)
    page = reverse("bal-access", args=[per.pk])
    facts = {"existing": "existing", "person": "Delphine", "under": people.paul.pk, "told_on": timezone.localdate(),
             "told_how": "en réunion", "can_read": "on", "is_endless": "on", "reason": "Secrétariat"}  # fmt: skip
    assert client.post(page, facts).status_code == 302
    delegation = per.delegataires.get()
    assert (delegation.under, delegation.vouched_by, delegation.told_how) == (people.paul, people.paul, "en réunion")
    assert "sur la parole de Paul EXEMPLE" in client.get(per.get_absolute_url()).text


# --- The rule alone ---------------------------------------------------------------------------------------------------
def refusal(bal, person, under, people, *, as_cotitulaire=False) -> str:
    """Its code; "" where the gestionnaire may record this access."""
    bal = Bal.objects.with_holders().get(pk=bal.pk)
    by = people.gisele.user
    try:
        check_access(bal, person, under, Act.RECORD_ACCESS, as_cotitulaire=as_cotitulaire, by=by)
    except Refused as refused:
        return str(refused.code)
    return ""


def test_what_access_may_be_recorded_of_whom_under_whom(org, per, app, people):
    lea, alice, bruno, paul = people.lea, people.alice, people.bruno, people.paul
    assert refusal(app, lea, alice, people) == "kind"
    assert refusal(org, lea, paul, people) == "under"  # who holds it not
    assert refusal(org, alice, alice, people) == "under"  # their own word
    assert refusal(org, bruno, alice, people) == "duplicate"
    assert refusal(per, alice, paul, people, as_cotitulaire=True) == "kind"
    assert refusal(per, alice, paul, people) == ""
    assert refusal(org, paul, alice, people, as_cotitulaire=True) == ""


@pytest.mark.parametrize(("before", "code"), [(19, ""), (20, "full")])
def test_the_twentieth_cotitulaire_may_be_recorded_and_no_more(crowd, people, before, code):
    assert refusal(crowd(before), people.paul, people.alice, people, as_cotitulaire=True) == code
