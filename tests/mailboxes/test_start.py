"""The first day: five steps, each done by what the register holds, passed, or open."""

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from directory.models import SyncRun
from mailboxes.models import Membership, PassedStep
from mailboxes.views.start import STEPS, is_first_day, standings

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_run]


@pytest.fixture
def root(client):
    user = get_user_model().objects.create_superuser("root")
    client.force_login(user)
    return user


def done():
    return [row.step.name for row in standings() if row.is_done]


def test_an_empty_installation_opens_on_its_first_day(client, root):
    assert client.get("/", follow=True).redirect_chain == [(reverse("start"), 302)]
    assert done() == []


def test_each_step_is_done_by_what_is_there(root, people, operator, org):
    assert done() == ["structure", "operateur", "liste", "personnes"]
    SyncRun.objects.create(source="extraction", status="applied")
    assert done() == [step.name for step in STEPS]
    assert not is_first_day(root)


def test_a_step_is_passed_and_stays_there_to_be_taken(client, root):
    client.post(reverse("start-pass"), {"step": "annuaire"})
    page = client.get(reverse("start")).text
    assert "passée" in page
    assert reverse("directory:runs") in page
    assert PassedStep.objects.get().by == root
    assert is_first_day(root)
    SyncRun.objects.create(source="extraction", status="applied")
    assert done() == ["annuaire"]


def test_what_is_a_gestionnaire_s_to_do_leads_an_administrator_into_no_refusal(client, root, structure):
    page = client.get(reverse("start")).text
    assert reverse("import-new") not in page
    assert "C’est à un gestionnaire d’une structure" in page
    Membership.objects.create(user=root, structure=structure, role=Membership.Role.GESTIONNAIRE)
    page = client.get(reverse("start")).text
    assert reverse("import-new") in page
    assert "C’est à un gestionnaire d’une structure" not in page


def test_all_that_is_left_may_wait_and_is_resumed_from_the_menu(client, root):
    client.post(reverse("start-pass"), follow=True)
    home = client.get("/")
    assert home.status_code == 200
    assert reverse("start") in home.text
    client.post(reverse("start-pass"))  # twice is once
    assert PassedStep.objects.count() == len(STEPS)


def test_it_is_for_who_looks_after_the_installation_alone(client, people):
    client.force_login(people.gisele.user)
    assert client.get(reverse("start")).status_code == 404
    assert client.post(reverse("start-pass"), {"step": "annuaire"}).status_code == 404
    assert client.get("/").status_code == 200
    assert not PassedStep.objects.exists()


@pytest.mark.parametrize("name", ["ailleurs", "\0"])
def test_no_other_step_is_passed(client, root, name):
    assert client.post(reverse("start-pass"), {"step": name}).status_code == 404


def test_how_far_one_is_is_said_in_a_whole_sentence(client, root, structure):
    assert "Aucune n’est encore faite." in client.get(reverse("start")).text
    SyncRun.objects.create(source="extraction", status="applied")
    assert "Une sur cinq est faite." in client.get(reverse("start")).text


def test_once_all_is_done_it_is_said(client, root, people, operator, org):
    assert "4 sur cinq sont faites." in client.get(reverse("start")).text
    SyncRun.objects.create(source="extraction", status="applied")
    page = client.get(reverse("start")).text
    assert "Les cinq étapes sont faites" in page
    assert "sur cinq" not in page
