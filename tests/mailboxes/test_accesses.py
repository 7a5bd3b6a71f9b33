"""État des accès: one line per access that stands, on screen and in files; and what changed since a day."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from mailboxes import actions
from mailboxes.campaigns.models import Campaign, CampaignTarget
from mailboxes.lifecycle import Act, RequestStage, State
from mailboxes.models import AccessTrace, Bal, Delegataire, Request

pytestmark = pytest.mark.sqlite_run


@pytest.fixture
def visit(client, people):
    def go(name="access-list", who="gisele", **asked):
        client.force_login(getattr(people, who).user)
        return client.get(reverse(name), asked)

    return go


def shown(answer):
    return [
        (str(one.bal), one.person.given_name, one.role.value) for bal in answer.context["page"] for one in bal.accesses
    ]


def rows_of(answer):
    return [list(row) for row in load_workbook(BytesIO(answer.content)).active.iter_rows(values_only=True)]


def test_each_access_that_stands_has_its_line(visit, org, per, app):
    assert shown(visit()) == [
        (org.address, "Alice", "principal"),
        (org.address, "Bruno", "cotitulaire"),
        (org.address, "Delphine", "delegataire"),
        (per.address, "Paul", "titulaire"),
    ]


def test_what_ended_is_not_there_nor_a_bal_that_is_no_more(visit, org, per):
    Delegataire.objects.update(ended_at=timezone.now())
    Bal.objects.filter(pk=per.pk).update(state=State.DELETED)
    assert [name for _, name, _ in shown(visit())] == ["Alice", "Bruno"]


def test_one_person_s_accesses_and_no_other(visit, org, per, people):
    assert shown(visit(personne="delphine")) == [(org.address, "Delphine", "delegataire")]
    assert shown(visit(personne=people.paul.rpps)) == [(per.address, "Paul", "titulaire")]
    assert shown(visit(personne="personne-de-tel")) == []


def test_one_structure_and_those_below(visit, org, structure, make_bal, people, other_structure):
    make_bal("ORG", people.eve, structure=other_structure)
    assert len(shown(visit(structure=structure.pk))) == 3
    assert {bal for bal, *_ in shown(visit(who="eve"))}.isdisjoint({org.address})
    assert shown(visit(structure=other_structure.pk)) != shown(visit(who="eve"))  # not hers to choose


def test_a_professional_follows_no_structure_and_has_no_such_page(visit, org):
    for name in ("access-list", "access-xlsx", "access-pdf"):
        assert visit(name, who="alice").status_code == 404


def test_who_is_taken_off_is_there_until_the_operator_has_closed_it(visit, org, people):
    """The register alone opens and closes nothing: an inspector asks who may read today."""
    actions.remove_cotitulaire(org, people.bruno, by=people.alice.user)
    for asked in ({}, {"personne": "bruno"}):
        (line,) = [one for bal in visit(**asked).context["page"] for one in bal.accesses if one.person == people.bruno]
        assert (line.what, line.standing) == ("accès retiré", "fermeture demandée")
    rows = rows_of(visit("access-xlsx"))
    assert [row[6:8] + row[12:] for row in rows if row[4] == "Bruno EXEMPLE"] == [
        ["accès retiré", None, "fermeture demandée"]
    ]
    assert "Accès retiré" in visit().text
    Request.objects.update(stage=RequestStage.DONE)
    assert people.bruno not in {one.person for bal in visit().context["page"] for one in bal.accesses}


def test_an_access_asked_for_is_told_from_one_confirmed(visit, org):
    Bal.objects.filter(pk=org.pk).update(state=State.REQUESTED)
    assert {one.standing for bal in visit().context["page"] for one in bal.accesses} == {"demandé"}


def test_the_last_review_is_told(visit, org, structure, people):
    campaign = Campaign.objects.create(kind="recertify", title="Revue", structure=structure, by=people.gisele.user)
    at = timezone.now() - timedelta(days=3)
    facts = {"campaign": campaign, "bal": org, "person": people.alice}
    CampaignTarget.objects.create(answer="confirmed", answered_at=at, **facts)
    assert {one.recertified for bal in visit().context["page"] for one in bal.accesses} == {at}
    CampaignTarget.objects.update(answer="elsewhere")
    assert {one.recertified for bal in visit().context["page"] for one in bal.accesses} == {None}


def test_what_changed_since_a_day(visit, org, people):
    actions.add_cotitulaire(org, people.paul, by=people.alice.user)
    today = timezone.localdate()
    assert [line.what for line in visit(depuis=f"{today}").context["changes"]] == ["add_cotitulaire"]
    assert list(visit(depuis=f"{today + timedelta(days=1)}").context["changes"]) == []
    assert list(visit(depuis=f"{today}", personne="bruno").context["changes"]) == []
    rows = rows_of(visit("access-xlsx", depuis=f"{today}"))
    assert rows[1][1:4] == [org.address, "Ajouter un cotitulaire", "Paul EXEMPLE"]


def test_the_workbook_holds_them_all_and_who_took_it_is_written_down(visit, org, per, people):
    rows = rows_of(visit("access-xlsx"))
    assert rows[0][:3] == ["Structure", "BAL", "Type"]
    assert [row[4] for row in rows[1:]] == ["Alice EXEMPLE", "Bruno EXEMPLE", "Delphine EXEMPLE", "Paul EXEMPLE"]
    assert rows[3][6:8] == ["délégataire", "lecture"]
    assert rows[3][10] == "Alice EXEMPLE"
    assert AccessTrace.objects.get().target.startswith("état des accès (xlsx)")


def test_the_document_is_made(visit, org):
    assert visit("access-pdf").content.startswith(b"%PDF")
    assert visit("access-pdf", depuis="2026-01-01", personne="x\0y").content.startswith(b"%PDF")


def test_it_takes_the_same_queries_for_any_number(visit, client, make_bal, people, django_assert_max_num_queries):
    for _ in range(30):
        make_bal("ORG", people.alice, people.bruno)
    visit()
    with django_assert_max_num_queries(19):
        client.get(reverse("access-list"))


def test_a_titulaire_named_by_mistake_is_among_what_changed_and_a_mended_address_is_not(visit, per, people):
    actions.correct_bal(per, by=people.gisele.user, why="Erreur de saisie", principal=people.bruno)
    actions.correct_bal(per, by=people.gisele.user, why="Coquille", address="juste@chu-exemple.mssante.fr")
    changes = visit(depuis=f"{timezone.localdate()}").context["changes"]
    assert [(line.what, line.person) for line in changes if line.what == Act.CORRECT] == [(Act.CORRECT, people.bruno)]


@pytest.mark.parametrize("asked", [{"depuis": "hier"}, {"structure": "x"}, {"structure": "999999"}])
def test_what_makes_no_sense_asks_for_nothing_and_is_said(visit, org, asked):
    answer = visit(**asked)
    assert answer.status_code == 200
    assert answer.context["listing"].form.errors
