"""The thresholds of the installation: chosen on a page, each with why, refused where they make no sense, read anew."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from mailboxes import actions, jobs
from mailboxes.findings import BY_NAME as FINDINGS
from mailboxes.models import Bal, Notice, Operator
from mailboxes.models.memory import per_request
from mailboxes.models.thresholds import BY_NAME, THRESHOLDS, Choice, chosen
from mailboxes.notices.idleness import alert_of
from mailboxes.rules import NotAllowed, Refused, allows, check_threshold, quota_level

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _as_installed():
    yield
    chosen.forget()


@pytest.fixture
def root(db):
    return get_user_model().objects.create_superuser("root", "root@exemple.invalid", "x")


@pytest.fixture
def choose(root, django_capture_on_commit_callbacks):
    def go(name, value, *, by=root, why="Nos listes sont rares."):
        with django_capture_on_commit_callbacks(execute=True):
            return actions.choose_threshold(BY_NAME[name], value, by=by, why=why)

    return go


def test_each_threshold_is_within_what_makes_sense_as_installed():
    for one in THRESHOLDS:
        numbers = one.default if isinstance(one.default, list) else [one.default]
        assert all(one.low <= number <= one.high for number in numbers), one.name
        assert isinstance(one.default, list) == bool(one.many), one.name


def test_nobody_asks_the_setting_past_the_choice():
    asked = re.compile(r"settings\.(" + "|".join(BY_NAME) + r")\b")
    ours = [path for app in ("balmanager", "directory", "mailboxes") for path in Path(app).rglob("*.py")]
    # The table of the jobs is read once, at the start: it lays out as many sweeps as there may be reminders.
    asking = {str(path) for path in ours if asked.search(path.read_text())}
    assert asking == {"mailboxes/jobs/table.py"}


def test_a_choice_counts_at_once_and_is_given_back(choose, per):
    Bal.objects.filter(pk=per.pk).update(
        read_at=timezone.now() - timedelta(days=40), clock_at=timezone.now() - timedelta(days=400)
    )
    unwatched = FINDINGS["sans-releve"].bals
    assert per in unwatched(Bal.objects.all())
    choose("READING_FRESH_DAYS", 60)
    assert per not in unwatched(Bal.objects.all())
    assert quota_level(75) == 0
    choose("QUOTA_THRESHOLDS", [70, 85, 95])
    assert quota_level(75) == 70
    choose("CONTACT_DELAY", 5)
    assert timedelta(days=5) == chosen.CONTACT_DELAY
    choose("READING_FRESH_DAYS", None, why="Comme avant.")
    assert per in unwatched(Bal.objects.all())
    said = [(str(one), one.why) for one in Choice.objects.all()]
    assert said[0] == ("Durée de validité d’un relevé : comme à l’installation", "Comme avant.")
    assert said[-1] == ("Durée de validité d’un relevé : 60 jours", "Nos listes sont rares.")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("READING_FRESH_DAYS", 6, "n’a pas de sens ici : de 7 à 180"),
        ("READING_FRESH_DAYS", 181, "n’a pas de sens"),
        ("READING_FRESH_DAYS", [30], "Donnez un nombre"),
        ("READING_FRESH_DAYS", 35, "Rien ne change"),
        ("QUOTA_THRESHOLDS", [], "au moins un nombre"),
        ("QUOTA_THRESHOLDS", [90, 80], "du plus petit au plus grand"),
        ("QUOTA_THRESHOLDS", [80, 80], "différents"),
        ("QUOTA_THRESHOLDS", [80, 82], "Écartez ces seuils d’au moins 5 points"),
        ("QUOTA_THRESHOLDS", [60, 70, 80, 90], "3 au plus"),
        ("QUOTA_HYSTERESIS", 6, "ne sont qu’à 5 points"),
        ("IDLE_REMINDERS", [7, 30], "du plus long au plus court"),
        ("IDLE_REMINDERS", [57, 7], "l’alerte ne serait pas encore partie"),
        ("IDLE_ESCALATE_BEFORE", 56, "Donnez moins de 56 jours"),
        ("READINGS_KEPT", 402, "gardez les relevés 403 jours au moins"),
    ],
)
def test_what_makes_no_sense_is_refused_with_why(choose, operator, name, value, says):
    assert (operator.alert_after_months, operator.end_after_months) == (10, 12)
    with pytest.raises(Refused, match=says):
        choose(name, value)
    assert not Choice.objects.exists()


@pytest.mark.usefixtures("operator")
def test_what_is_at_the_edge_is_taken(choose):
    for name, value in (("IDLE_ESCALATE_BEFORE", 55), ("READINGS_KEPT", 403), ("QUOTA_HYSTERESIS", 4)):
        choose(name, value)
    Operator.objects.update(end_after_months=24)
    with pytest.raises(Refused, match="après 24 mois"):
        choose("READINGS_KEPT", 500)


@pytest.mark.parametrize("one", BY_NAME.values(), ids=lambda one: one.name)
def test_each_threshold_goes_from_its_least_to_its_most(one):
    for number, is_taken in ((one.low - 1, False), (one.low, True), (one.high, True), (one.high + 1, False)):
        value = [number] if one.many else number
        assert allows(check_threshold, one, value) == is_taken, number


def test_what_is_given_back_must_fit_what_was_chosen_since(choose, settings):
    choose("QUOTA_THRESHOLDS", [60, 75, 95])
    choose("QUOTA_HYSTERESIS", 15)
    with pytest.raises(Refused, match="Écartez ces seuils d’au moins 15 points"):
        choose("QUOTA_THRESHOLDS", None)
    choose("QUOTA_HYSTERESIS", None)
    choose("QUOTA_THRESHOLDS", None)
    assert settings.QUOTA_THRESHOLDS == chosen.QUOTA_THRESHOLDS


def test_only_the_administrator_chooses_and_says_why(choose, people):
    with pytest.raises(NotAllowed):
        choose("READING_FRESH_DAYS", 40, by=people.gisele.user)
    with pytest.raises(Refused, match="Dites pourquoi"):
        choose("READING_FRESH_DAYS", 40, why=" ")


def test_the_reminders_go_by_what_is_chosen(choose, make_bal, people, time_machine):
    start = timezone.now()
    time_machine.move_to(start, tick=False)
    bal = make_bal("PER", people.paul, clock_at=start - timedelta(days=330))
    jobs.run("alert_idle")
    Notice.objects.update(sent_at=timezone.now(), attempts=1)
    choose("IDLE_REMINDERS", [20])
    for days, reminded in ((30, 0), (42, 1)):  # the end comes two months after the alert
        time_machine.move_to(start + timedelta(days=days), tick=False)
        Bal.objects.update(read_at=timezone.now())
        jobs.run("follow_alerts")
        assert bal.journal.filter(what="remind_idle").count() == reminded
    assert bal.journal.get(what="remind_idle").after == "20 jours avant"


def test_a_reminder_that_comes_late_says_the_day_of_the_end_and_none_that_was_given_comes_again(
    choose, make_bal, people, time_machine
):
    start = timezone.now()
    time_machine.move_to(start, tick=False)
    bal = make_bal("PER", people.paul, clock_at=start - timedelta(days=330))
    jobs.run("alert_idle")
    Notice.objects.update(sent_at=timezone.now(), attempts=1)
    bal.refresh_from_db()
    end = timezone.localdate(alert_of(bal).ends_at)

    def follow(*chosen, day):
        choose("IDLE_REMINDERS", list(chosen))
        time_machine.move_to(start + timedelta(days=day), tick=False)
        Bal.objects.update(read_at=timezone.now())
        jobs.run("follow_alerts")
        return [line.after for line in bal.journal.filter(what="remind_idle").order_by("pk")]

    assert follow(12, day=30) == []
    assert follow(40, 12, day=31) == ["40 jours avant"]
    note = bal.journal.get(what="remind_idle").note
    assert f"à partir du {end:%d/%m/%Y}" in note
    assert follow(45, 10, day=32) == ["40 jours avant"], "a later one was given"
    assert set(alert_of(bal).reminders) == {10}


def test_a_warning_given_at_a_threshold_that_is_no_longer_one_is_lifted(choose, make_bal, people):
    bal = make_bal("PER", people.paul, percent_full=96)
    warned = []

    def follow(percent):
        Bal.objects.filter(pk=bal.pk).update(percent_full=percent)
        jobs.run("check_quotas")
        bal.refresh_from_db()
        warned.append(bal.quota_warned)

    follow(96)
    choose("QUOTA_THRESHOLDS", [70, 85, 92])
    for percent in (93, 20, 93):
        follow(percent)
    assert warned == [95, 95, 0, 92]
    assert bal.journal.filter(what="warn_quota").count() == 3


def test_another_process_hears_of_it_with_its_next_request(root, settings, monkeypatch):
    Choice.objects.create(name="READING_FRESH_DAYS", value=50, why="x", by=root)
    Choice.objects.create(name="GONE_SINCE", value=50, why="x", by=root)
    answer = per_request(lambda request: chosen.READING_FRESH_DAYS)
    assert answer(None) == 35, "in tests nobody asks by themselves"
    settings.CHOSEN_FRESH_SECONDS = 10
    monkeypatch.setattr(chosen, "_read_at", float("-inf"))
    assert answer(None) == 50
    Choice.objects.create(name="READING_FRESH_DAYS", value=60, why="x", by=root)
    assert answer(None) == 50, "ten seconds have not passed"


def test_the_page_is_read_by_who_follows_a_structure_and_changed_by_the_administrator(
    client, people, root, django_capture_on_commit_callbacks
):
    page, one = reverse("threshold-list"), reverse("threshold", args=["QUOTA_THRESHOLDS"])
    client.force_login(people.paul.user)
    assert client.get(page).status_code == client.get(one).status_code == 404
    client.force_login(people.lea.user)
    text = client.get(page).text
    assert "80, 90, 95 %" in text
    assert one not in text
    assert "réservé à" in client.get(one).text
    client.force_login(root)
    assert one in client.get(page).text
    assert client.get(reverse("threshold", args=["SECRET_KEY"])).status_code == 404
    assert "Écrivez en chiffres" in client.post(one, {"value": "80 %", "why": "x"}).text
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(one, {"value": "75 ; 85, 95", "why": "Plus tôt."}).status_code == 302
    assert chosen.QUOTA_THRESHOLDS == [75, 85, 95]
    text = client.get(page).text
    assert "Plus tôt." in text
    assert "choisi ici" in text
    with django_capture_on_commit_callbacks(execute=True):
        client.post(one, {"value": "", "why": "Comme avant."})
    assert chosen.QUOTA_THRESHOLDS == [80, 90, 95]


def test_an_operator_whose_months_do_not_fit_what_was_chosen_is_refused(choose, operator, root):
    choose("READINGS_KEPT", 403)
    with pytest.raises(Refused, match=r"gardez les relevés 775 jours au moins.*« Seuils et délais »"):
        actions.describe_operator(operator, by=root, end_after_months=24)
    with pytest.raises(Refused, match=r"28 jours.*Rappels d’une alerte d’inactivité"):
        actions.describe_operator(operator, by=root, alert_after_months=11)
    tight = Operator(code="serre", name="Serré", alert_after_months=11, end_after_months=12)
    with pytest.raises(Refused, match="l’alerte ne serait pas encore partie"):
        actions.record_operator(tight, by=root)
    operator.refresh_from_db()
    assert (operator.alert_after_months, operator.end_after_months) == (10, 12)
    assert not Operator.objects.filter(code="serre").exists()


def test_what_never_fitted_does_not_stand_in_the_way_of_another_change(operator, root):
    Operator.objects.update(alert_after_months=11)
    operator.refresh_from_db()
    months = {"alert_after_months": 11, "end_after_months": 12}  # a form gives them all
    assert actions.describe_operator(operator, by=root, name="Régional", **months).name == "Régional"
