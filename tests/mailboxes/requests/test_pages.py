"""The pages of requests: who gets in, what they translate, and the files for the operators' consoles."""

import csv
import io
import zipfile
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mailboxes import actions
from mailboxes.findings import BY_NAME
from mailboxes.lifecycle import BY_HAND, Act, RequestKind, RequestStage, State, Verb
from mailboxes.models import AccessTrace, Bal, JournalEntry, Operator, Request, RequestLayout
from mailboxes.views.findings import attention
from tests.mailboxes.in_bulk import do_in_bulk, foresee

pytestmark = pytest.mark.sqlite_run


def said(answer):
    return [str(message) for message in get_messages(answer.wsgi_request)]


@pytest.fixture
def change(org, people):
    return actions.open_request(org, RequestKind.CHANGE, by=people.gisele.user, detail="2 Go de plus")


# --- Who gets in ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("act", [None, *BY_HAND])
@pytest.mark.parametrize("name", ["eve", "delphine"])
def test_a_stranger_and_a_delegataire_get_404(client, people, change, act, method, name):
    client.force_login(getattr(people, name).user)
    args = [change.pk, act] if act else [change.pk]
    assert getattr(client, method)(reverse("request-step" if act else "request", args=args)).status_code == 404


@pytest.mark.parametrize("name", ["gisele", "lea", "alice", "bruno"])
def test_who_follows_the_structure_or_holds_the_bal_reads_the_request(visit, people, change, name):
    page = visit(getattr(people, name), "request", change.pk)
    assert "2 Go de plus" in page.content.decode()
    assert bool(page.context["acts"]) == (name in ("gisele", "alice"))


def test_who_may_not_reads_why_and_changes_nothing(visit, people, change):
    assert "réservé à" in visit(people.lea, "request-step", change.pk, "mark_sent").content.decode()
    visit(people.lea, "request-step", change.pk, "mark_sent", post={"answer": ""})
    change.refresh_from_db()
    assert change.stage == RequestStage.DRAFT


def test_a_bulk_act_reaches_only_what_one_sees(client, people, change):
    client.force_login(people.eve.user)
    answer = do_in_bulk(client, "request-bulk", {"requests": [change.pk], "act": "mark_sent"})
    assert "Cochez au moins une ligne" in said(answer)[0]
    change.refresh_from_db()
    assert change.stage == RequestStage.DRAFT


@pytest.mark.parametrize("post", [None, {}])
def test_a_file_holds_only_what_one_sees(visit, people, change, post):
    post = None if post is None else {"requests": [change.pk]}
    assert visit(people.eve, "request-file", post=post).status_code == 302


# --- The list ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 2), ("?q=accueil", 1), ("?stage=awaited", 1), ("?stage=done", 1), ("?kind=change", 1),
        ("?overdue=oui", 0), ("?stage=nawak", 2),
    ],
)  # fmt: skip
def test_the_list_is_narrowed(visit, people, change, per, query, count):
    other = actions.open_request(per, RequestKind.PUBLISH, by=people.gisele.user)
    actions.step(other, Act.RECORD_DONE, by=people.gisele.user)
    assert visit(people.gisele, "request-list", query=query).context["page"].paginator.count == count


def test_by_operator_and_structure(visit, people, change, structure, operator, other_structure):
    other = Operator.objects.create(code="autre", name="Autre")
    for query, count in (
        (f"?operator={operator.pk}", 1),
        (f"?operator={other.pk}", 0),
        (f"?structure={structure.pk}", 1),
    ):
        assert visit(people.gisele, "request-list", query=query).context["page"].paginator.count == count
    page = visit(people.gisele, "request-list", query=f"?structure={other_structure.pk}")
    assert "pas compris" in page.content.decode()


@pytest.mark.parametrize("name", ["request-list", "request-file", "layout-list"])
def test_the_number_of_queries_does_not_grow(visit, people, make_bal, name):
    def run():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = visit(people.gisele, name)
            if answer.streaming:
                b"".join(answer.streaming_content)
        return len(queries)

    def more(count):
        for _ in range(count):
            bal = make_bal("PER", people.paul)
            actions.open_request(bal, RequestKind.CHANGE, by=people.gisele.user)
            operator = Operator.objects.create(code=f"op{bal.pk}", name=f"Op {bal.pk}")
            RequestLayout.objects.create(structure=bal.structure, operator=operator, subject="x", body="y")

    more(2)
    run()
    few = run()
    more(10)
    assert run() == few


def test_the_finding_names_the_bal_whose_operator_is_late(org, per, change):
    assert list(BY_NAME["en-retard"].bals(Bal.objects.all())) == []
    yesterday = timezone.localdate() - timedelta(days=1)
    Request.objects.update(stage=RequestStage.SENT, due_on=yesterday)
    assert list(BY_NAME["en-retard"].bals(Bal.objects.all())) == [org]


def test_the_page_of_a_bal_leads_to_its_late_request(visit, org, per, people, change):
    Request.objects.update(stage=RequestStage.SENT, due_on=timezone.localdate() - timedelta(days=1))
    late = next(point for point in attention(org, people.gisele.user) if point["finding"].name == "en-retard")
    assert (
        visit(people.gisele, "request-list", query=late["url"].partition("/demandes/")[2]).context["page"].object_list
    )
    assert late["url"] in unescape(visit(people.gisele, "bal", org.pk).text)
    late = next(point for point in attention(org, people.alice.user) if point["finding"].name == "en-retard")
    assert late["url"] == "", "who only holds it follows no structure"


# --- Steps ------------------------------------------------------------------------------------------------------------
def test_a_gestionnaire_records_a_refusal_with_its_reason(visit, people, change):
    visit(people.gisele, "request-step", change.pk, "record_refusal", post={"answer": ""})
    change.refresh_from_db()
    assert change.stage == RequestStage.DRAFT
    answer = visit(people.gisele, "request-step", change.pk, "record_refusal", post={"answer": "Quota épuisé."})
    assert answer.url == change.get_absolute_url()
    page = visit(people.gisele, "request", change.pk).content.decode()
    assert "Quota épuisé." in page
    assert "Demander de nouveau" in page


def test_asking_again_leads_to_the_new_request(visit, people, change):
    actions.step(change, Act.RECORD_REFUSAL, by=people.gisele.user, answer="Non.")
    answer = visit(people.gisele, "request-step", change.pk, "ask_again", post={"answer": ""})
    assert answer.url == Request.objects.latest("pk").get_absolute_url() != change.get_absolute_url()


def test_the_buttons_say_what_they_do_of_the_bal(visit, people, structure, operator):
    bal = actions.register_bal(
        structure=structure, operator=operator, kind="PER", address="neuve@chu-exemple.mssante.fr",
        principal=people.paul, by=people.gisele.user,
    )  # fmt: skip
    page = visit(people.gisele, "request", bal.requests.get().pk).content.decode()
    assert "Abandonner la demande" in page
    actions.step(bal.requests.get(), Act.RECORD_REFUSAL, by=people.gisele.user, answer="Domaine plein.")
    page = visit(people.gisele, "request", bal.requests.get().pk)
    assert page.context["verbs"] == [Verb.ABANDON]


def test_many_are_marked_sent_at_once_after_confirmation(client, people, change, per):
    other = actions.open_request(per, RequestKind.PUBLISH, by=people.gisele.user)
    actions.step(other, Act.RECORD_DONE, by=people.gisele.user)
    data = {"requests": [change.pk, other.pk], "act": "mark_sent"}
    client.force_login(people.gisele.user)
    assert "Impossible\u00a0: 1" in foresee(client, "request-bulk", data).text
    change.refresh_from_db()
    assert change.stage == RequestStage.DRAFT
    sentences = said(do_in_bulk(client, "request-bulk", data))
    assert sentences[0].endswith("fait pour 1 demande.")
    assert sentences[1].startswith("Refusé pour 1 demande (")
    change.refresh_from_db()
    assert change.stage == RequestStage.SENT


@pytest.mark.parametrize(("data", "sentence"), [({"act": "mark_sent"}, "Cochez"), ({"act": ""}, "Choisissez")])
def test_a_bulk_act_without_choice_says_so(visit, people, change, data, sentence):
    data = {**data, "requests": [change.pk] if not data["act"] else []}
    assert sentence in " ".join(said(visit(people.gisele, "request-bulk", post=data)))


# --- Files ------------------------------------------------------------------------------------------------------------
def read(answer, delimiter=";"):
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=delimiter))


def test_a_file_marks_nothing_and_says_who_took_it(visit, people, change):
    rows = read(visit(people.gisele, "request-file"))
    assert rows[0][:3] == ["Numéro", "Demande", "Adresse"]
    assert rows[1][:3] == [str(change.pk), "modification", change.address]
    change.refresh_from_db()
    assert change.stage == RequestStage.DRAFT
    assert AccessTrace.objects.filter(user=people.gisele.user, what="export").exists()


def test_the_file_of_the_ticked_ones_alone(visit, people, change, per):
    actions.open_request(per, RequestKind.PUBLISH, by=people.gisele.user)
    assert len(read(visit(people.gisele, "request-file", post={"requests": [change.pk, "x"]}))) == 2


def test_the_operator_s_columns_order_and_separator(visit, people, change, structure, operator):
    RequestLayout.objects.create(
        structure=structure, operator=operator, subject="x", body="y", separator="\t",
        columns="BAL = {adresse}\n\nAction = CREER-{demande}\nPolice = {finess}",
    )  # fmt: skip
    rows = read(visit(people.gisele, "request-file"), "\t")
    assert rows == [["BAL", "Action", "Police"], [change.address, "CREER-modification", "010000002"]]


@pytest.mark.parametrize("sign", "=+-@\t\r")
def test_nothing_in_a_file_is_run_as_a_formula(visit, people, org, sign):
    actions.open_request(org, RequestKind.CHANGE, by=people.gisele.user, detail=f"{sign}HYPERLINK(1)", note=f"{sign}1")
    for cell in read(visit(people.gisele, "request-file"))[1]:
        assert not cell.startswith(sign)


def test_several_operators_make_several_files_in_one_archive(visit, people, change, make_bal):
    other = Operator.objects.create(code="autre", name="Autre")
    bal = make_bal("PER", people.paul, operator=other)
    actions.open_request(bal, RequestKind.CHANGE, by=people.gisele.user)
    answer = visit(people.gisele, "request-file")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert sorted(archive.namelist()) == ["demandes-autre.csv", "demandes-regional.csv"]
        assert bal.address in archive.read("demandes-autre.csv").decode()


# --- On the BAL's page ------------------------------------------------------------------------------------------------
def test_the_page_of_the_bal_leads_to_its_requests_but_for_a_delegataire(visit, people, org, change):
    assert change.get_absolute_url() in visit(people.bruno, "bal", org.pk).content.decode()
    assert change.get_absolute_url() not in visit(people.delphine, "bal", org.pk).content.decode()


def test_a_bal_that_stays_shows_no_way_out(visit, people, org):
    assert visit(people.alice, "bal", org.pk).context["progress"] == []
    actions.move(org, Verb.REQUEST_DEPUBLICATION, by=people.alice.user)
    steps = visit(people.alice, "bal", org.pk).context["progress"]
    assert [bool(step.entry) for step in steps] == [True, True, False, False, False, False, False]


def test_the_old_way_out_is_not_that_of_today(visit, people, per):
    actions.move(per, Verb.REQUEST_DEPUBLICATION, by=people.paul.user)
    actions.move(per, Verb.CANCEL_DEPUBLICATION, by=people.gisele.user)
    actions.move(per, Verb.REQUEST_DEPUBLICATION, by=people.gisele.user)
    steps = visit(people.paul, "bal", per.pk).context["progress"]
    assert steps[1].entry.by == people.gisele.user
    assert steps[1].entry.pk == JournalEntry.objects.filter(what=Verb.REQUEST_DEPUBLICATION).latest("pk").pk


def test_a_deletion_cancelled_is_a_step_not_done(visit, people, per):
    Bal.objects.update(state=State.DEPUBLISHED)
    actions.move(per, Verb.REQUEST_DELETION, by=people.paul.user, attested=True)
    assert "enregistrés ailleurs" in per.journal.latest("pk").note
    actions.move(per, Verb.CANCEL_DELETION, by=people.paul.user)
    assert not any(step.entry for step in visit(people.paul, "bal", per.pk).context["progress"][3:])


def test_a_bal_never_published_skips_the_depublication(visit, people, app):
    actions.move(app, Verb.REQUEST_DELETION, by=people.gisele.user, attested=True)
    labels = [step.label for step in visit(people.gisele, "bal", app.pk).context["progress"]]
    assert labels[:2] == ["Identifiée", "Contenu attesté enregistré"]


@pytest.mark.parametrize(
    ("name", "state", "facts"),
    [
        ("en-retard", State.ACTIVE, {"stage": "sent", "due_on": timezone.localdate() - timedelta(days=9)}),
        ("refusee", State.ACTIVE, {"stage": "refused", "closed_at": timezone.now()}),
        ("a-confirmer", State.DELETION_REQUESTED, {"stage": "sent"}),
    ],
)
def test_a_finding_of_bal_leads_to_the_requests_it_is_about_and_to_those_of_no_bal(
    visit, people, per, org, change, name, state, facts
):
    Bal.objects.filter(pk=org.pk).update(state=state)
    Request.objects.update(**facts)
    other = actions.open_request(per, RequestKind.CHANGE, by=people.gisele.user, detail="Autre chose")
    Request.objects.filter(pk=other.pk).update(stage="verified")
    alone = Request.objects.create(
        structure=org.structure, operator=org.operator, address="hors@registre.mssante.fr", kind="delete",
        entry=change.entry, **facts,
    )  # fmt: skip
    page = visit(people.gisele, "finding", name)
    assert [bal.address for bal in page.context["page"]] == [org.address]
    link = f"{reverse('request-list')}?{BY_NAME[name].place.query}"
    assert f'href="{link}"' in page.text
    listed = visit(people.gisele, "request-list", query=f"?{BY_NAME[name].place.query}").context["page"]
    assert {request.pk for request in listed} == {change.pk, alone.pk}
    assert BY_NAME[name].title.startswith("BAL "), "what is counted"
