"""Two windows, a page sent again, a thing that is gone meanwhile: what is read then."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from mailboxes import actions
from mailboxes.engagements.actions import set_engagement
from mailboxes.lifecycle import Act, RequestKind
from mailboxes.lists.actions import save_view, share_view
from mailboxes.models import Engagement, JournalEntry, Notice
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


def opened(client, url):
    """What a window shows, and sends again with what is typed in it."""
    form = client.get(url).context["form"]
    shown = {}
    for bound in form:
        value = bound.as_hidden(only_initial=True)
        said = re.search(r'value="([^"]*)"', value)
        shown[bound.html_initial_name] = unescape(said[1]) if said else ""
        if bound.widget_type != "checkbox" or bound.value():
            now = re.search(r'value="([^"]*)"', bound.as_hidden())
            shown[bound.html_name] = unescape(now[1]) if now else ""
    return lambda **typed: client.post(url, {**shown, **typed})


def test_a_window_left_open_gives_back_nothing_that_another_changed(client, people, org, per, structure, operator):
    client.force_login(people.gisele.user)
    first, second = (opened(client, reverse("bal-edit", args=[org.pk])) for _ in range(2))
    first(description="Du matin", responsable=people.bruno.rpps, liste_rouge="on")
    second(service="Accueil")
    org.refresh_from_db()
    assert (org.service, org.description, org.responsable, org.liste_rouge) == (
        "Accueil", "Du matin", people.bruno, True,
    )  # fmt: skip
    opened(client, reverse("bal-edit", args=[org.pk]))(description="", responsable="")
    org.refresh_from_db()
    assert (org.description, org.responsable) == ("", None), "what was emptied here is emptied"

    first, second = (opened(client, reverse("bal-correct", args=[per.pk])) for _ in range(2))
    first(principal=people.bruno.rpps, why="Ce n’est pas lui.")
    second(address="bruno.e@chu-exemple.mssante.fr", why="Coquille.")
    per = type(per).objects.get(pk=per.pk)
    assert (per.address, per.principal()) == ("bruno.e@chu-exemple.mssante.fr", people.bruno)

    first, second = (opened(client, reverse("person-edit", args=[people.lea.pk])) for _ in range(2))
    first(profession="Cadre")
    second(**{f"function_{people.lea.affiliations.get().pk}": "Accueil"})
    people.lea.refresh_from_db()
    assert (people.lea.profession, people.lea.affiliations.get().function) == ("Cadre", "Accueil")

    first, second = (opened(client, reverse("person-correct", args=[people.paul.pk])) for _ in range(2))
    first(family_name="Durand", why="Mariage.")
    second(given_name="Paul-Henri", why="Coquille.")
    people.paul.refresh_from_db()
    assert str(people.paul) == "Paul-Henri DURAND"

    first, second = (opened(client, reverse("structure-edit", args=[structure.pk])) for _ in range(2))
    first(town="Lyon")
    second(postcode="69002")
    structure.refresh_from_db()
    assert (structure.town, structure.postcode) == ("Lyon", "69002")

    get_user_model().objects.filter(pk=people.gisele.user.pk).update(is_superuser=True)
    first, second = (opened(client, reverse("operator-edit", args=[operator.pk])) for _ in range(2))
    known = {domain.name for domain in operator.domains.all()}
    first(domains="\n".join([*known, "nouveau.mssante.fr"]), price_PER="12,50")
    second(answer_days="9")
    operator.refresh_from_db()
    assert operator.answer_days == 9
    assert {domain.name for domain in operator.domains.all()} == {*known, "nouveau.mssante.fr"}
    assert operator.prices.count() == 1


def test_nor_of_a_software_or_an_engagement(client, people, app, org, structure):
    client.force_login(people.gisele.user)
    today = timezone.localdate()
    actions.describe_applicative(app, by=people.gisele.user, software="DPI", certificate_expires_on=today)
    first, second = (opened(client, reverse("bal-applicative", args=[app.pk])) for _ in range(2))
    later = today + timedelta(days=365)
    first(certificate_expires_on=str(later))
    second(software="DPI 2", answers=org.pk)
    app.applicative.refresh_from_db()
    assert (app.applicative.software, app.applicative.certificate_expires_on) == ("DPI 2", later)

    facts = {"programme": "SONS", "target": "opened", "number": 10, "due_on": later}
    row = set_engagement(Engagement(structure=structure), by=people.gisele.user, **facts)
    first, second = (opened(client, reverse("engagement-edit", args=[row.pk])) for _ in range(2))
    first(number="20")
    second(note="Convention signée.")
    row.refresh_from_db()
    assert (row.number, row.note) == (20, "Convention signée.")


def test_what_the_annuaire_proposes_is_taken_as_it_is(client, people, per, make_entry):
    make_entry(per.address, "PER", person_id=people.bruno.rpps)
    client.force_login(people.gisele.user)
    opened(client, reverse("bal-correct", args=[per.pk]) + "?annuaire=oui")(why="L’annuaire le dit.")
    assert type(per).objects.get(pk=per.pk).principal() == people.bruno


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
