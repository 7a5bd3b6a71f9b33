"""The admin: windows alone. What is known is written by the pages, whose acts are bound by rules and journaled."""

import pytest
from django.contrib import admin
from django.urls import reverse

from mailboxes.models import Bal, Cotitulaire, JournalEntry, Structure

pytestmark = pytest.mark.sqlite_run

OURS = [model for model in admin.site._registry if model._meta.app_label in ("mailboxes", "accounts", "directory")]


@pytest.fixture
def root(client, people):
    """Gisele, gestionnaire of the CHU, who also administers the installation."""
    user = people.gisele.user
    user.is_staff = user.is_superuser = True
    user.save()
    client.force_login(user)
    return client


def at(model, page, *args):
    return reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_{page}", args=args)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_list_opens_and_searches_and_nothing_is_added(root, org, model):
    assert root.get(at(model, "changelist")).status_code == 200
    if admin.site.get_model_admin(model).search_fields:
        assert root.get(at(model, "changelist"), {"q": "exemple"}).status_code == 200
    assert root.get(at(model, "add")).status_code == 403


@pytest.mark.parametrize("model", [Bal, Structure])
def test_a_row_is_read_not_written(root, org, model):
    row = model.objects.first()
    assert root.get(at(model, "change", row.pk)).status_code == 200
    for page, facts in (("change", {"name": "x", "service": "x"}), ("delete", {"post": "yes"})):
        assert root.post(at(model, page, row.pk), facts).status_code == 403
    assert not JournalEntry.objects.exists()


def test_no_verb_is_offered_there(root, org):
    for action in ("request_depublication", "delete_selected"):
        root.post(at(Bal, "changelist"), {"action": action, "_selected_action": [org.pk]})
    state = org.state
    org.refresh_from_db()
    assert org.state == state


def test_the_21st_cotitulaire_has_no_way_in_by_the_admin(root, crowd, people):
    bal = crowd(20)
    facts = {"cotitulaires-0-person": people.paul.pk, "cotitulaires-TOTAL_FORMS": 21, "cotitulaires-INITIAL_FORMS": 20}
    assert root.post(at(Bal, "change", bal.pk), facts).status_code == 403
    assert not admin.site.is_registered(Cotitulaire)
    assert bal.cotitulaires.count() == 20
