"""What the operator is asked stands as a row, and follows what becomes of the BAL."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from mailboxes import actions, jobs
from mailboxes.lifecycle import Act, Party, RequestKind, RequestStage, Verb
from mailboxes.models import Notice, Request
from mailboxes.notices.telling import tell
from mailboxes.rules import NotAllowed, Refused


def stages(bal) -> dict:
    return {request.kind: request.stage for request in bal.requests.order_by("pk")}


def test_a_depublication_asked_for_is_a_request_to_the_operator(per, people):
    actions.move(per, Verb.REQUEST_DEPUBLICATION, by=people.paul.user)
    assert stages(per) == {RequestKind.DEPUBLISH: RequestStage.DRAFT}


def test_the_operator_told_has_days_to_answer(per, people):
    actions.move(per, Verb.REQUEST_DEPUBLICATION, by=people.paul.user)
    tell([per.journal.latest("pk").pk])
    request = per.requests.get()
    assert request.stage == RequestStage.SENT
    assert (request.due_on - timezone.localdate(request.sent_at)).days == per.operator.answer_days
    assert per.operator.request_email in [to for sent in mail.outbox for to in sent.to]


def test_an_opposition_cancels_what_was_asked(per, people):
    actions.move(per, Verb.REQUEST_DEPUBLICATION, by=people.paul.user)
    actions.move(per, Verb.OPPOSE, by=people.paul.user)
    assert stages(per) == {RequestKind.DEPUBLISH: RequestStage.CANCELLED}


def test_what_the_operator_has_not_answered_is_not_asked_twice(org, people):
    actions.open_request(org, RequestKind.CHANGE, by=people.gisele.user, detail="2 Go de plus")
    with pytest.raises(Refused, match="déjà faite"):
        actions.open_request(org, RequestKind.CHANGE, by=people.gisele.user, detail="2 Go de plus")


def test_what_moves_the_state_is_not_asked_beside_its_verb(org, people):
    with pytest.raises(Refused, match=r"Suppression.* ne se demande pas ainsi : cela change l’état"):
        actions.open_request(org, RequestKind.DELETE, by=people.gisele.user)
    with pytest.raises(Refused, match="Un accès se demande depuis la BAL"):
        actions.open_request(org, RequestKind.GRANT, by=people.gisele.user)


def test_a_reader_asks_the_operator_nothing(org, people):
    with pytest.raises(NotAllowed):
        actions.open_request(org, RequestKind.CHANGE, by=people.lea.user)


def test_a_stranger_sees_no_request(org, people):
    actions.open_request(org, RequestKind.CHANGE, by=people.gisele.user)
    assert Request.objects.visible_to(people.gisele.user).count() == 1
    assert Request.objects.visible_to(people.eve.user).count() == 0


def test_an_opening_confirmed_is_done(structure, operator, people):
    gisele = people.gisele.user
    bal = actions.register_bal(
        structure=structure, operator=operator, kind="PER", address="nouveau@chu-exemple.mssante.fr",
        principal=people.paul, by=gisele,
    )  # fmt: skip
    assert stages(bal) == {RequestKind.OPEN: RequestStage.DRAFT}
    actions.move(bal, Verb.ACTIVATE, by=gisele)
    assert stages(bal) == {RequestKind.OPEN: RequestStage.DONE}


def test_letters_and_notices_about_two_accesses_of_one_bal_say_whose_each_is(org, people):
    by = people.alice.user
    actions.remove_cotitulaire(org, people.bruno, by=by)
    actions.end_delegation(org.delegataires.get(), by=by)
    late = timezone.localdate() - timedelta(days=30)
    Request.objects.update(stage="sent", sent_at=timezone.now() - timedelta(days=45), due_on=late)
    jobs.run("remind_operators")
    Request.objects.update(reminded_at=timezone.now() - timedelta(days=30))
    jobs.run("remind_operators")
    for stage in ("remind_operator-remind", "escalate_request"):
        texts = Notice.objects.filter(stage=stage).values_list("text", flat=True)
        assert sorted(name for text in texts for name in ("Bruno", "Delphine") if name in text) == ["Bruno", "Delphine"]
    for what in ("remind_operator", "escalate_request"):
        lines = org.journal.filter(what=what).values_list("after", flat=True)
        assert sorted(lines) == [
            f"fermeture d’un accès pour {name} EXEMPLE : envoyée" for name in ("Bruno", "Delphine")
        ]


def test_an_access_that_is_open_already_is_not_to_be_opened(org, people):
    by = people.alice.user
    actions.add_cotitulaire(org, people.paul, by=by)
    actions.transfer_principal(org, people.bruno, by=by)
    subjects = Notice.objects.filter(party=Party.OPERATOR).order_by("pk").values_list("subject", flat=True)
    assert [subject.removeprefix("[BAL Manager] ").partition(" : ")[0] for subject in subjects] == [
        "Accès à ouvrir", "Accès à modifier",
    ]  # fmt: skip


def test_an_access_that_the_operator_refused_to_open_is_not_to_be_closed(org, people):
    by = people.alice.user
    actions.add_cotitulaire(org, people.paul, by=by)
    actions.step(Request.objects.get(), Act.RECORD_REFUSAL, by=people.gisele.user, answer="Personne inconnue.")
    actions.remove_cotitulaire(org, people.paul, by=by)
    assert not Request.objects.filter(kind=RequestKind.WITHDRAW).exists()
    actions.transfer_principal(org, people.bruno, by=by)
    actions.step(Request.objects.latest("pk"), Act.RECORD_REFUSAL, by=people.gisele.user, answer="Plus tard.")
    actions.transfer_principal(org, people.alice, by=people.bruno.user)
    actions.remove_cotitulaire(org, people.bruno, by=by)
    assert Request.objects.filter(kind=RequestKind.WITHDRAW, person=people.bruno).exists(), "that one was open"
