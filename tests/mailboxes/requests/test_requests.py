"""What the operator is asked stands as a row, and follows what becomes of the BAL."""

import pytest
from django.core import mail
from django.utils import timezone

from mailboxes import actions
from mailboxes.lifecycle import RequestKind, RequestStage, Verb
from mailboxes.models import Request
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
