"""Small things of every day that were wrong once: each with its right value."""

import os
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from mailboxes import actions, jobs
from mailboxes.findings import BY_NAME
from mailboxes.lifecycle import Act, RequestKind, State, Verb
from mailboxes.mailserver.actions import give_secret
from mailboxes.models import Bal, Cotitulaire, MailServer, Notice, Request
from mailboxes.rules import Refused, check_ask_reply

TODAY = timezone.localdate()


def told(what):
    notices = Notice.objects.filter(stage__startswith=what, person__isnull=False)
    return sorted(notices.values_list("person__given_name", flat=True))


# --- A BAL applicative ------------------------------------------------------------------------------------------------
def test_the_new_certificate_of_an_app_that_is_described_already_is_recorded(app, people, client):
    by = people.gisele.user
    actions.describe_applicative(app, by=by, software="DPI", certificate_expires_on=TODAY + timedelta(days=3))
    assert app in BY_NAME["certificat-7"].bals(Bal.objects.all())
    client.force_login(by)
    facts = {"software": "DPI", "certificate_expires_on": TODAY + timedelta(days=700), "channel": "dpi"}
    page = reverse("bal-applicative", args=[app.pk])
    facts["channel"] = client.get(page).context["form"].initial["channel"]
    assert client.post(page, facts).status_code == 302
    assert app not in BY_NAME["certificat-7"].bals(Bal.objects.all())
    assert app.journal.filter(what=Act.DESCRIBE_APPLICATIVE, before__startswith="fin du certificat").count() >= 1


@pytest.mark.parametrize("kind", ["PER", "ORG", "CAB"])
def test_only_an_app_has_software_and_a_certificate(make_bal, people, kind):
    with pytest.raises(Refused, match="Seule une BAL applicative") as refusal:
        actions.describe_applicative(make_bal(kind, people.alice), by=people.gisele.user, software="DPI")
    assert refusal.value.code in ("kind", "role"), "a PER has no responsable to describe it"


def test_what_is_no_shared_bal_of_the_same_structure_in_service_answers_for_no_app(app, per, org, people):
    by = people.gisele.user
    with pytest.raises(Refused, match="organisationnelle ou de cabinet de la même structure, en service"):
        actions.describe_applicative(app, by=by, software="DPI", answers=per)
    assert actions.describe_applicative(app, by=by, software="DPI", answers=org).answers == org


@pytest.mark.parametrize(
    ("state", "offered"), [(State.ACTIVE, True), (State.DEPUBLISHED, False), (State.REQUESTED, False)]
)
def test_the_bal_that_answers_for_an_app_is_open_and_stays(app, org, people, client, state, offered):
    Bal.objects.filter(pk=org.pk).update(state=state)
    client.force_login(people.gisele.user)
    assert (org.address in client.get(reverse("bal-applicative", args=[app.pk])).text) == offered


# --- The secret of a box ----------------------------------------------------------------------------------------------
def test_without_the_secret_of_its_box_no_reply_is_asked(per, people):
    by = people.paul.user
    MailServer.objects.create(operator=per.operator, host="imap.op.invalid", auth="own", sets_replies=True)
    with pytest.raises(Refused, match="Donnez d’abord le secret"):
        check_ask_reply(Bal.objects.get(pk=per.pk), by=by)
    give_secret(per, "un-secret", by=by)
    check_ask_reply(Bal.objects.get(pk=per.pk), by=by)


# --- Refusals ---------------------------------------------------------------------------------------------------------
def test_a_refusal_is_a_finding_until_it_is_asked_again_or_given_up(per, people):
    by, finding = people.gisele.user, BY_NAME["refusee"]
    actions.request_depublication(per, by=people.paul.user, note="Ne sert plus.")
    asked = Request.objects.get(kind=RequestKind.DEPUBLISH)
    actions.step(asked, Act.RECORD_REFUSAL, by=by, answer="Pas sans lettre signée.")
    assert per in finding.bals(Bal.objects.all())
    actions.step(asked, Act.ASK_AGAIN, by=by)
    assert per not in finding.bals(Bal.objects.all())
    again = Request.objects.latest("pk")
    actions.step(again, Act.RECORD_REFUSAL, by=by, answer="Toujours non.")
    assert per in finding.bals(Bal.objects.all())
    actions.move(per, Verb.OPPOSE, by=people.paul.user)
    assert per not in finding.bals(Bal.objects.all())


def test_a_refused_opening_no_longer_says_that_an_answer_is_awaited(structure, operator, people):
    facts = {"structure": structure, "operator": operator, "kind": "PER", "address": "p@chu-exemple.mssante.fr"}
    bal = actions.register_bal(by=people.gisele.user, principal=people.paul, **facts)
    assert bal in BY_NAME["a-confirmer"].bals(Bal.objects.all())
    actions.step(Request.objects.get(), Act.RECORD_REFUSAL, by=people.gisele.user, answer="Domaine clos.")
    assert bal not in BY_NAME["a-confirmer"].bals(Bal.objects.all())
    assert bal in BY_NAME["refusee"].bals(Bal.objects.all())


def test_a_refused_change_is_a_finding_for_a_while(per, people, settings, time_machine):
    asked = actions.open_request(per, RequestKind.CHANGE, by=people.gisele.user, detail="2 Go")
    actions.step(asked, Act.RECORD_REFUSAL, by=people.gisele.user, answer="Trop.")
    assert per in BY_NAME["refusee"].bals(Bal.objects.all())
    time_machine.move_to(timezone.now() + settings.REFUSAL_SHOWN, tick=False)
    assert per not in BY_NAME["refusee"].bals(Bal.objects.all())


# --- Names and uses ---------------------------------------------------------------------------------------------------
def test_a_known_rpps_under_another_name_is_refused_in_plain_words(people, structure):
    with pytest.raises(Refused, match="déjà inscrit sous un autre nom") as refusal:
        actions.record_person(
            structure, by=people.gisele.user, rpps=people.alice.rpps, family_name="Durand", given_name="Alice"
        )
    assert "Exemple" not in str(refusal.value)


def test_nobody_uses_a_bal_that_is_not_open_yet(per, people, client):
    Bal.objects.update(state=State.REQUESTED)
    with pytest.raises(Refused, match="pas encore ouverte"):
        actions.declare_use(per, by=people.paul.user)
    client.force_login(people.paul.user)
    assert "Je m’en sers" not in client.get(per.get_absolute_url()).text


def test_a_bal_in_liste_rouge_is_never_expected_in_good_french(per, people, client):
    Bal.objects.update(liste_rouge=True)
    client.force_login(people.gisele.user)
    assert "Cette BAL n’est jamais attendue à l’annuaire public." in client.get(per.get_absolute_url()).text


# --- Délégataires -----------------------------------------------------------------------------------------------------
def test_the_register_is_searched_by_its_delegataires_too(org, per, people, client):
    client.force_login(people.gisele.user)
    for query in ({"q": "Delphine"}, {"holder": "Delphine"}):
        page = client.get(reverse("bal-list"), query).text
        assert (org.address in page, per.address in page) == (True, False), query


def test_the_register_comes_as_a_workbook_with_its_delegataires(org, people, client):
    client.force_login(people.gisele.user)
    answer = client.get(reverse("bal-export-xlsx"))
    header, row = load_workbook(BytesIO(answer.content)).active.iter_rows(values_only=True)
    found = dict(zip(header, row, strict=True))
    assert found["Adresse"] == org.address
    assert found["Délégataires"] == "Delphine EXEMPLE (sous Alice EXEMPLE)"
    assert found["Titulaire ou principal"] == "Alice EXEMPLE"
    csv = b"".join(client.get(reverse("bal-export"))).decode()
    assert "Delphine EXEMPLE (sous Alice EXEMPLE)" in csv


def test_the_delegataires_are_warned_of_a_box_that_fills(org, people):
    Bal.objects.update(used_mb=96, quota_mb=100, percent_full=96)
    jobs.run("check_quotas")
    assert told("warn_quota") == ["Alice", "Bruno", "Delphine"]
    jobs.run("check_quotas")
    assert told("warn_quota") == ["Alice", "Bruno", "Delphine"]


def test_many_holders_are_not_told_of_the_end_of_one_delegation(crowd, org, people):
    crowd(20)
    actions.end_delegation(org.delegataires.get(), by=people.alice.user)
    assert told(Act.END_DELEGATION) == ["Delphine"], "nor Alice, whose act it is"
    assert Cotitulaire.objects.filter(bal=org).count() == 20


def test_the_mails_of_the_embedded_default_land_in_the_folder_of_the_data(settings):
    assert Path(settings.EMAIL_FILE_PATH) == Path(os.environ["VAR_DIR"]) / "mails"
