"""The rules of requests alone: what must have been seen, and when, before one is said done; what is asked twice."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from directory.models import SyncRun
from mailboxes import actions
from mailboxes.lifecycle import Act, RequestKind, RequestStage, State
from mailboxes.models import SYSTEM, Request
from mailboxes.rules import Refused, requests
from mailboxes.rules.requests import Shown

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_run]
SENT = timezone.now() - timedelta(hours=2)


def refusal(check, *args, **kwargs) -> tuple[str, str]:
    """Its code and its sentence; two empty words where nothing is refused."""
    try:
        check(*args, **kwargs)
    except Refused as refused:
        return refused.code, refused.messages[0]
    return "", ""


def run(at):
    return SyncRun(source="extraction", status="applied", generated_at=at)


def picture(*addresses, at=None, ranking=None, preferred=()):
    return Shown(run(at or timezone.now()), ranking, frozenset(addresses), frozenset(preferred))


def asked(kind, **facts):
    return Request(pk=7, kind=kind, address="accueil@chu-exemple.mssante.fr", sent_at=SENT, **facts)


@pytest.mark.parametrize(
    ("kind", "is_shown", "said"),
    [
        (RequestKind.OPEN, True, ""),
        (RequestKind.OPEN, False, "n’est pas encore à l’annuaire"),
        (RequestKind.PUBLISH, True, ""),
        (RequestKind.PUBLISH, False, "n’est pas encore à l’annuaire"),
        (RequestKind.DEPUBLISH, False, ""),
        (RequestKind.DEPUBLISH, True, "figure encore à l’annuaire"),
        (RequestKind.DELETE, False, ""),
        (RequestKind.DELETE, True, "figure encore à l’annuaire"),
    ],
)
def test_what_the_annuaire_must_show(kind, is_shown, said):
    request = asked(kind)
    shown = picture(*([request.address] if is_shown else []))
    code, sentence = refusal(requests.check_seen, request, shown, by=SYSTEM)
    assert code == ("annuaire" if said else "")
    assert said in sentence


@pytest.mark.parametrize(("minutes", "proves"), [(-1, False), (0, False), (1, True)])
def test_a_picture_proves_what_was_asked_before_it(minutes, proves):
    request = asked(RequestKind.OPEN)
    shown = picture(request.address, at=SENT + timedelta(minutes=minutes))
    code, sentence = refusal(requests.check_seen, request, shown, by=SYSTEM)
    assert (code, "plus ancien que la demande" in sentence) == (("", False) if proves else ("annuaire", True))


def test_a_preference_is_seen_by_the_system_in_a_source_of_ranks_and_said_by_a_person(people):
    request, ranking = asked(RequestKind.PREFER), run(timezone.now())
    by_system = [
        refusal(requests.check_seen, request, picture(ranking=None), by=SYSTEM)[0],
        refusal(requests.check_seen, request, picture(ranking=ranking), by=SYSTEM)[0],
        refusal(requests.check_seen, request, picture(ranking=ranking, preferred=[7]), by=SYSTEM)[0],
    ]
    assert by_system == ["rank", "observed", ""]
    assert refusal(requests.check_seen, request, picture(), by=people.gisele.user)[0] == ""


@pytest.mark.parametrize("kind", [RequestKind.CHANGE, RequestKind.GRANT, RequestKind.WITHDRAW])
def test_what_the_annuaire_does_not_show_is_said_by_a_person_alone(kind, people):
    assert refusal(requests.check_seen, asked(kind), picture(), by=SYSTEM)[0] == "person"
    assert refusal(requests.check_seen, asked(kind), picture(), by=people.gisele.user)[0] == ""


@pytest.mark.parametrize(
    ("email", "by", "is_due", "code"),
    [
        ("", "gisele", True, "channel"),
        ("demandes@op.invalid", "gisele", False, ""),
        ("demandes@op.invalid", "system", False, "due"),
        ("demandes@op.invalid", "system", True, ""),
    ],
)
def test_who_is_reminded_of_what(email, by, is_due, code):
    request = SimpleNamespace(operator=SimpleNamespace(request_email=email))
    assert refusal(requests.check_remind, request, is_due, by=SYSTEM if by == "system" else object())[0] == code


@pytest.mark.parametrize(("is_due", "code"), [(True, ""), (False, "due")])
def test_a_delay_is_told_of_once(is_due, code):
    assert refusal(requests.check_escalate, asked(RequestKind.OPEN), is_due, by=SYSTEM)[0] == code


def test_only_the_same_request_is_asked_already(org, people, make_bal, other_structure):
    gisele = people.gisele.user
    refused = actions.open_request(org, RequestKind.CHANGE, by=gisele, detail="2 Go de plus")
    Request.objects.update(stage=RequestStage.REFUSED)
    refused.refresh_from_db()
    actions.open_request(make_bal("ORG", people.alice), RequestKind.CHANGE, by=gisele, detail="1 Go")  # of another BAL
    actions.open_request(org, RequestKind.PUBLISH, by=gisele)  # of another kind
    elsewhere = actions.open_request(make_bal("ORG", people.bruno), RequestKind.CHANGE, by=gisele, detail="3 Go")
    Request.objects.filter(pk=elsewhere.pk).update(address=org.address, structure=other_structure)
    assert refusal(requests.check_ask_again, refused) == ("", "")
    Request.objects.filter(pk=elsewhere.pk).update(structure=refused.structure)
    assert refusal(requests.check_ask_again, refused)[0] == "asked"


def test_what_the_state_no_longer_awaits_is_not_asked_again(org, people):
    org.state = State.ACTIVE
    for kind, code in {RequestKind.DELETE: "state", RequestKind.DEPUBLISH: "", RequestKind.CHANGE: ""}.items():
        request = asked(kind, bal=org, structure=org.structure)
        assert refusal(requests.check_ask_again, request)[0] == code, kind


@pytest.mark.parametrize(
    ("act", "stages"),
    [
        (Act.MARK_SENT, "draft"),
        (Act.RECORD_DONE, "draft sent"),
        (Act.VERIFY_REQUEST, "draft sent done"),
        (Act.RECORD_REFUSAL, "draft sent"),
        (Act.CANCEL_REQUEST, "draft sent"),
        (Act.REMIND_OPERATOR, "sent"),
        (Act.ASK_AGAIN, "refused"),
    ],
)
def test_from_which_stages_each_step_is_taken(act, stages, org, people):
    gisele = people.gisele.user
    taken = [
        stage.value
        for stage in RequestStage
        if not refusal(
            requests.check_stage,
            asked(RequestKind.CHANGE, bal=org, structure=org.structure, stage=stage),
            act,
            by=gisele,
        )[0]
    ]
    assert " ".join(taken) == stages
