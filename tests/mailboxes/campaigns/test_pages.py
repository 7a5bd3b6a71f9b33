"""The pages of campaigns translate: who gets in, what is shown, and what a button does."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from mailboxes.campaigns.actions import answer_campaign, close_campaign
from mailboxes.campaigns.models import Campaign, CampaignTarget
from mailboxes.lifecycle import State
from mailboxes.models import AccessTrace, Bal, Cotitulaire, Delegataire, Notice, Preference, Structure
from mailboxes.notices import links
from tests.mailboxes.campaigns.test_campaigns import CLEANUP, PREFERRED, RECERTIFY, fates, launch, target_of
from tests.mailboxes.conftest import make_person, make_professional
from tests.mailboxes.gaps.test_preferences import CHU, practises, situate
from tests.mailboxes.test_pages import said

pytestmark = pytest.mark.sqlite_run

__all__ = ["launch", "practises", "situate"]
SCOPE = "?kind_of=cleanup&for_structure={}"
OF_A_CAMPAIGN = ["campaign", "campaign-remind", "campaign-close", "campaign-pdf", "campaign-xlsx"]


@pytest.fixture
def scope(structure):
    return SCOPE.format(structure.pk)


# --- Who gets in ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", OF_A_CAMPAIGN)
@pytest.mark.parametrize("who", ["eve", "paul"])
def test_a_stranger_and_who_is_merely_asked_get_404(per, people, launch, visit, name, who):
    assert visit(getattr(people, who), name, launch().pk).status_code == 404


@pytest.mark.parametrize("name", ["campaign-list", "campaign-new", "my-campaigns"])
def test_a_visitor_is_sent_to_log_in(client, db, name):
    assert client.get(reverse(name)).status_code == 302


def test_a_reader_follows_and_changes_nothing(per, people, launch, visit):
    campaign = launch()
    answer = visit(people.lea, "campaign", campaign.pk)
    assert answer.status_code == 200
    assert not answer.context["can_remind"]
    assert not answer.context["can_close"]
    visit(people.lea, "campaign-close", campaign.pk, post={})
    assert Campaign.objects.get().closed_at is None
    assert "réservé" in visit(people.lea, "campaign-new").content.decode()


def test_the_list_shows_those_of_one_s_structures(per, people, launch, visit):
    launch()
    assert "Point d’automne" in visit(people.lea, "campaign-list").content.decode()
    assert "Point d’automne" not in visit(people.eve, "campaign-list").content.decode()


def test_nobody_answers_for_another(org, people, launch, visit):
    launch()
    answer = visit(people.bruno, "campaign-answer", target_of(org).pk, post={"answer": "used"})
    assert answer.status_code == 404


# --- Launch -----------------------------------------------------------------------------------------------------------
def test_what_one_sees_is_what_one_launches(per, org, people, visit, scope):
    query = f"{scope}&kind=PER&sort=address"
    shown = visit(people.gisele, "campaign-new", query=query)
    assert shown.context["preview"].asked == 1
    facts = {"title": "Nettoyage", "closes_on": timezone.localdate() + timedelta(days=30)}
    answer = visit(people.gisele, "campaign-new", query=query, post=facts)
    campaign = Campaign.objects.get()
    assert answer.url == campaign.get_absolute_url()
    assert campaign.filter == "kind=PER"
    assert [target.bal for target in campaign.targets.all()] == [per]
    assert "Type : nominative" in visit(people.gisele, "campaign", campaign.pk).context["words"]


def test_a_double_click_launches_once_and_says_so(per, people, visit, scope):
    for _ in range(2):
        answer = visit(people.gisele, "campaign-new", query=scope, post={"title": "Nettoyage"})
    assert "personne à interroger" in answer.context["form"].non_field_errors()[0]
    assert Campaign.objects.count() == 1


@pytest.mark.parametrize("query", ["", "?kind_of=nonsense", "?kind_of=cleanup&for_structure=0"])
def test_nothing_is_launched_without_a_question_and_a_structure_of_one_s_own(per, people, visit, query):
    visit(people.gisele, "campaign-new", query=query, post={"title": "Nettoyage"})
    assert not Campaign.objects.exists()


def test_the_structure_of_others_is_not_offered(per, people, visit, other_structure):
    answer = visit(people.gisele, "campaign-new", query=SCOPE.format(other_structure.pk), post={"title": "x"})
    assert answer.status_code == 200
    assert not Campaign.objects.exists()


def test_a_filter_that_is_not_understood_launches_nothing(per, people, visit, scope):
    visit(people.gisele, "campaign-new", query=f"{scope}&kind=XYZ", post={"title": "Nettoyage"})
    assert not Campaign.objects.exists()


def test_the_register_hands_its_filter_over(per, people, visit):
    page = visit(people.gisele, "bal-list", query="?kind=PER&page=2").content.decode()
    assert "/campagnes/nouvelle/?kind=PER" in page


# --- Follow -----------------------------------------------------------------------------------------------------------
def test_the_page_costs_the_same_for_few_and_many(make_bal, people, launch, visit):
    costs = []
    visit(people.gisele, "my-campaigns")  # the session opens
    for count in (2, 20):
        for number in range(count):
            make_bal("PER", make_professional(100 * count + number, email="p@exemple.invalid"))
        campaign = launch()
        with CaptureQueriesContext(connection) as queries:
            assert visit(people.gisele, "campaign", campaign.pk).context["total"] == count
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_the_list_and_the_preview_cost_the_same_for_few_and_many(make_bal, people, launch, visit, scope):
    costs = []
    visit(people.gisele, "my-campaigns")  # the session opens
    for count in (1, 10):
        for number in range(count):
            bal = make_bal("PER", make_professional(100 * count + number, email="p@exemple.invalid"))
            launch(bals=Bal.objects.filter(pk=bal.pk))
            make_bal("PER", make_professional(100 * count + number + 50, email="p@exemple.invalid"))
        with CaptureQueriesContext(connection) as queries:
            visit(people.gisele, "campaign-list")
            visit(people.gisele, "campaign-new", query=scope)
        costs.append(len(queries))
    assert costs[0] == costs[1]


@pytest.mark.parametrize(("query", "count"), [("", 2), ("?outcome=pending", 1), ("?outcome=used", 1), ("?q=paul", 1)])
def test_the_answers_are_filtered(per, org, people, launch, visit, query, count):
    campaign = launch()
    answer_campaign(target_of(per), "used", by=people.paul.user)
    assert visit(people.gisele, "campaign", campaign.pk, query=query).context["page"].paginator.count == count


def test_the_answers_offered_are_those_of_the_question(per, launch, visit, people):
    form = visit(people.gisele, "campaign", launch().pk).context["listing"].form
    named = [value for value, _ in form.fields["outcome"].choices]
    assert named == ["", "used", "unused", "not_mine", "pending", "unreached", "elsewhere"]


def test_what_was_not_answered_is_a_filter_of_the_register(per, org, people, launch, visit):
    campaign = launch()
    answer_campaign(target_of(per), "used", by=people.paul.user)
    found = visit(people.gisele, "bal-list", query=f"?unanswered={campaign.pk}")
    assert [bal.pk for bal in found.context["page"]] == [org.pk]
    refused = visit(people.paul, "bal-list", query=f"?unanswered={campaign.pk}")
    assert refused.context["listing"].form.errors  # that campaign is not shown to this person


def test_remind_and_close_from_the_page(per, people, launch, visit):
    campaign = launch()
    assert "moins d’un jour" in visit(people.gisele, "campaign-remind", campaign.pk).content.decode()
    Campaign.objects.update(launched_at=timezone.now() - timedelta(days=2))
    assert "Le rappel part." in said(visit(people.gisele, "campaign-remind", campaign.pk, post={}))
    visit(people.gisele, "campaign-close", campaign.pk, post={})
    assert Campaign.objects.get().closed_at


# --- Answer -----------------------------------------------------------------------------------------------------------
def test_mes_bal_says_how_many_questions_wait(org, people, launch, visit):
    assert visit(people.alice, "my-bals").context["questions"] == 0
    launch()
    launch(RECERTIFY)
    assert visit(people.alice, "my-bals").context["questions"] == 2
    visit(people.alice, "campaign-answer", target_of(org, open_kind=CLEANUP).pk, post={"answer": "used"})
    assert visit(people.alice, "my-bals").context["questions"] == 1


def test_the_list_of_accesses_is_confirmed_as_it_was_shown(org, people, launch, visit):
    launch(RECERTIFY)
    row = visit(people.alice, "my-campaigns").context["rows"][0]
    assert [access.person for access in row["accesses"]] == [people.bruno, people.delphine]
    shown = [access.key for access in row["accesses"]]
    Delegataire.objects.create(bal=org, person=people.lea, under=people.bruno, reason="remplacement")
    target = target_of(org).pk
    answer = visit(people.alice, "campaign-answer", target, post={"answer": "confirmed", "shown": shown})
    assert "a changé" in said(answer)[0]
    shown = [access.key for access in visit(people.alice, "my-campaigns").context["rows"][0]["accesses"]]
    gone = [key for key in shown if key.startswith("delegation")]
    visit(people.alice, "campaign-answer", target, post={"answer": "withdrawn", "shown": shown, "withdrawn": gone})
    assert not org.delegataires.filter(ended_at=None).exists()
    assert Cotitulaire.objects.filter(bal=org).count() == 2


def test_the_choice_is_offered_place_by_place(practises, make_bal, people, launch, visit):
    first, second = make_bal("PER", people.paul), make_bal("PER", people.paul)
    launch(PREFERRED)
    row = visit(people.paul, "my-campaigns").context["rows"][0]
    assert [place.situation for place in row["places"]] == [CHU]
    assert row["addresses"] == [first.address, second.address]
    facts = {"answer": "chosen", "situation": [CHU], "address": [second.address]}
    visit(people.paul, "campaign-answer", row["target"].pk, post=facts)
    assert Preference.objects.get().address == second.address
    campaign = Campaign.objects.get()
    assert "Paul EXEMPLE" in visit(people.gisele, "campaign", campaign.pk).content.decode()
    for name in ("campaign-pdf", "campaign-xlsx"):
        assert visit(people.gisele, name, campaign.pk).status_code == 200
    query = SCOPE.format(campaign.structure_id).replace("cleanup", "preferred")
    assert fates(visit(people.gisele, "campaign-new", query=query).context["preview"].left_out) == {"chosen": 1}


def test_the_bal_of_who_did_not_choose_stand_in_the_register(practises, make_bal, people, launch, visit):
    bals = {make_bal("PER", people.paul).pk, make_bal("PER", people.paul).pk}
    make_bal("PER", people.bruno)
    found = visit(people.gisele, "bal-list", query=f"?unanswered={launch(PREFERRED).pk}")
    assert {bal.pk for bal in found.context["page"]} == bals


def test_the_questions_cost_the_same_for_few_and_many(make_bal, people, launch, visit):
    costs = []
    visit(people.alice, "my-campaigns")  # the session opens
    for count in (1, 10):
        for _ in range(count):
            make_bal("ORG", people.alice, people.bruno)
        launch(RECERTIFY)
        with CaptureQueriesContext(connection) as queries:
            visit(people.alice, "my-campaigns")
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_the_link_answers_the_clean_up_alone(org, people, launch, client):
    launch(RECERTIFY)
    launch(CLEANUP)
    cleanup, review = (Notice.objects.get(stage=f"ask_campaign-{kind}") for kind in (CLEANUP, RECERTIFY))
    link = reverse("campaign-link", args=[links.sign_notice(cleanup)])
    assert len(client.get(link).context["rows"]) == 1
    other = CampaignTarget.objects.get(campaign__kind=RECERTIFY)
    assert client.post(link, {"target": other.pk, "answer": "confirmed"}).status_code == 404
    assert client.get(reverse("campaign-link", args=[links.sign_notice(review)])).status_code == 404
    assert client.get(reverse("campaign-link", args=["rien"])).status_code == 404
    Campaign.objects.update(closed_at=timezone.now())
    CampaignTarget.objects.update(open_kind="")
    assert "close" in client.get(link).content.decode()


def test_the_title_of_the_link_says_what_is_left_to_answer(make_bal, people, launch, client):
    for _ in range(2):
        make_bal("PER", people.paul)
    launch(CLEANUP)
    link = reverse("campaign-link", args=[links.sign_notice(Notice.objects.get(person=people.paul))])
    titles, told = [], []
    for target in CampaignTarget.objects.filter(person=people.paul):
        titles.append(title_of(client.get(link).text))
        for _ in range(2):  # a thumb that presses twice is told the same
            page = client.post(link, {"target": target.pk, "answer": "used"}, follow=True).text
            told.append("C’est noté : vous vous servez" in page.replace("\u00a0", " ") and "alert-danger" not in page)
    titles.append(title_of(client.get(link).text))
    CampaignTarget.objects.update(open_kind="")
    titles.append(title_of(client.get(link).text))
    assert titles == [
        "Vous servez-vous de ces BAL ?", "Vous servez-vous de cette BAL ?", "C’est noté",
        "Il n’y a plus rien à répondre",
    ]  # fmt: skip
    assert told == [True] * 4


def title_of(page: str) -> str:
    found = re.search(r"<h1[^>]*>\s*(.*?)\s*</h1>", page, re.DOTALL)
    return re.sub(r"\s", " ", found[1]) if found else ""


# --- Report -----------------------------------------------------------------------------------------------------------
def test_the_sheet_holds_every_target_and_who_took_it_is_written_down(per, org, people, launch, visit):
    campaign = launch()
    answer_campaign(target_of(per), "unused", by=people.paul.user)
    book = load_workbook(BytesIO(visit(people.gisele, "campaign-xlsx", campaign.pk).content))
    rows = [dict(zip(("address", "kind"), row, strict=False)) for row in book.active.iter_rows(values_only=True)]
    assert {row["address"] for row in rows} == {"BAL", per.address, org.address}
    text = [str(cell) for row in book.active.iter_rows(values_only=True) for cell in row]
    assert "Je ne m’en sers plus" in text
    assert State.DEPUBLICATION_REQUESTED.label in text
    assert AccessTrace.objects.get().what == "export"


@pytest.mark.parametrize("kind", [CLEANUP, RECERTIFY])
@pytest.mark.parametrize("closed", [False, True])
def test_the_report_is_printed_open_or_closed(org, make_bal, people, launch, visit, kind, closed):
    make_bal("ORG")
    campaign = launch(kind)
    if closed:
        close_campaign(campaign, by=people.gisele.user)
    answer = visit(people.gisele, "campaign-pdf", campaign.pk)
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")


def test_the_report_costs_the_same_for_few_and_many(make_bal, people, structure, launch, visit):
    costs = []
    visit(people.gisele, "my-campaigns")  # the session opens
    for count in (2, 20):
        for number in range(count):
            make_bal("PER", make_person(f"pro{count}-{number}", structure, f"3{100 * count + number:010}"))
        campaign = launch()
        with CaptureQueriesContext(connection) as queries:
            visit(people.gisele, "campaign-pdf", campaign.pk)
            visit(people.gisele, "campaign-xlsx", campaign.pk)
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_a_campaign_over_several_structures_says_whose_each_bal_is(per, people, structure, launch, visit):
    campaign = launch()
    assert not visit(people.gisele, "campaign", campaign.pk).context["listing"].shows["structure"]
    Structure.objects.create(name="Site", parent=structure)
    page = visit(people.gisele, "campaign", campaign.pk)
    assert page.context["listing"].shows["structure"]
    assert f'data-label="Structure">{structure}' in page.text
