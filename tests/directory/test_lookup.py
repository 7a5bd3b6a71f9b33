"""The pages of the search, the check of an address and the observatory."""

import io
import logging
import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from directory.check import CheckVerdict, check
from directory.models import Figure, SyncRun, TrustedDomain
from mailboxes.models import Affiliation, Person, Structure
from tests.directory.conftest import ALICE, BRUNO, SERVICE, line, many

SEARCH, CHECK, OBSERVATORY = (reverse(f"directory:{name}") for name in ("search", "check", "observatory"))
HOMONYM = ALICE._replace(address="alice.martin@pro.mssante.fr", person_id="10000000058", profession="Infirmier")
INS = "279035121518989"
pytestmark = pytest.mark.usefixtures("static_root")


# --- Search -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [SEARCH, CHECK, OBSERVATORY])
def test_nobody_looks_up_without_logging_in(client, db, page):
    assert client.get(page).status_code == 302


def test_an_empty_box_shows_the_form_alone(visitor):
    text = visitor.get(SEARCH).text
    assert "pas encore été chargé" in text
    assert "trouvée" not in text


def test_homonyms_are_shown_with_what_tells_them_apart(visitor, load):
    load(line(), line(HOMONYM))
    text = visitor.get(SEARCH, {"q": "martin alice"}).text
    assert "2 homonymes" in text
    for shown in (ALICE.person_id, HOMONYM.person_id, "Infirmier", "Médecine Générale", ALICE.address, HOMONYM.address):
        assert shown in text


def test_one_person_with_two_boxes_is_no_homonym(visitor, load):
    load(line(), line(HOMONYM, person_id=ALICE.person_id))
    assert "homonymes" not in visitor.get(SEARCH, {"q": "martin alice"}).text


def test_the_pages_of_a_long_answer_cost_no_count(visitor, load):
    load(*many(230))
    text = visitor.get(SEARCH, {"q": "martin", "page": 8}).text
    assert "Plus de 200 BAL" in text
    assert re.search(r'name="page"\s+min="1"\s+max="8"\s+value="8"', text)
    with CaptureQueriesContext(connection) as queries:
        visitor.get(SEARCH, {"q": "martin"})
    assert len(queries) <= 12
    assert not any("count(" in query["sql"].lower() and "directory_" in query["sql"] for query in queries)


def test_what_was_corrected_is_said(visitor, load):
    load(line())
    assert "orthographe proche" in visitor.get(SEARCH, {"q": "matrin"}).text


def test_what_was_left_out_or_given_up_is_said(visitor, load):
    load(line())
    assert "Laissé de côté\u00a0: «&nbsp;dr&nbsp;»." in visitor.get(SEARCH, {"q": "Dr Martin"}).text
    text = visitor.get(SEARCH, {"q": "martin alice cardio"}).text
    assert "Aucune BAL ne répond à tous les mots. En voici sans «&nbsp;cardio&nbsp;»." in text
    assert "ne répond pas à tous les mots" in text


def test_a_doubtful_filter_is_told(visitor, load):
    load(line())
    response = visitor.get(SEARCH, {"q": "martin", "kind": "XXX"})
    assert response.status_code == 200
    assert "Sélectionnez un choix valide" in response.text


# --- Check --------------------------------------------------------------------------------------------------------


@pytest.fixture
def annuaire(load):
    load(line(), line(BRUNO), line(SERVICE), line(address="a@interop-mssante.apicrypt.org"), *many(20))


@pytest.mark.parametrize(
    ("typed", "verdict"),
    [
        (" Alice.Martin@aura.mssante.fr ", CheckVerdict.PUBLISHED),
        ("mailto:urgences@ch-lilas.mssante.fr", CheckVerdict.PUBLISHED),
        ("a@interop-mssante.apicrypt.org", CheckVerdict.PUBLISHED),
        ("b@interop-mssante.apicrypt.org", CheckVerdict.INSIDE),
        ("inconnu@aura.mssante.fr", CheckVerdict.INSIDE),
        ("inconnu@nulle-part.mssante.fr", CheckVerdict.INSIDE),
        ("alice.martin@medical69.apicrypt.org", CheckVerdict.OLD_APICRYPT),
        ("alice@exemple.fr", CheckVerdict.OUTSIDE),
        ("alice@doctolib.fr", CheckVerdict.OUTSIDE),
        ("x@mssante.fr.exemple.com", CheckVerdict.OUTSIDE),
        ("alice", CheckVerdict.MALFORMED),
        (f"{INS}@patient.mssante.fr", CheckVerdict.PATIENT),
        ("2 79 03 51 215 189 89", CheckVerdict.PATIENT),
        ("quidam@patient.mssante.fr", CheckVerdict.PATIENT),
        (f"{INS}@patient.msante.fr", CheckVerdict.MALFORMED),
    ],
)
def test_each_sort_of_address_is_told(annuaire, typed, verdict):
    assert check(typed).verdict is verdict


def test_the_white_list_has_the_last_word_once_it_is_held(annuaire):
    now = timezone.now()
    TrustedDomain.objects.create(
        source="whitelist", name="aura.mssante.fr", digest="x", first_seen_at=now, changed_at=now
    )
    assert check("inconnu@aura.mssante.fr").verdict is CheckVerdict.INSIDE
    assert check("b@interop-mssante.apicrypt.org").verdict is CheckVerdict.INSIDE
    assert check("inconnu@nulle-part.mssante.fr").verdict is CheckVerdict.OUTSIDE


def test_a_withdrawn_address_is_told_with_its_day(load):
    load(line(), *many(20))
    load(*many(20))
    answer = check(ALICE.address)
    assert answer.verdict is CheckVerdict.FORMER
    assert answer.withdrawn_at is not None


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("alice.matrin@aura.mssante.fr", ALICE.address),
        ("alice.martin@aura.msante.fr", ALICE.address),
        ("alice.martin@arua.mssante.fr", ALICE.address),
        ("alce.martin@aura-mssante.fr", ALICE.address),
        ("urgence@ch-lilas.mssante.fr", SERVICE.address),
        ("alice.matrin2@aura.mssante.fr", ALICE.address),
    ],
)
def test_a_typing_error_gets_the_address_it_resembles(annuaire, typed, near):
    assert check(typed).near[0].address == near


@pytest.mark.parametrize(
    "typed",
    ["c,martin@aura.mssante.fr", "c martin@aura.mssante.fr", "c.martin@@aura.mssante.fr", "c.martin@aura,mssante.fr",
     "c.martin@aura..mssante.fr", "c.martinaura.mssante.fr", "c.martin@aura mssante.fr"],
)  # fmt: skip
def test_one_slip_that_makes_no_address_gets_the_one_that_was_meant(load, typed):
    load(line(address="c.martin@aura.mssante.fr"), *many(20))
    assert [near.address for near in check(typed).near] == ["c.martin@aura.mssante.fr"]


@pytest.mark.parametrize(
    ("known", "typed"),
    [
        ("orl", "ort"),
        ("c.martin", "d.martin"),
        ("jp.martin", "jpmartin"),
        ("jp.martin", "jp-martin"),
        ("usc1", "usc2"),
        ("usc", "usc1"),
        ("n.b", "nb"),
        ("dsi", "dis"),
    ],
)
def test_whatever_the_letter_an_address_one_letter_away_is_suggested(load, typed, known):
    load(line(address=f"{known}@aura.mssante.fr"), *many(20))
    assert check(f"{typed}@aura.mssante.fr").near[0].address == f"{known}@aura.mssante.fr"


def test_a_mistyped_domain_gets_the_domain_it_resembles(annuaire):
    assert check("qui@aurra.mssante.fr").near_domains == ["aura.mssante.fr"]
    assert check("qui@exemple.fr").near_domains == []


@pytest.mark.parametrize(
    ("typed", "is_right"),
    [(INS, True), (INS[:13] + "00", False), (INS[:13], None), ("182032A123456", None), ("182032A12345651", True),
     ("182032A12345652", False), ("182032B12345678", True)],
)  # fmt: skip
def test_the_key_of_an_ins(db, typed, is_right):
    answer = check(f"{typed}@patient.mssante.fr")
    assert answer.key_is_right is is_right


@pytest.mark.parametrize("typed", [INS, f"{INS}@patient.mssante.fr", f"{INS}@patient.msante.fr", "27903 5121 518989"])
def test_a_patient_is_masked_and_never_reaches_the_database(visitor, typed, annuaire):
    with CaptureQueriesContext(connection) as queries:
        text = visitor.post(CHECK, {"address": typed}).text
    assert "279035" not in text.replace(" ", "")
    assert "•••" in text
    assert not any("279035" in query["sql"] for query in queries)


@pytest.mark.parametrize("typed", ["secret.personne@exemple.fr", f"{INS}@patient.mssante.fr"])
def test_nothing_typed_is_kept_or_logged(visitor, annuaire, typed, caplog):
    caplog.set_level(logging.INFO)
    rows = count_rows()
    sessions = [session.get_decoded() for session in Session.objects.all()]

    response = visitor.post(CHECK, {"address": typed})

    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert count_rows() == rows
    assert [session.get_decoded() for session in Session.objects.all()] == sessions
    assert typed.partition("@")[0] not in caplog.text
    assert "Location" not in response


def test_what_is_typed_in_an_address_bar_is_not_checked(visitor, annuaire):
    assert "publiée à l’annuaire." not in visitor.get(CHECK, {"address": ALICE.address}).text


def test_an_empty_check_is_refused_with_a_reason(visitor):
    response = visitor.post(CHECK, {"address": ""})
    assert response.status_code == 422
    assert "Ce champ est obligatoire" in response.text


def test_the_page_says_whose_it_is(visitor, annuaire):
    text = visitor.post(CHECK, {"address": ALICE.address}).text
    assert "est publiée à l’annuaire" in text
    assert "Alice MARTIN" in text


def count_rows():
    tables = sorted(connection.introspection.table_names())
    with connection.cursor() as cursor:
        counts = {}
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            counts[table] = cursor.fetchone()[0]
    return counts


# --- Observatory --------------------------------------------------------------------------------------------------


def figures(dimension):
    rows = Figure.objects.filter(dimension=dimension, run=SyncRun.objects.latest("pk"))
    return dict(rows.values_list("key", "count"))


def test_each_run_counts_its_boxes_once(load):
    load(
        line(), line(service="Consultation avancée"), line(BRUNO, department="Ain", postcode="01000"), line(SERVICE),
        line(BRUNO, address="c@x.mssante.fr", structure_name="EHPAD DU LAC", profession_code="60"),
    )  # fmt: skip
    assert figures("kind") == {"PER": 3, "ORG": 1}
    assert figures("department") == {"Rhône": 2, "Ain": 1, "": 1}
    assert figures("domain") == {"aura.mssante.fr": 2, "ch-lilas.mssante.fr": 1, "x.mssante.fr": 1}
    assert figures("profession") == {"10": 2, "60": 1, "": 1}
    assert figures("structure") == {"hospital": 2, "ehpad": 1, "": 1}
    assert figures("identifier") == {"1": 3, "": 1}
    assert figures("total") == {"": 4}


def test_a_run_without_change_adds_no_figures(load):
    load(line())
    before = Figure.objects.count()
    load(line())
    assert Figure.objects.count() == before


def test_the_page_shows_the_figures_and_their_course(visitor, load):
    load(line(), *many(20), name="x_202611010300.txt")
    load(line(), line(SERVICE), *many(20), name="x_202611020300.txt")
    text = visitor.get(OBSERVATORY, {"par": "domaine"}).text
    assert "22 BAL publiées" in text
    assert "aura.mssante.fr" in text
    assert "01/11/2026" in text
    assert "course-chart" in text


def test_the_page_counts_no_entry(visitor, load):
    load(line())
    with CaptureQueriesContext(connection) as queries:
        visitor.get(OBSERVATORY)
    assert not any("directory_entry" in query["sql"] and "affiliation" not in query["sql"] for query in queries)


@pytest.mark.parametrize("asked", ["", "?par=inconnu", "?par=structure"])
def test_the_page_stands_without_figures(visitor, asked):
    assert "Pas encore de chiffres" in visitor.get(OBSERVATORY + asked).text


def test_the_figures_as_files(visitor, load):
    load(line(structure_name="=1+1", department="=cmd"))
    csv = visitor.get(reverse("directory:observatory-csv", args=["departement"]))
    assert "'=cmd" in csv.content.decode("utf-8-sig")
    book = load_workbook(io.BytesIO(visitor.get(reverse("directory:observatory-xlsx", args=["type"])).content))
    rows = list(book.active.values)
    assert rows[0] == ("Date", "Type de BAL", "Code", "BAL publiées")
    assert rows[1][1:] == ("PER", "PER", 1)
    assert visitor.get(reverse("directory:observatory-csv", args=["inconnu"])).status_code == 404


def test_old_figures_are_kept_once_a_month(load):
    for day in ("2026-01-03", "2026-01-20", "2026-02-10", "2026-02-11"):
        run = SyncRun.objects.create(source="extraction", status="applied", started_at=f"{day}T05:00:00Z")
        Figure.objects.create(run=run, dimension="total", count=1)
    load(line())
    kept = SyncRun.objects.filter(figures__dimension="total").order_by("started_at")
    assert [f"{run.started_at:%m-%d}" for run in kept][:2] == ["01-20", "02-11"]
    assert kept.count() == 3


def test_the_equipment_of_the_structures_one_sees(visitor, load):
    load(line())
    mine, other = Structure.objects.create(name="CH des Lilas"), Structure.objects.create(name="Clinique voisine")
    mine.memberships.create(user=get_user_model().objects.get(username="gisele"), role="reader")
    for rpps, left in ((ALICE.person_id, None), (BRUNO.person_id, None), ("10000000033", "2026-01-01"), (None, None)):
        person = Person.objects.create(family_name="X", given_name="Y", rpps=rpps)
        Affiliation.objects.create(person=person, structure=mine, left_on=left)
    text = visitor.get(OBSERVATORY).text
    assert "CH des Lilas" in text
    assert "50 %" in text
    assert other.name not in text
