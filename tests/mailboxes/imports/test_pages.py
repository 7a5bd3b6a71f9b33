"""The pages of imports: who gets in, what they translate, and the files they give."""

import csv
import io

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mailboxes import actions
from mailboxes.imports.actions import apply_import, undo_import
from mailboxes.imports.models import Import
from mailboxes.imports.views import understood
from mailboxes.imports.work import carry_on
from mailboxes.models import SYSTEM, AccessTrace, Bal

DOMAIN = "chu-exemple.mssante.fr"
CONTENT = (
    "Adresse;Type;Service;Dernière connexion\n"
    f"a@{DOMAIN};ORG;Urgences;15/03/2026\n"
    "b;ORG;=1+1;15/03/2026\n"
    f"c@{DOMAIN};ORG;Accueil;46096\n"
)
PAGES = ["import", "import-columns", "import-apply", "import-undo", "import-report", "import-rejects"]
pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_run]


def said(answer):
    return [str(message) for message in get_messages(answer.wsgi_request)]


def table(answer):
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";"))


def upload(content=CONTENT, name="liste.csv"):
    return SimpleUploadedFile(name, content if isinstance(content, bytes) else content.encode())


# --- Who gets in ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", ["eve", "alice", "delphine"])
def test_a_stranger_gets_404(client, bring_in, people, method, page, name):
    run = bring_in(CONTENT, stage="previewed")
    client.force_login(getattr(people, name).user)
    assert getattr(client, method)(reverse(page, args=[run.pk])).status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_who_only_reads_sees_the_pages_and_changes_nothing(visit, bring_in, people, page):
    run = bring_in(CONTENT, stage="previewed")
    assert visit(people.lea, page, run.pk).status_code == 200
    if page in ("import-columns", "import-apply", "import-undo"):
        assert "réservé à" in visit(people.lea, page, run.pk).content.decode()
        visit(people.lea, page, run.pk, post={})
    assert list(Import.objects.values_list("stage", flat=True)) == ["previewed"]


def test_buttons_are_for_who_may(visit, bring_in, people):
    run = bring_in(CONTENT, stage="previewed")
    asked = ("can_read", "can_apply", "can_undo")
    assert [visit(people.gisele, "import", run.pk).context[name] for name in asked] == [True, True, False]
    assert [visit(people.lea, "import", run.pk).context[name] for name in asked] == [False, False, False]


def test_the_list_shows_what_one_sees(visit, bring_in, people):
    bring_in(CONTENT)
    assert "liste.csv" in visit(people.lea, "import-list").content.decode()
    assert "liste.csv" not in visit(people.eve, "import-list").content.decode()


def test_the_empty_list_says_what_to_do_next(visit, people):
    text = visit(people.gisele, "import-list").content.decode()
    assert reverse("import-new") in text
    assert reverse("import-template") in text
    assert reverse("import-new") not in visit(people.lea, "import-list").content.decode()


# --- A new one --------------------------------------------------------------------------------------------------------
@pytest.fixture
def deposit(visit, people, operator, structure, tmp_path, settings):
    settings.VAR_DIR = tmp_path

    def go(file, person=people.gisele, **facts):
        return visit(
            person, "import-new", post={"operator": operator.pk, "structure": structure.pk, "file": file} | facts
        )

    return go


def test_a_file_is_received_then_its_columns_are_asked(deposit, visit, people):
    answer = deposit(upload(), as_of="2026-03-16")
    run = Import.objects.get()
    assert (answer.url, run.stage) == (run.get_absolute_url(), "opening"), "no file is read while a page waits"
    carry_on(run, by=SYSTEM)
    assert (run.by, run.stage, f"{run.as_of:%d/%m}") == (people.gisele.user, "received", "15/03")  # 00:00 in Paris
    text = visit(people.gisele, "import-columns", run.pk).content.decode()
    assert "Exemples\u00a0:" in text
    assert "Urgences" in text


def test_a_word_for_the_state_is_asked_about_on_the_page_of_the_columns(bring_in, visit, people):
    run = bring_in("Adresse;Type;État\na@chu-exemple.mssante.fr;ORG;Verte\n", stage="previewed")
    assert "Que veulent dire ces mots" in visit(people.gisele, "import", run.pk).content.decode()
    form = visit(people.gisele, "import-columns", run.pk).context["form"]
    assert [field.label for field in form.states()] == ["État «\u00a0Verte\u00a0», 1\u00a0ligne : la BAL est"]
    said = {f"column_{rank}": name for rank, name in enumerate(run.columns)}
    visit(people.gisele, "import-columns", run.pk, post={**said, "header_number": 1, "state_0": "SUSPENDED"})
    run.refresh_from_db()
    assert (run.state_words, run.stage) == ({"verte": "SUSPENDED"}, "reading")
    carry_on(run, by=SYSTEM)
    assert "Que veulent dire" not in visit(people.gisele, "import", run.pk).content.decode()
    form = visit(people.gisele, "import-columns", run.pk).context["form"]
    assert [field.initial for field in form.states()] == ["SUSPENDED"], "an answer may be changed"


@pytest.mark.parametrize(
    ("raw", "sentence"), [(b" ", "vide"), (b"<html></html>", "page web"), (b"\x89PNG\r\n\0\0", "pas du texte")]
)
def test_what_is_no_list_is_said_on_its_page(deposit, visit, people, raw, sentence):
    deposit(upload(raw))
    run = Import.objects.get()
    carry_on(run, by=SYSTEM)
    assert (run.stage, run.stored) == ("failed", "")
    assert sentence in visit(people.gisele, "import", run.pk).content.decode()


def test_a_file_too_large_is_refused(deposit, settings):
    settings.IMPORT_MAX_MB = 0
    assert "dépasse 0 Mo" in deposit(upload()).content.decode()
    assert not Import.objects.exists()


def test_a_structure_that_one_does_not_manage_is_not_offered(deposit, people, other_structure):
    assert deposit(upload(), structure=other_structure.pk).context["form"].errors["structure"]
    assert deposit(upload(), person=people.lea).context["form"].errors["structure"]
    assert not Import.objects.exists()


def test_the_columns_are_corrected_and_the_forecast_asked_for(deposit, visit, people, operator):
    deposit(upload())
    carry_on(run := Import.objects.get(), by=SYSTEM)
    data = {"column_0": "address", "column_1": "kind", "column_2": "", "column_3": "last_used_at", "size_unit": "mo"}
    answer = visit(people.gisele, "import-columns", run.pk, post=data)
    run.refresh_from_db()
    assert (answer.url, run.stage, run.columns[2]) == (run.get_absolute_url(), "reading", "")
    assert operator.column_mappings.get().fields["service"] == ""


def test_two_columns_of_one_field_are_said_on_the_form(deposit, visit, people):
    deposit(upload())
    carry_on(run := Import.objects.get(), by=SYSTEM)
    data = {"column_0": "address", "column_1": "address", "column_2": "", "column_3": "", "size_unit": "mo"}
    assert "2 colonnes désignent" in visit(people.gisele, "import-columns", run.pk, post=data).content.decode()
    run.refresh_from_db()
    assert run.stage == "received"


# --- Its page ---------------------------------------------------------------------------------------------------------
def test_the_page_shows_first_what_is_wrong(visit, bring_in, people):
    page = visit(people.gisele, "import", bring_in(CONTENT, stage="previewed").pk)
    text = page.content.decode()
    assert page.context["shown"] == "rejected"
    assert "«\u00a0b\u00a0» n’est pas une adresse" in text
    assert "Ligne 2" in text, "the first lines as they are understood"
    assert "15/03/2026" in text


@pytest.mark.parametrize(
    ("sort", "number", "address"),
    [
        ("rejected", 3, ""),
        ("corrected", 4, f"c@{DOMAIN}"),
        ("created", 2, f"a@{DOMAIN}"),
        ("absent", None, "per0"),
    ],
)
def test_each_sort_of_lines_has_its_list(visit, bring_in, people, make_bal, sort, number, address):
    make_bal("PER", people.paul)
    page = visit(people.gisele, "import", bring_in(CONTENT).pk, query=f"?lignes={sort}")
    first = page.context["page"].object_list[0]
    assert (first.number, first.address[: len(address)]) == (number, address)


def test_progress_is_asked_for_alone_and_its_end_reloads_the_page(visit, bring_in, people):
    run = bring_in(CONTENT, stage="previewed")
    apply_import(run, by=people.gisele.user)
    part = visit(people.gisele, "import", run.pk, headers={"HX-Request": "true"})
    assert "<progress" in part.content.decode()
    assert "<html" not in part.content.decode()
    assert "HX-Refresh" not in part
    run.refresh_from_db()
    carry_on(run, by=SYSTEM)
    assert visit(people.gisele, "import", run.pk, headers={"HX-Request": "true"})["HX-Refresh"] == "true"


def test_applying_and_undoing_are_confirmed_then_done(visit, bring_in, people):
    run = bring_in(CONTENT, stage="previewed")
    assert "2\xa0BAL à inscrire" in visit(people.gisele, "import-apply", run.pk).content.decode()
    assert visit(people.gisele, "import-apply", run.pk, post={}).url == run.get_absolute_url()
    run.refresh_from_db()
    carry_on(run, by=SYSTEM)
    assert (run.stage, Bal.objects.count()) == ("applied", 2)
    visit(people.gisele, "import-undo", run.pk, post={})
    run.refresh_from_db()
    carry_on(run, by=SYSTEM)
    assert run.stage == "undone"
    assert "annulé" in visit(people.gisele, "import", run.pk).content.decode()


def test_an_undo_that_is_refused_says_why_on_the_page(visit, bring_in, people):
    run = bring_in(CONTENT)
    actions.describe_bal(Bal.objects.get(address=f"a@{DOMAIN}"), purpose="Accueil", by=people.gisele.user)
    carry_on(undo_import(run, by=people.gisele.user), by=SYSTEM)
    assert f"1 BAL ont eu une suite (a@{DOMAIN})" in visit(people.gisele, "import", run.pk).content.decode()


# --- Its files --------------------------------------------------------------------------------------------------------
def test_the_report_has_every_line_and_what_the_file_no_longer_has(visit, bring_in, people, per):
    run = bring_in(CONTENT)
    assert [row[:4] for row in table(visit(people.gisele, "import-report", run.pk))] == [
        ["Ligne", "Adresse", "Résultat", "Remarque"],
        ["2", f"a@{DOMAIN}", "inscrite", ""],
        ["3", "", "rejetée", "Adresse : «\u00a0b\u00a0» n’est pas une adresse."],
        ["4", f"c@{DOMAIN}", "inscrite",
         "Dernière authentification : «\u00a046096\u00a0» lu comme une date d’Excel : 15/03/2026."],
        ["", per.address, "connue ici, absente du fichier", ""],
    ]  # fmt: skip
    assert AccessTrace.objects.get().what == "export"


def test_rejected_lines_are_given_back_to_be_corrected_and_brought_in_again(visit, bring_in, people):
    run = bring_in(CONTENT)
    answer = visit(people.gisele, "import-rejects", run.pk)
    raw = b"".join(answer.streaming_content)
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))
    assert rows[0] == ["Adresse", "Type", "Service", "Dernière connexion", "Motif du rejet"]
    assert rows[1][:4] == ["b", "ORG", "'=1+1", "15/03/2026"], "no formula for the spreadsheet to run"
    again = bring_in(raw.replace(b"b;ORG", f"b@{DOMAIN};ORG".encode(), 1))
    assert (again.created, again.rejected) == (1, 0)
    assert Bal.objects.get(address=f"b@{DOMAIN}").service == "=1+1"


def test_the_model_file_is_a_list_that_is_read_without_a_fault(visit, bring_in, people):
    raw = b"".join(visit(people.gisele, "import-template").streaming_content)
    run = bring_in(raw.replace(b"votre-domaine.mssante.fr", DOMAIN.encode()), stage="previewed")
    assert "" not in run.columns
    assert (run.created, run.rejected) == (2, 0)


# --- How it grows -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("page", ["import-list", "import", "import-report"])
def test_a_page_asks_as_many_questions_whatever_it_shows(client, bring_in, people, page):
    client.force_login(people.gisele.user)

    def queries():
        url = reverse(page, args=[] if page == "import-list" else [Import.objects.first().pk])
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(url)
            b"".join(answer.streaming_content) if answer.streaming else answer.content
        return len(captured)

    bring_in(CONTENT)
    few = queries()
    for number in range(3):
        bring_in(CONTENT + "".join(f"d{n}-{number}@{DOMAIN};BOF;;\n" for n in range(30)))
    assert queries() == few


def test_a_list_of_which_every_line_is_rejected_is_not_offered_to_be_applied(visit, bring_in, people):
    run = bring_in(
        f"Adresse;RPPS\nx@{DOMAIN};{people.alice.rpps}\n",
        sort="accesses",
        operator=None,
        vouched="Dr Alice",
        stage="previewed",
    )
    page = visit(people.gisele, "import", run.pk).text
    assert "0\xa0ligne à inscrire" in page
    assert "Appliquer au registre" not in page


def test_the_first_lines_of_accesses_are_told_in_words(bring_in, org, people, client):
    raw = (
        "Adresse;RPPS;Rôle;Droit;Sous la responsabilité de;Jusqu’au\n"
        f"{org.address};{people.paul.rpps};délégataire;lecture et envoi;{people.alice.rpps};01/03/2099\n"
    )
    run = bring_in(raw, sort="accesses", operator=None, vouched="Dr Alice Exemple", stage="previewed")
    told = dict(next(iter(understood(run)))[1])
    assert told["Rôle"] == "délégataire"
    assert told["Droit"] == "lecture et envoi"
    assert told["Jusqu’au"] == "01/03/2099"
