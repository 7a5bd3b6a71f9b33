"""`manage.py import_bal`: the same door for scripts, with a code that says what became of the list."""

import json
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from mailboxes.imports import work as imports
from mailboxes.imports.models import ColumnMapping, Import
from mailboxes.lifecycle import Act
from mailboxes.models import Bal, JournalEntry, Structure

DOMAIN = "chu-exemple.mssante.fr"
GOOD = f"Adresse;Type;Service\na@{DOMAIN};ORG;Urgences\nb@{DOMAIN};ORG;Accueil\n"
BAD = GOOD + f"c@{DOMAIN};BOF;Urgences\n"
pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_run, pytest.mark.usefixtures("operator", "structure")]


@pytest.fixture
def run(tmp_path, settings):
    """`run(content, *options)`: exit code, output, errors."""
    settings.VAR_DIR = tmp_path / "var"

    def go(content, *options, operator="regional", structure="010000002"):
        path = tmp_path / "liste.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        out, err, code = StringIO(), StringIO(), 0
        where = ["--structure", structure] if structure else []
        try:
            call_command(
                "import_bal", "--operator", operator, "--file", str(path), *where, *options, stdout=out, stderr=err
            )
        except SystemExit as ended:
            code = ended.code
        return code, out.getvalue(), err.getvalue()

    return go


def test_by_default_it_says_what_it_would_do_and_writes_nothing(run):
    code, out, _ = run(GOOD)
    assert code == 0
    assert "rien n’a été écrit" in out
    assert "2 inscrites, 0 mises à jour, 0 inchangées, 0 rejetées" in out
    assert not Bal.objects.exists()
    assert not JournalEntry.objects.exists()


def test_for_real_it_writes_as_the_system(run):
    code, out, _ = run(GOOD, "--for-real")
    assert code == 0
    assert f"Import n° {Import.objects.get().pk} appliqué." in out
    assert Bal.objects.count() == 2
    assert {entry.by for entry in JournalEntry.objects.all()} == {None}
    assert JournalEntry.objects.filter(what=Act.IMPORT_LIST).count() == 1


@pytest.mark.parametrize("options", [[], ["--for-real"]])
def test_rejected_lines_are_named_and_the_code_is_3(run, options):
    code, out, _ = run(BAD, *options)
    assert code == 3
    assert f"  ligne 4 : c@{DOMAIN} Type : absent" in out
    assert "«\u00a0BOF\u00a0» n’est pas un type de BAL" in out
    assert Bal.objects.count() == (2 if options else 0)


@pytest.mark.parametrize("options", [[], ["--for-real"]])
def test_json_is_one_object_on_the_standard_output(run, options):
    code, out, err = run(BAD, "--json", *options)
    assert (code, err) == (3, "")
    said = json.loads(out)
    reason = (
        "Type : absent, alors que la BAL est inconnue ici. Donnez un type par défaut. "
        "Type : «\u00a0BOF\u00a0» n’est pas un type de BAL (PER, ORG, APP, CAB) ; ce champ est laissé de côté."
    )
    assert said.pop("rejects") == [{"line": 4, "address": f"c@{DOMAIN}", "reason": reason}]
    assert said == {
        "status": "applied" if options else "previewed",
        "reason": None,
        "import": Import.objects.get().pk,
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "rejected": 1,
        "corrected": 0,
        "absent": 0,
    }


@pytest.mark.parametrize(
    ("content", "facts", "sentence"),
    [
        (b"", {}, "Le fichier est vide : téléchargez de nouveau la liste."),
        (b"<html>", {}, "page web"),
        ("Adresse;Type\n", {}, "aucune ligne"),
        ("Nom;Type\nx;ORG\n", {}, "Aucune colonne ne donne l’adresse"),
        (GOOD, {"operator": "inconnu"}, "Aucun opérateur n’a le code «\u00a0inconnu\u00a0». Connus : regional."),
        (GOOD, {"structure": "999999999"}, "«\u00a0999999999\u00a0» désigne 0 structures"),
    ],
)
def test_what_is_refused_has_its_sentence_and_the_code_2(run, content, facts, sentence):
    code, out, err = run(content, "--for-real", **facts)
    assert (code, out) == (2, "")
    assert sentence in err
    code, out, _ = run(content, "--for-real", "--json", **facts)
    said = json.loads(out)
    assert (code, said["status"]) == (2, "refused")
    assert sentence in said["reason"]
    assert not Bal.objects.exists()


def test_a_missing_file_is_refused(run, tmp_path, settings):
    settings.VAR_DIR = tmp_path
    err = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("import_bal", "--operator", "regional", "--file", str(tmp_path / "rien.csv"), stderr=err)
    assert ended.value.code == 2
    assert "rien.csv" in err.getvalue()


def test_the_structure_at_the_top_is_taken_where_there_is_but_one(run):
    assert run(GOOD, "--for-real", structure="")[0] == 0
    assert Import.objects.get().structure.name == "Fondation"
    Structure.objects.create(name="Autre sommet")
    code, _, err = run(GOOD, structure="")
    assert code == 2
    assert "2 structures sont au sommet" in err


def test_a_structure_is_named_by_its_number_too(run, structure):
    assert run(GOOD, structure=str(structure.pk))[0] == 0
    assert Import.objects.get().structure == structure


def test_columns_are_corrected_and_remembered(run):
    content = f"Boîte;Libre\na@{DOMAIN};Urgences\n"
    assert run(content, "--column", "service=Libre", "--default-kind", "ORG", "--for-real")[0] == 0
    assert Bal.objects.get().service == "Urgences"
    assert ColumnMapping.objects.get().fields == {"boite": "address", "libre": "service"}
    code, _, err = run(content, "--column", "couleur=Libre")
    assert code == 2
    assert "n’est pas CHAMP=EN-TÊTE" in err


def test_what_a_word_for_the_state_means_is_told_once(run):
    content = "Adresse;Type;État\na@chu-exemple.mssante.fr;ORG;Verte\n"
    code, out, _ = run(content, "--state", "Verte=suspended")
    assert (code, "Que veulent dire" in out) == (0, False)
    assert run(content, "--state", "Verte=bleue")[0] == 2


def test_the_day_of_the_list_dates_its_readings(run):
    content = f"Adresse;Type;Taille\na@{DOMAIN};ORG;5\n"
    run(content, "--for-real", "--date", "2026-03-01")
    assert Bal.objects.get().readings.get().at == timezone.make_aware(datetime(2026, 3, 1))
    with pytest.raises(CommandError, match="n’est pas un jour"):
        run(content, "--date", "hier")


def test_what_died_on_the_way_goes_on_with_the_same_command(run, monkeypatch):
    monkeypatch.setattr(imports, "BATCH", 1)
    treat = imports._treat

    def die(one, places, lines):
        treat(one, places, lines)
        if one.stage == Import.Stage.APPLYING:
            raise KeyboardInterrupt

    monkeypatch.setattr(imports, "_treat", die)
    with pytest.raises(KeyboardInterrupt):
        run(GOOD, "--for-real")
    assert Bal.objects.count() == 1
    monkeypatch.setattr(imports, "_treat", treat)
    code, _, _ = run(GOOD, "--for-real")
    assert (code, Bal.objects.count(), Import.objects.get().stage) == (0, 2, "applied")
    assert JournalEntry.objects.filter(what=Act.REGISTER).count() == 2


def test_take_up_imports_only_says_what_it_would_do_until_told(run):
    run(GOOD)
    Import.objects.update(stage="applying", done=0, seen_at=timezone.now() - timedelta(hours=1))
    Import.objects.get().lines.all().delete()
    out = StringIO()
    call_command("job", "take_up_imports", stdout=out)
    assert "imports interrompus à reprendre : 1" in out.getvalue()
    assert not Bal.objects.exists()
    call_command("job", "take_up_imports", "--for-real", stdout=out)
    assert Bal.objects.count() == 2
