"""The admin: a window on the BAL, bound by the same rules; what is known of structures and people is edited there."""

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.urls import reverse

from mailboxes.lifecycle import State
from mailboxes.models import Bal, Cotitulaire, Structure

pytestmark = pytest.mark.sqlite_run

READ_ONLY = ["bal", "journalentry", "notice", "accesstrace", "reading", "request", "requestlayout"]
EDITABLE = ["structure", "operator", "person", "affiliation", "membership"]


@pytest.fixture
def root(client, people):
    """Gisele, gestionnaire of the CHU, who also administers the installation."""
    user = people.gisele.user
    user.is_staff = user.is_superuser = True
    user.save()
    client.force_login(user)
    return client


@pytest.mark.parametrize("name", READ_ONLY + EDITABLE)
def test_every_list_opens_and_searches(root, org, name):
    assert root.get(reverse(f"admin:mailboxes_{name}_changelist")).status_code == 200
    if admin.site.get_model_admin(Bal).search_fields:
        assert root.get(reverse(f"admin:mailboxes_{name}_changelist"), {"q": "exemple"}).status_code == 200


@pytest.mark.parametrize("name", READ_ONLY)
def test_nothing_is_added_by_hand_to_what_is_written_by_the_actions(root, name):
    assert root.get(reverse(f"admin:mailboxes_{name}_add")).status_code == 403


def test_a_bal_is_read_not_written(root, org):
    url = reverse("admin:mailboxes_bal_change", args=[org.pk])
    assert root.get(url).status_code == 200
    assert root.post(url, {"service": "x"}).status_code == 403
    assert root.post(reverse("admin:mailboxes_bal_delete", args=[org.pk]), {"post": "yes"}).status_code == 403


def test_the_21st_cotitulaire_has_no_way_in_by_the_admin(root, crowd, people):
    bal = crowd(20)
    facts = {"cotitulaires-0-person": people.paul.pk, "cotitulaires-TOTAL_FORMS": 21, "cotitulaires-INITIAL_FORMS": 20}
    assert root.post(reverse("admin:mailboxes_bal_change", args=[bal.pk]), facts).status_code == 403
    assert not admin.site.is_registered(Cotitulaire)
    assert bal.cotitulaires.count() == 20


def test_a_verb_of_the_admin_obeys_the_table(root, org, per):
    Bal.objects.filter(pk=per.pk).update(state=State.REQUESTED)
    data = {"action": "request_depublication", "_selected_action": [org.pk, per.pk]}
    answer = root.post(reverse("admin:mailboxes_bal_changelist"), data)
    said = [str(message) for message in get_messages(answer.wsgi_request)]
    assert any("impossible : l’opérateur ne l’a pas encore ouverte" in sentence for sentence in said)
    assert any("fait pour 1 BAL" in sentence for sentence in said)
    org.refresh_from_db()
    assert org.state == State.DEPUBLICATION_REQUESTED


def test_deletion_by_who_is_not_the_principal_is_refused_by_the_admin(root, org):
    Bal.objects.filter(pk=org.pk).update(state=State.DEPUBLISHED)
    root.post(reverse("admin:mailboxes_bal_changelist"), {"action": "request_deletion", "_selected_action": [org.pk]})
    org.refresh_from_db()
    assert org.state == State.DEPUBLISHED


def test_a_structure_is_edited(root, structure):
    assert root.get(reverse("admin:mailboxes_structure_change", args=[structure.pk])).status_code == 200
    facts = {"name": "Clinique", "kind": "hospital", "memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    root.post(reverse("admin:mailboxes_structure_add"), facts)
    assert Structure.objects.filter(name="Clinique").exists()
