"""Two windows, a page sent again, a thing that is gone meanwhile: what is read then."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from mailboxes import actions
from mailboxes.lifecycle import Act, RequestKind
from mailboxes.lists.actions import save_view, share_view
from mailboxes.models import JournalEntry, Notice
from mailboxes.rules import Refused

pytestmark = pytest.mark.sqlite_run


def test_the_operator_is_written_to_once_a_day(org, people, time_machine, client):
    request = actions.open_request(org, RequestKind.CHANGE, by=people.gisele.user, detail="2 Go")
    actions.step(request, Act.MARK_SENT, by=people.gisele.user)
    url, letters = reverse("request-step", args=[request.pk, Act.REMIND_OPERATOR]), Notice.objects.filter(bal=org)
    client.force_login(people.gisele.user)
    written = letters.count()
    assert url in client.get(request.get_absolute_url()).text
    assert client.post(url).status_code == 302
    assert url not in client.get(request.get_absolute_url()).text, "what would be refused is not offered"
    again = client.post(url)
    assert "déjà relancé aujourd’hui" in again.text
    assert letters.count() == written + 1
    time_machine.move_to(timezone.now() + timedelta(days=1))
    client.force_login(people.gisele.user)
    client.post(url)
    assert letters.count() == written + 2


def test_a_page_whose_thing_is_gone_says_that_it_may_be_done_already(client, people):
    client.force_login(people.gisele.user)
    url = reverse("view-change", args=[10**6])
    assert "peut-être déjà fait" in client.post(url).text
    assert "Page introuvable" in client.get("/nulle-part/").text


def test_a_row_written_meanwhile_is_told_in_plain_words(client, people, monkeypatch):
    users = get_user_model().objects
    client.force_login(people.gisele.user)
    client.raise_request_exception = False

    def status_after(write):
        def checked(*args, **kwargs):
            with transaction.atomic():
                write()

        monkeypatch.setattr("mailboxes.lists.actions.check_save_view", checked)
        return client.post(reverse("view-save", args=["bals"]), {"title": "Pleines"})

    answer = status_after(lambda: users.create(username=people.gisele.user.username))
    assert answer.status_code == 409
    assert "C’est déjà enregistré" in answer.text
    assert status_after(lambda: users.create(username=None)).status_code == 500


def test_a_departure_asks_the_principal_once_a_day(org, people, structure):
    stay = people.alice.affiliations.get()
    actions.ask_handover(stay, by=people.gisele.user)
    with pytest.raises(Refused) as refused:
        actions.ask_handover(stay, by=people.gisele.user)
    assert refused.value.code == "asked"
    assert JournalEntry.objects.filter(what=Act.ASK_HANDOVER).count() == 1


def test_a_view_shared_again_with_the_same_structure_is_told_once(people, structure):
    view = save_view("bals", "Pleines", "", by=people.gisele.user)
    for _ in range(2):
        share_view(view, structure, by=people.gisele.user)
    assert JournalEntry.objects.filter(what=Act.SHARE_VIEW).count() == 1
