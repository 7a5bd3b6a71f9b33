"""Two windows, a page sent again, a thing that is gone meanwhile: what is read then."""

import re
from datetime import date, timedelta
from html import unescape

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.forms import ModelForm
from django.urls import reverse
from django.utils import timezone

from directory.typography import quoted
from mailboxes import actions
from mailboxes.campaigns.reviews import set_recurrence
from mailboxes.engagements.actions import set_engagement
from mailboxes.forms import PersonForm, RegisterForm
from mailboxes.forms.offers import ShowingForm
from mailboxes.lifecycle import Act, RequestKind
from mailboxes.lists.actions import save_view, share_view
from mailboxes.mailserver.actions import set_mail_server
from mailboxes.models import SYSTEM, Engagement, JournalEntry, Notice, RequestLayout
from mailboxes.models.thresholds import chosen
from mailboxes.moves.forms import FinessForm, MigrationForm
from mailboxes.openings.actions import set_naming
from mailboxes.rules import Refused
from mailboxes.software.actions import add_webhook

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
        shown[bound.html_initial_name] = _values(bound.as_hidden(only_initial=True))
        if bound.widget_type != "checkbox" or bound.value():
            shown[bound.html_name] = _values(bound.as_hidden())
    return lambda **typed: client.post(url, {**shown, **typed}, follow=True)


def _values(inputs: str) -> list[str]:
    found = (re.search(r'value="([^"]*)"', one) for one in re.findall("<input[^>]*>", inputs))
    return [unescape(value[1]) if value else "" for value in found]


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


@pytest.fixture
def changed(people, structure, operator):
    """The address of a page by its name, where there is something to change."""
    gisele = people.gisele.user
    get_user_model().objects.filter(pk=gisele.pk).update(is_superuser=True)
    gisele.refresh_from_db()
    layout = RequestLayout(structure=structure, operator=operator, subject="Objet", body="Texte")
    made = {
        "layout": lambda: [actions.write_layout(layout, by=gisele).pk],
        "naming": lambda: [set_naming(structure.parent, by=SYSTEM, max_length=20) and structure.pk],
        "operator-server": lambda: [set_mail_server(operator, by=gisele, host="imap.op.invalid").operator_id],
        "webhook-edit": lambda: [
            add_webhook(structure=structure, url="https://dpi.exemple.fr/a", events=["quota"], by=gisele).pk
        ],
        "protocol-edit": lambda: [structure.pk],
        "recurrence": lambda: [
            set_recurrence(structure, every="year", next_on=date(2031, 1, 1), by=gisele).structure_id
        ],
        "operator-rate": lambda: [structure.pk, operator.pk],
        "my-preferences": list,
        "own-words": lambda: [structure.pk, "alert_idle"],
        "threshold": lambda: ["READING_FRESH_DAYS"],
        "domain-reserve": lambda: [operator.pk, operator.domains.get().pk],
    }
    return lambda page: reverse(page, args=made[page]())


# What one window changes, then another that was open before.
TYPED = {
    "layout": ({"subject": "Nouvel objet"}, {"body": "Deux\r\nlignes"}),
    "naming": ({"max_length": "30"}, {"particles": "dropped"}),
    "operator-server": ({"host": "imap2.op.invalid"}, {"imap_port": "143"}),
    "webhook-edit": ({"events": ["quota", "state"]}, {"paused": "on"}),
    "protocol-edit": ({"purpose": "Nos usages"}, {"people": "Nos titulaires"}),
    "recurrence": ({"every": "quarter"}, {"next_on": "2031-05-04"}),
    "operator-rate": ({"price_mark": "4"}, {"price_words": "Forfait"}),
    "my-preferences": ({"email": "autre@exemple.invalid"}, {"channel": "hand"}),
}


@pytest.fixture
def window(client, people, changed):
    def go(page):
        client.force_login((people.alice if page == "my-preferences" else people.gisele).user)
        return changed(page)

    return go


def shown(client, url, names):
    form = client.get(url).context["form"]
    return {name: _values(form[name].as_hidden()) for name in names}


@pytest.mark.parametrize("page", TYPED)
def test_what_two_windows_change_is_kept_of_both(client, window, page):
    url, (one, other) = window(page), TYPED[page]
    first, second = opened(client, url), opened(client, url)
    assert "avait changé" not in first(**one).text
    assert "avait changé" not in second(**other).text
    said = {name: "True" if value == "on" else value for name, value in (one | other).items()}
    assert shown(client, url, said) == {
        name: value if isinstance(value, list) else [value] for name, value in said.items()
    }


# A page of one thing, changed in one window: another that was open before is sent as it is.
ALONE = {
    "own-words": ({"text": "Au 2e étage"}, {}),
    "threshold": ({"value": "60", "why": "Nos listes sont rares."}, {"why": "Encore."}),
    "domain-reserve": ({}, {}),
}


@pytest.mark.parametrize("page", ALONE)
def test_a_window_where_nothing_was_typed_changes_nothing(
    client, window, page, structure, django_capture_on_commit_callbacks
):
    url, (one, other) = window(page), ALONE[page]
    one = one or {"structure": str(structure.pk)}
    first, second = opened(client, url), opened(client, url)
    for send, typed in ((first, one), (second, other)):
        with django_capture_on_commit_callbacks(execute=True):
            send(**typed)
    name = next(iter(one))
    assert shown(client, url, [name]) == {name: [one[name]]}
    chosen.forget()


def test_what_both_change_is_said_and_the_last_counts(client, window):
    url = window("layout")
    first, second = opened(client, url), opened(client, url)
    first(subject="Un autre objet", body="Deux\r\nlignes")
    said = second(subject="Le mien").context["messages"]
    assert [str(one).partition(" : ")[2] for one in said if "avait changé" in str(one)] == [
        f"{quoted('Objet')}. C’est votre saisie qui compte."
    ]
    assert shown(client, url, ["subject", "body"]) == {"subject": ["Le mien"], "body": ["Deux\r\nlignes"]}
    first, second = opened(client, url), opened(client, url)
    first(subject="Pareil")
    assert "avait changé" not in second(subject="Pareil").text


# They write a new row, or begin with nothing of the one there is.
NEW = {RegisterForm, PersonForm, MigrationForm, FinessForm}


def test_every_form_over_a_row_shows_what_it_was_given():
    forms = {form for form in _below(ModelForm) if form.__module__.startswith(("mailboxes", "balmanager", "directory"))}
    assert {form for form in forms if not issubclass(form, ShowingForm)} == NEW


def _below(kind):
    return {kind, *(one for below in kind.__subclasses__() for one in _below(below))}


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
