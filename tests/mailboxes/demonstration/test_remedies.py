"""Every finding and every gap of the demonstration leads to what mends it; what a correction mends goes."""

from contextlib import contextmanager

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import Client
from django.urls import reverse

from mailboxes import actions
from mailboxes.findings import BY_NAME, FINDINGS, OF_BALS
from mailboxes.gaps import SITUATIONS, Gaps
from mailboxes.inbox.subjects import SUBJECTS
from mailboxes.lifecycle import State
from mailboxes.models import Bal, Membership, Person
from mailboxes.views.corrections import said_by_annuaire
from mailboxes.views.findings import address_of, remedy_for
from tests.mailboxes.in_bulk import foresee

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_run]
LOOKED_AT = 4  # rows of each
NO_ACT = {"trop", "sans-principal"}  # the actions let none come to be
BY_CORRECTION = ("pas-a-lui", "nom", "homonyme")


@contextmanager
def undone():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def manager_of(structure):
    """An account that manages this structure: itself, or from above."""
    chain = [structure.pk, structure.parent_id]
    row = Membership.objects.filter(structure__in=[pk for pk in chain if pk], role="gestionnaire").first()
    return row.user if row else get_user_model().objects.get(username="gisele")


def visitor(user):
    client = Client()
    client.force_login(user)
    return client


def offers_the_act(client, url):
    """The page opens, and refuses nothing to who may."""
    answer = client.get(url, follow=True)
    assert answer.status_code == 200, url
    assert not (answer.context or {}).get("refusal"), (url, answer.context["refusal"])
    return answer.text


@pytest.mark.parametrize("finding", OF_BALS, ids=lambda finding: finding.name)
def test_each_finding_about_bal_leads_to_what_mends_it(finding):
    bals = list(finding.bals(Bal.objects.all()).select_related("structure").order_by("pk")[:LOOKED_AT])
    assert bals or finding.name in NO_ACT
    for bal in bals:
        user = manager_of(bal.structure)
        client, row = visitor(user), Bal.objects.with_holders().get(pk=bal.pk)
        page = offers_the_act(client, address_of(finding))
        assert bal.address in page or "page=2" in page
        remedy = remedy_for(finding, row, user)
        if finding.place:
            assert reverse(finding.place.view) in page
            offers_the_act(client, reverse(finding.place.view))
        elif finding.remedy is not None:
            assert remedy, (finding.name, bal.address)
            offers_the_act(client, remedy)
        else:
            assert finding.steps or finding.name == "sert-encore", "neither an act nor a way"
        offers_the_act(client, bal.get_absolute_url())


@pytest.mark.parametrize("finding", [f for f in FINDINGS if not f.bals], ids=lambda finding: finding.name)
def test_each_other_finding_leads_to_its_list(finding):
    page = reverse("finding", args=[finding.name])
    answer = visitor(get_user_model().objects.get(username="gisele")).get(page)
    assert answer.status_code == (200 if finding.about in SUBJECTS else 302), "what is followed has a list of its own"
    leads_to = getattr(answer, "url", page)
    assert visitor(get_user_model().objects.get(username="admin")).get(leads_to).status_code == 200


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_each_gap_is_answered_by_each_of_its_remedies(situation):
    everything = Gaps.visible_to(get_user_model().objects.get(username="admin"))
    found = list(everything.narrowed(situation=situation.name)[:LOOKED_AT])
    assert found
    for gap in found:
        client = visitor(manager_of(gap.structure))
        page = reverse("gap", args=[gap.situation.name, gap.structure_id, gap.address])
        answer = client.get(page)
        assert answer.context["remedies"] == list(situation.remedies)
        for act in situation.remedies:
            shown = foresee(client, "gap-bulk", {"gaps": gap.key, "act": act})
            assert shown.status_code == 200, act
            assert gap.address in shown.text
        if gap.bal and gap.bal.state != State.DELETED:
            correct = reverse("bal-correct", args=[gap.bal_id])
            assert correct in answer.text
            offers_the_act(client, f"{correct}?annuaire=oui")


# --- What a correction mends ------------------------------------------------------------------------------------------
def put_right(name: str, bal: Bal, by) -> None:
    if name == "nom":
        domain = bal.address.partition("@")[2]
        actions.correct_bal(bal, by=by, why="Coquille.", address=f"equipe-{bal.pk}@{domain}")
    elif name == "homonyme":
        actions.correct_person(bal.principal(), by=by, why="Un autre nom d’usage.", given_name="Maïwenn")
    else:
        held = bal.cotitulaires.values("person")
        able = Person.objects.able_to_hold().filter(affiliations__structure=bal.structure, affiliations__left_on=None)
        right = able.exclude(pk__in=held).first()
        actions.correct_bal(bal, by=by, why="Mauvais titulaire.", principal=right)


@pytest.mark.parametrize("name", BY_CORRECTION)
def test_what_a_correction_mends_disappears(name):
    finding = BY_NAME[name]
    for bal in list(finding.bals(Bal.objects.all()).order_by("pk")[:LOOKED_AT]):
        with undone():
            put_right(name, Bal.objects.with_holders().get(pk=bal.pk), manager_of(bal.structure))
            left = finding.bals(Bal.objects.filter(pk=bal.pk)).exists()
            is_listed = name == "pas-a-lui" and left and listed_under_who_denies(bal)
            assert not left or is_listed, (name, bal.address)


def listed_under_who_denies(bal: Bal) -> bool:
    """Then it is the annuaire that is wrong, and the operator who is asked."""
    return bool(said_by_annuaire(bal))
