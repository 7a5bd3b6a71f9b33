"""The page of a BAL on its space: forecast, remedies, chart, and more space asked of the operator."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mailboxes import actions
from mailboxes.models import SYSTEM, Bal, Request
from mailboxes.rules import NotAllowed, Refused
from tests.mailboxes.conftest import record

pytestmark = pytest.mark.sqlite_run


@pytest.fixture
def grown(org):
    """942, 949, 956 Mo of 1000, a week apart: a megabyte a day, 44 left."""
    now = timezone.now()
    for weeks, used in ((2, 942), (1, 949), (0, 956)):
        at = now - timedelta(weeks=weeks)
        record(org, at=at, source="import", used_mb=used, quota_mb=1000, last_used_at=at, by=SYSTEM)
    return org


@pytest.fixture
def page(client):
    def get(person, bal):
        client.force_login(person.user)
        return client.get(reverse("bal", args=[bal.pk]))

    return get


def test_the_page_tells_the_day_it_will_be_full(page, people, grown):
    answer = page(people.alice, grown)
    day = timezone.localdate() + timedelta(days=44)
    assert answer.context["forecast"].likely == day
    assert f"Pleine vers le {day.day}" in answer.content.decode()


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [({"used_mb": 5}, "il faut au moins trois relevés"), ({"quota_mb": None}, "espace accordé n’est pas connu")],
)
def test_the_page_says_why_it_cannot_be_told(page, people, org, facts, sentence):
    Bal.objects.filter(pk=org.pk).update(quota_mb=facts.get("quota_mb", 1000))
    record(org, at=timezone.now(), source="import", used_mb=5, by=SYSTEM)
    assert sentence in page(people.alice, org).content.decode()


def test_a_day_gone_by_without_a_reading_is_said_so(page, people, grown, time_machine):
    time_machine.move_to(timezone.now() + timedelta(days=50))
    assert "ne le confirme ni ne le dément" in page(people.alice, grown).content.decode()


def test_a_full_bal_is_said_full(page, people, grown):
    record(grown, at=timezone.now(), source="push", used_mb=1000, by=SYSTEM)
    text = page(people.alice, grown).content.decode()
    assert "<strong>Pleine</strong> depuis" in text


def test_the_remedies_are_given_in_order(page, people, grown):
    text = page(people.alice, grown).content.decode()
    order = ["logiciel métier", "corbeille", "par date", "pièces jointes", "demander de l’espace"]
    found = [text.index(word, text.index("Faire de la place")) for word in order]
    assert found == sorted(found)


def test_only_who_may_ask_is_offered_to(page, people, grown):
    link = reverse("bal-space", args=[grown.pk])
    assert link in page(people.gisele, grown).content.decode()
    assert link not in page(people.alice, grown).content.decode()


def test_the_chart_shows_readings_thresholds_forecast_and_band(page, people, grown):
    now = timezone.now()
    for days, used in ((28, 925), (21, 938)):  # not quite on the line, so that there is a band
        record(grown, at=now - timedelta(days=days), source="push", used_mb=used, by=SYSTEM)
    context = page(people.alice, grown).context
    chart, told = context["chart"], context["forecast"]
    series = {one["label"]: one for one in chart["series"]}
    assert [line["value"] for line in chart["thresholds"]] == [1000, 800, 900, 950]
    assert series["Prévision"]["points"] == [[str(told.since), 956], [str(told.likely), 1000]]
    band = series["Quatre chances sur cinq"]["band"]
    assert band[0] == [str(told.since), 956, 956]
    assert all(low <= high <= 1000 for _, low, high in band)
    assert [day for day, *_ in band] == sorted(day for day, *_ in band)


def test_without_forecast_the_chart_has_the_readings_alone(page, people, org):
    for weeks in (1, 0):
        at = timezone.now() - timedelta(weeks=weeks)
        record(org, at=at, source="import", used_mb=5, quota_mb=100, by=SYSTEM)
    labels = [one["label"] for one in page(people.alice, org).context["chart"]["series"]]
    assert labels == ["Espace occupé", "Jours d’utilisation"]


# --- More space -------------------------------------------------------------------------------------------------------
def test_more_space_is_a_request_to_the_operator(grown, people):
    request = actions.ask_more_space(grown, 2000, by=people.gisele.user, note="Tri fait.")
    assert (request.kind, request.bal) == ("change", grown)
    notice = request.entry.notices.get()
    assert "2000 Mo d’espace à cette BAL au lieu de 1000 Mo. Elle est remplie à 96 %." in notice.text
    assert "Tri fait." in notice.text
    grown.refresh_from_db()
    assert grown.quota_mb == 1000  # asked is not granted


def test_once_the_operator_has_granted_it_the_request_leads_to_where_it_is_noted(grown, people, visit):
    """The register follows no answer by itself: the BAL stayed full in *À traiter*, and nothing said why."""
    request = actions.ask_more_space(grown, 2000, by=people.gisele.user)
    Request.objects.update(stage="done")
    page = visit(people.gisele, "request", request.pk).content.decode()
    assert reverse("bal-edit", args=[grown.pk]) in page


@pytest.mark.parametrize(("wanted", "refused"), [(1000, True), (1001, False)])
def test_more_is_more_than_one_has(grown, people, wanted, refused):
    if refused:
        with pytest.raises(Refused, match="déjà 1000 Mo"):
            actions.ask_more_space(grown, wanted, by=people.gisele.user)
    else:
        assert actions.ask_more_space(grown, wanted, by=people.gisele.user)


def test_a_holder_asks_through_who_manages_the_bal(grown, people):
    with pytest.raises(NotAllowed):
        actions.ask_more_space(grown, 2000, by=people.alice.user)


def test_the_form_asks_and_says_what_is_refused(client, people, grown):
    client.force_login(people.gisele.user)
    url = reverse("bal-space", args=[grown.pk])
    assert "déjà 1000 Mo" in client.post(url, {"quota_mb": 500}).content.decode()
    assert client.post(url, {"quota_mb": 2000}).status_code == 302
    assert Request.objects.get().entry.note.startswith("Merci d’accorder 2000 Mo")
    assert "n’a pas encore répondu" in client.get(url).content.decode()


def test_mes_bal_gives_the_remedies_too(client, people, grown):
    Bal.objects.filter(pk=grown.pk).update(percent_full=50, full_on=timezone.localdate() + timedelta(days=30))
    client.force_login(people.alice.user)
    assert "Elle se remplit" in client.get(reverse("my-bals")).content.decode()
    Bal.objects.filter(pk=grown.pk).update(full_on=timezone.localdate() + timedelta(days=31))
    assert "Elle se remplit" not in client.get(reverse("my-bals")).content.decode()
