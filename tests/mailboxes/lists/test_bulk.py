"""Many rows at once: foreseen, confirmed, done in the background, stopped, undone."""

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from mailboxes.actions.requests import ask
from mailboxes.jobs import run as run_job
from mailboxes.lifecycle import RequestKind, RequestStage, State
from mailboxes.lists import actions, rules
from mailboxes.lists.bulk import KINDS
from mailboxes.lists.models import Batch
from mailboxes.lists.undo import WAYS_BACK
from mailboxes.models import Bal, JournalEntry, Request
from tests.mailboxes.in_bulk import do_in_bulk, foresee

ASK = {"act": "request_depublication"}


@pytest.fixture
def gisele(client, people):
    client.force_login(people.gisele.user)
    return client


@pytest.fixture
def many(make_bal, people):
    """Thirty that may be depublished, more than a page; and one that is already."""
    bals = [make_bal("PER", people.paul) for _ in range(30)]
    make_bal("PER", people.paul, state=State.DEPUBLISHED)
    return bals


@pytest.fixture
def asked(gisele, many):
    """All of them, chosen and confirmed: it waits for its moment."""
    answer = gisele.post(reverse("bal-bulk"), {**ASK, "scope": "all", "query": "kind=PER"})
    gisele.post(answer.url, {"note": "Ménage"})
    return Batch.objects.get()


def test_all_the_pages_of_the_list_are_chosen_as_it_is_filtered(gisele, many, org):
    page = foresee(gisele, "bal-bulk", {**ASK, "scope": "all", "query": "kind=PER"})
    assert (page.context["possible"], page.context["impossible"]) == (30, 1)
    assert "est déjà retirée de l’annuaire" in page.text
    assert org.address not in page.text
    assert not Request.objects.exists(), "nothing is done yet"


def test_a_batch_stands_below_the_list_that_it_is_of(gisele, people, many, asked):
    assert gisele.get(asked.get_absolute_url()).context["crumbs"][-1].label == "Toutes les BAL"
    kind = KINDS["gaps"]
    for stage in (Batch.Stage.FORESEEN, Batch.Stage.DONE):
        row = Batch.objects.create(by=people.gisele.user, kind=kind.name, act=kind.acts[0], keys=[], stage=stage)
        crumbs = gisele.get(row.get_absolute_url()).context["crumbs"]
        assert [(crumb.label, crumb.url) for crumb in crumbs][1:] == [("Écarts", reverse("gap-list"))]


def test_what_is_foreseen_is_what_is_done(gisele, many, asked):
    actions.carry_on(asked)
    assert (asked.stage, asked.done, len(asked.refused)) == (Batch.Stage.DONE, 30, 1)
    assert Request.objects.filter(kind="depublish", reason="Ménage").count() == 30
    page = gisele.get(asked.get_absolute_url())
    assert "<strong>30</strong>" in page.text
    assert "est déjà retirée de l’annuaire" in page.text


def test_a_long_act_waits_and_may_be_given_up_before_anything_leaves(gisele, many, asked):
    assert asked.stage == Batch.Stage.WAITING
    assert asked.starts_at > timezone.now()
    assert "Rien n’est encore parti" in gisele.get(asked.get_absolute_url()).text
    gisele.post(reverse("batch-stop", args=[asked.pk]))
    actions.work_on_batch(asked.pk)
    assert not Request.objects.exists()
    assert not JournalEntry.objects.filter(what="request_depublication").exists()


def test_what_is_stopped_half_way_stands_as_it_is(gisele, asked, monkeypatch):
    monkeypatch.setattr(actions, "PORTION", 10)
    Batch.objects.update(stage=Batch.Stage.RUNNING)
    asked.refresh_from_db()
    actions._do_portion(asked)
    gisele.post(reverse("batch-stop", args=[asked.pk]))
    actions.carry_on(asked)
    assert (asked.stage, asked.position) == (Batch.Stage.STOPPED, 10)
    assert "arrêté" in gisele.get(asked.get_absolute_url()).text
    assert Request.objects.count() == asked.done


def test_each_row_is_done_once_whoever_runs_twice(many, asked, monkeypatch):
    monkeypatch.setattr(actions, "PORTION", 10)
    Batch.objects.update(stage=Batch.Stage.RUNNING)
    first, second = Batch.objects.get(), Batch.objects.get()
    assert actions._do_portion(first)
    assert not actions._do_portion(second), "another has moved on"
    actions.carry_on(first)
    assert Request.objects.count() == 30


def test_an_act_whose_worker_died_is_taken_up(asked):
    now = timezone.now()
    assert list(Batch.objects.forgotten(now)) == []
    later = now + timedelta(minutes=5)
    assert list(Batch.objects.forgotten(later)) == [asked]
    run_job("take_up_batches", later)
    asked.refresh_from_db()
    assert asked.stage == Batch.Stage.DONE


def test_it_is_undone_while_the_operator_has_not_answered(gisele, many, asked):
    actions.carry_on(asked)
    answer = gisele.post(reverse("batch-undo", args=[asked.pk]))
    page = gisele.get(answer.url)
    assert page.context["possible"] == 30
    gisele.post(answer.url, {})
    actions.carry_on(Batch.objects.latest("pk"))
    assert set(Bal.objects.filter(pk__in=[bal.pk for bal in many]).values_list("state", flat=True)) == {State.ACTIVE}
    assert set(Request.objects.filter(kind="depublish").values_list("stage", flat=True)) == {RequestStage.CANCELLED}


# --- The way back -----------------------------------------------------------------------------------------------------
ACTS = [(kind.name, act) for kind in KINDS.values() for act in kind.acts]


@pytest.mark.parametrize(("kind", "act"), ACTS, ids=str)
def test_each_act_has_its_way_back_or_says_what_to_do_instead(kind, act):
    found = WAYS_BACK[kind, act]
    if isinstance(found, str):
        assert found.endswith(".")
        assert len(found) > 40, "what to do instead"
    else:
        assert KINDS[found.kind].act_named(found.act), "it can be foreseen and done like any other"


def test_no_way_back_is_told_of_an_act_that_is_none():
    assert set(WAYS_BACK) == set(ACTS)


@pytest.mark.parametrize("act", ["retract_opening", "retract_deletion"])
def test_what_only_undoes_is_offered_by_no_list(gisele, org, act):
    assert f'value="{act}"' not in gisele.get(reverse("bal-list")).text
    gisele.post(reverse("bal-bulk"), {"act": act, "bals": [org.pk]})
    assert not Batch.objects.exists()


def undo(client, batch):
    """As one does: the report's button, what is foreseen, and the confirmation."""
    return client.post(reverse("batch-undo", args=[batch.pk]))


def to_open(people, make_bal, state, kind):
    """A BAL that waits for the operator's answer to a request that was really made."""
    bal = make_bal("PER", people.paul, state=state)
    request = ask(kind, bal=bal, by=people.gisele.user)
    Request.objects.filter(pk=request.pk).update(stage=RequestStage.SENT, sent_at=timezone.now())
    return bal


@pytest.mark.parametrize(
    ("before", "kind", "act", "after"),
    [
        (State.REQUESTED, RequestKind.OPEN, "activate", State.ACTIVE),
        (State.DELETION_REQUESTED, RequestKind.DELETE, "confirm_deletion", State.DELETION_CONFIRMED),
    ],
)
def test_an_answer_recorded_by_mistake_is_taken_back_for_all(gisele, people, make_bal, before, kind, act, after):
    bals = [to_open(people, make_bal, before, kind) for _ in range(3)]
    do_in_bulk(gisele, "bal-bulk", {"act": act, "bals": [bal.pk for bal in bals]})
    assert set(Bal.objects.values_list("state", flat=True)) == {after}
    page = undo(gisele, Batch.objects.get())
    foreseen = gisele.get(page.url)
    assert foreseen.context["possible"] == 3
    refused = gisele.post(page.url, {})
    assert refused.status_code == 422
    assert "Dites pourquoi" in refused.text
    gisele.post(page.url, {"note": "Mauvaise liste"})
    assert set(Bal.objects.values_list("state", flat=True)) == {before}
    assert set(Request.objects.values_list("stage", flat=True)) == {RequestStage.SENT}


def test_an_opening_that_nobody_asked_for_is_not_taken_back(gisele, people, make_bal):
    bal = make_bal("PER", people.paul, state=State.REQUESTED)
    do_in_bulk(gisele, "bal-bulk", {"act": "activate", "bals": [bal.pk]})
    page = gisele.get(undo(gisele, Batch.objects.get()).url)
    assert page.context["possible"] == 0
    assert "Aucune réponse de l’opérateur n’est à reprendre" in page.text


def test_a_depublication_given_up_is_asked_again(gisele, org):
    do_in_bulk(gisele, "bal-bulk", {**ASK, "bals": [org.pk]})
    do_in_bulk(gisele, "bal-bulk", {"act": "cancel_depublication", "bals": [org.pk]})
    gisele.post(undo(gisele, Batch.objects.latest("pk")).url, {"note": "Encore"})
    org.refresh_from_db()
    assert org.state == State.DEPUBLICATION_REQUESTED


def test_the_space_that_was_asked_for_is_asked_no_more(gisele, org, per, people):
    other = ask(RequestKind.CHANGE, bal=per, by=people.gisele.user)
    Bal.objects.update(quota_mb=1000, used_mb=990, percent_full=99)
    do_in_bulk(gisele, "bal-bulk", {"act": "ask_operator", "bals": [org.pk, per.pk]}, quota_mb="2000")
    page = undo(gisele, Batch.objects.get())
    assert gisele.get(page.url).context["possible"] == 1, "not what was asked before, and stands"
    gisele.post(page.url, {})
    asked = Request.objects.get(bal=org)
    assert asked.stage == RequestStage.CANCELLED
    other.refresh_from_db()
    assert other.is_awaited
    answer = undo(gisele, Batch.objects.order_by("pk").first())
    assert "plus rien à reprendre" in said(answer)


def test_what_was_asked_of_the_operator_about_gaps_is_asked_no_more(gisele, people, structure, fresh, make_entry):
    make_entry("vieille@chu-exemple.mssante.fr", "ORG", structure_id_type="1", structure_id=structure.finess_et)
    key = f"inconnue:{structure.pk}:vieille@chu-exemple.mssante.fr"
    do_in_bulk(gisele, "gap-bulk", {"act": "ask_operator", "gaps": [key]}, reason="Inconnue ici")
    asked = Request.objects.get()
    gisele.post(undo(gisele, Batch.objects.get()).url, {})
    asked.refresh_from_db()
    assert asked.stage == RequestStage.CANCELLED


def test_it_is_said_before_and_after_whether_there_is_a_way_back(gisele, org, per):
    page = foresee(gisele, "bal-bulk", {"act": "ask_use", "bals": [org.pk, per.pk]})
    assert "Il n’y aura pas de retour en arrière. Les questions sont parties" in page.text
    page = foresee(gisele, "bal-bulk", {**ASK, "bals": [org.pk]})
    assert "revenir en arrière tant que l’opérateur n’a pas répondu" in page.text
    done = gisele.post(Batch.objects.latest("pk").get_absolute_url(), {"note": "x"}, follow=True)
    batch = Batch.objects.latest("pk")
    assert f'<a href="{batch.get_absolute_url()}">Revenir en arrière</a>' in done.text, "a page of rows is over at once"
    assert "Revenir en arrière\u00a0: annuler la dépublication" in gisele.get(batch.get_absolute_url()).text


def test_what_has_no_way_back_says_so_when_asked(gisele, per):
    do_in_bulk(gisele, "bal-bulk", {"act": "ask_use", "bals": [per.pk]})
    assert "Les questions sont parties" in said(undo(gisele, Batch.objects.get()))


def test_what_still_goes_on_is_not_undone(gisele, asked):
    assert "Attendez que ce soit fini" in said(undo(gisele, asked))


def said(answer):
    return " ".join(map(str, get_messages(answer.wsgi_request)))


def test_a_confirmation_given_twice_is_told(gisele, many):
    answer = gisele.post(reverse("bal-bulk"), {**ASK, "scope": "all"})
    batch = Batch.objects.get()
    gisele.post(answer.url, {})
    with pytest.raises(rules.Refused, match="déjà confirmé"):
        actions.confirm(batch, {}, possible=1)


def test_nothing_possible_offers_nothing_to_confirm(gisele, make_bal, people):
    gone = make_bal("PER", people.paul, state=State.DEPUBLISHED)
    page = foresee(gisele, "bal-bulk", {**ASK, "bals": [gone.pk]})
    assert page.context["possible"] == 0
    assert 'name="note"' not in page.text
    answer = gisele.post(Batch.objects.latest("pk").get_absolute_url(), {})
    assert answer.status_code == 422


def test_too_many_at_once_is_refused_with_what_to_do(gisele, many, monkeypatch):
    monkeypatch.setattr(rules, "MOST_AT_ONCE", 20)
    answer = gisele.post(reverse("bal-bulk"), {**ASK, "scope": "all"})
    assert "ajoutez un filtre" in str(next(iter(get_messages(answer.wsgi_request))))


def test_a_reader_is_offered_no_act(client, people, org):
    client.force_login(people.lea.user)
    page = client.get(reverse("bal-list"))
    assert 'name="act"' not in page.text
    assert "data-check-all" not in page.text
    do_in_bulk(client, "bal-bulk", {**ASK, "bals": [org.pk]})
    org.refresh_from_db()
    assert org.state == State.ACTIVE


def test_space_is_asked_for_many(gisele, org, per):
    Bal.objects.update(quota_mb=1000, used_mb=990, percent_full=99)
    do_in_bulk(gisele, "bal-bulk", {"act": "ask_operator", "bals": [org.pk, per.pk]}, quota_mb="2000")
    assert Request.objects.filter(kind="change", detail__contains="2000 Mo").count() == 2


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_each_act_of_each_kind_can_be_foreseen(kind, people, org, per, django_assert_max_num_queries):
    """Without a query per row: of one BAL, and of many."""
    for act in kind.acts:
        kind.foresee(people.gisele.user, [], act)
    if kind.name == "bals":
        for act in kind.acts:
            with django_assert_max_num_queries(12):
                kind.foresee(people.gisele.user, [org.pk, per.pk], act)


def test_the_remedy_of_a_group_is_given_from_the_inbox(gisele, make_bal, people):
    bals = [make_bal("ORG", people.alice, percent_full=97, quota_mb=100, used_mb=97) for _ in range(2)]
    page = gisele.get(reverse("dashboard"))
    assert reverse("todo-remedy", args=["pleine"]) in page.text
    answer = gisele.post(reverse("todo-remedy", args=["pleine"]), {"scope": "all", "next": "/"})
    gisele.post(answer.url, {"quota_mb": "200"})
    assert {request.bal for request in Request.objects.all()} == set(bals)


def test_a_remedy_that_is_not_given_in_bulk_has_no_such_page(gisele):
    assert gisele.post(reverse("todo-remedy", args=["nom"])).status_code == 404


@pytest.mark.parametrize(
    ("who", "offered", "withheld"),
    [
        ("gisele", {"request_depublication", "ask_use", "ask_operator", "oppose"}, set()),
        ("alice", {"request_depublication", "oppose"}, {"ask_use", "ask_operator", "activate"}),
        ("bruno", {"oppose"}, {"request_depublication", "ask_use"}),
        ("delphine", set(), {"oppose", "request_depublication"}),
        ("lea", set(), {"oppose", "request_depublication"}),
    ],
)
def test_in_bulk_each_is_offered_what_is_theirs_and_who_only_uses_a_bal_nothing(
    org, people, visit, who, offered, withheld
):
    page = visit(getattr(people, who), "bal-list")
    acts = {act for act, _ in page.context["listing"].acts}
    assert offered <= acts
    assert not withheld & acts
    assert ("Agir en lot" in page.text) == bool(offered)
