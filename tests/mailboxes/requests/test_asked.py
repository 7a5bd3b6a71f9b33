"""What an act says that it asked of the operator is what was written: through each door, and of whom reads no mail."""

from datetime import timedelta

import pytest
from django.utils import timezone

from mailboxes import actions
from mailboxes.campaigns.actions import launch_campaign
from mailboxes.campaigns.models import Campaign, CampaignTarget
from mailboxes.lifecycle import AWAITED, RequestKind, State, Verb
from mailboxes.models import SYSTEM, Bal, Notice, Operator, Request
from mailboxes.notices.telling import path_of
from mailboxes.openings.actions import request_opening
from mailboxes.requests.asked import WHAT, asked_of_operator
from tests.mailboxes.test_claims import listed
from tests.mailboxes.test_pages import said

pytestmark = pytest.mark.sqlite_run

__all__ = ["listed"]
LEAVES = "L’opérateur (Opérateur régional) est prié de retirer cette BAL de l’annuaire."
BY_HAND = "La demande à l’opérateur (Opérateur régional) est écrite ; le gestionnaire MSSanté doit la lui transmettre."
NOTHING = "Rien de plus n’est demandé à l’opérateur (Opérateur régional)."


@pytest.fixture(params=["reads mail", "by hand"])
def told(request, operator):
    """What is said of a withdrawal from the annuaire, by how its operator is reached."""
    if request.param == "reads mail":
        return LEAVES
    Operator.objects.update(request_email="")
    return BY_HAND


def test_by_the_link_of_an_alert(per, client, told):
    actions.move(per, Verb.ALERT_IDLE, by=SYSTEM)
    link = path_of(Notice.objects.get(stage=Verb.ALERT_IDLE))
    assert said(client.post(link, {"answer": "unused"})) == [f"C’est noté. {told}"]


def test_an_answer_given_again_once_all_is_done_supposes_nothing(per, client):
    actions.move(per, Verb.ALERT_IDLE, by=SYSTEM)
    link = path_of(Notice.objects.get(stage=Verb.ALERT_IDLE))
    client.post(link, {"answer": "unused"})
    Request.objects.update(stage="verified")
    assert said(client.post(link, {"answer": "unused"}))[-1] == f"C’est noté. {NOTHING}"


def test_of_an_address_that_one_does_not_use(per, people, visit, listed, told):
    listed(people.paul, per.address)
    asked = {"address": per.address, "answer": "unused"}
    assert said(visit(people.paul, "claim-answer", post=asked)) == [f"C’est noté. {told}"]


def test_of_the_question_of_a_campaign(per, people, visit, structure, told):
    facts = {
        "structure": structure,
        "title": "Ménage",
        "kind": "cleanup",
        "closes_on": timezone.localdate() + timedelta(30),
    }
    launch_campaign(Campaign(**facts), Bal.objects.filter(pk=per.pk), by=people.gisele.user)
    target = CampaignTarget.objects.get()
    assert said(visit(people.paul, "campaign-answer", target.pk, post={"answer": "unused"})) == [f"C’est noté. {told}"]


def test_of_a_depublication_on_the_page(per, people, visit, told):
    asked = {"choice": "", "confirmed": "1"}
    assert f"La dépublication est demandée. {told} " in said(visit(people.paul, "bal-depublish", per.pk, post=asked))[0]


def test_of_a_move_that_asks_and_of_one_that_asks_nothing(per, people, visit, told):
    Bal.objects.update(state=State.DEPUBLISHED)
    told = told.replace("retirer cette BAL de l’annuaire", "supprimer cette BAL")
    answer = visit(people.paul, "bal-verb", per.pk, "request_deletion", post={"attested": "on"})
    assert said(answer) == [f"C’est enregistré. État de la BAL : suppression demandée. {told}"]
    answer = visit(people.paul, "bal-verb", per.pk, "cancel_deletion", post={})
    assert said(answer)[-1] == "C’est enregistré. État de la BAL : dépubliée."


@pytest.mark.parametrize(("existing", "asks"), [("existing", False), ("new", True)])
def test_an_access_written_on_somebody_s_word_is_asked_for_where_it_is_to_be_opened(org, people, visit, existing, asks):
    facts = {"person": "Paul EXEMPLE", "existing": existing, "role": "cotitulaire", "under": people.alice.pk,
             "told_on": timezone.localdate(), "told_how": "par téléphone", "attested": "on"}  # fmt: skip
    (told,) = said(visit(people.gisele, "bal-access", org.pk, post=facts))
    assert ("est prié d’ouvrir l’accès" in told) == asks == Request.objects.filter(kind="grant").exists()


def test_an_access_denied_before_it_was_opened_asks_for_nothing_more(org, people, visit):
    word = {"under": people.alice, "told_on": timezone.localdate(), "told_how": "par téléphone"}
    for sent, expected in ((False, NOTHING), (True, "L’opérateur (Opérateur régional) est prié de fermer l’accès.")):
        actions.request_access(org, people.paul, by=people.gisele.user, as_cotitulaire=True, **word)
        if sent:
            Request.objects.filter(kind="grant").update(stage="done")
        told = said(visit(people.alice, "bal-access-object", org.pk, people.paul.pk, post={}))[-1]
        assert told == f"L’accès est retiré, et le gestionnaire en est prévenu. {expected}"


def test_each_kind_has_its_words_while_it_is_awaited_and_not_after(per):
    for kind in WHAT:
        request = Request.objects.create(
            structure=per.structure, operator=per.operator, bal=per, address=per.address, kind=kind,
            entry=actions.move(per, Verb.ALERT_IDLE, by=SYSTEM).journal.last() if kind == RequestKind.OPEN else
            per.journal.last(),
        )  # fmt: skip
        for stage in AWAITED:
            Request.objects.filter(pk=request.pk).update(stage=stage)
            assert asked_of_operator(per, kind).endswith(f"{WHAT[kind]}.")
        Request.objects.filter(pk=request.pk).update(stage="refused")
        assert asked_of_operator(per, kind) == NOTHING


def test_of_a_bal_asked_for(people, structure, operator, told):
    told = told.replace("de retirer cette BAL de l’annuaire", "d’ouvrir cette BAL")
    facts = {"structure": structure, "operator": operator, "kind": "ORG", "address": "neuve@chu-exemple.mssante.fr"}
    bal = request_opening(**facts, principal=people.alice, service="Accueil", purpose="Avis", by=people.gisele.user)
    assert asked_of_operator(Bal.objects.get(pk=bal.pk), RequestKind.OPEN) == told


def test_the_notice_of_an_access_supposes_nothing_of_what_is_asked(org, people):
    actions.remove_cotitulaire(org, people.bruno, by=people.alice.user)
    actions.add_cotitulaire(org, people.bruno, by=people.alice.user)
    assert not Request.objects.filter(kind="grant").exists(), "its closing was still awaited, and is cancelled"
    text = Notice.objects.get(stage="add_cotitulaire", person=people.bruno).text
    assert "C’est Opérateur régional qui ouvre l’accès." in text
    assert "demandé" not in text
