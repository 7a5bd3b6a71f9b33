"""Lists of people and of accesses: the same forecast, report and undoing as lists of BAL."""

from datetime import timedelta
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms import Textarea
from django.urls import reverse
from django.utils import timezone

from mailboxes.imports.actions import receive_import, undo_import
from mailboxes.imports.forms import ImportMendForm
from mailboxes.imports.models import Import
from mailboxes.imports.work import carry_on
from mailboxes.lifecycle import Act
from mailboxes.models import SYSTEM, Affiliation, Cotitulaire, Delegataire, JournalEntry, Movement, Notice, Person
from mailboxes.rules import Refused
from tests.mailboxes.imports.conftest import HEADERS, VOUCHED

pytestmark = pytest.mark.django_db

NEW, KNOWN = "10000000990", "10000000982"
WITH_END = "RPPS;Nom de famille;Prénom;Départ"


def told(run):
    return [(line.outcome, line.remark) for line in run.lines.order_by("number")]


def undo(run, by):
    carry_on(undo_import(run, by=by), by=SYSTEM)
    run.refresh_from_db()
    return run


# --- People -----------------------------------------------------------------------------------------------------------
def test_people_enter_with_their_stay_and_a_forecast_writes_nothing(of_people, structure):
    line = f"{NEW};MOREL;Alice;Médecin;Cardiologie;alice.morel@exemple.invalid;oui;01/09/2026"
    before = Person.objects.count()
    run = of_people(line, ";PETIT;Delphine;Secrétaire;Cardiologie;;non;", stage="previewed")
    assert (run.created, run.rejected, Person.objects.count()) == (2, 0, before)
    assert not JournalEntry.objects.exists()
    run = of_people(line, ";PETIT;Delphine;Secrétaire;Cardiologie;;non;")
    assert run.stage == Import.Stage.APPLIED
    alice = Person.objects.get(rpps=NEW)
    assert (alice.family_name, alice.has_cps, alice.profession) == ("MOREL", True, "Médecin")
    stay = alice.affiliations.get()
    assert (stay.structure, stay.function, f"{stay.arrived_on:%d/%m/%Y}") == (structure, "Cardiologie", "01/09/2026")
    assert Person.objects.get(given_name="Delphine", family_name="PETIT").rpps is None


def test_whom_the_annuaire_alone_knows_is_offered_by_the_rpps(of_people, make_entry):
    make_entry("x@ailleurs.mssante.fr", person_id=NEW, family_name="MOREL", given_name="Alice", profession="Médecin")
    run = of_people(f"{NEW};;;;Urgences;;;", f"{KNOWN};;;;;;;")
    assert [outcome for outcome, _ in told(run)] == ["created", "rejected"]
    assert Person.objects.get(rpps=NEW).family_name == "Morel"
    assert "ni du registre ni de l’annuaire" in told(run)[1][1]


def test_who_is_there_is_described_anew_and_their_contact_details_stay_theirs(of_people, people):
    people.paul.email = "paul@exemple.invalid"
    people.paul.save()
    run = of_people(f"{people.paul.rpps};EXEMPLE;Paul;Chirurgien;Bloc;autre@exemple.invalid;;")
    assert [outcome for outcome, _ in told(run)] == ["updated"]
    people.paul.refresh_from_db()
    assert (people.paul.profession, people.paul.email) == ("Chirurgien", "paul@exemple.invalid")
    assert "Courriel : n’est pas repris" in told(run)[0][1]
    again = of_people(f"{people.paul.rpps};EXEMPLE;Paul;Chirurgien;Bloc;;;")
    assert [outcome for outcome, _ in told(again)] == ["unchanged"]


def test_who_is_elsewhere_is_not_made_to_join_without_a_word_of_theirs(of_people, people):
    run = of_people(f"{people.eve.rpps};EXEMPLE;Eve;;;;;")
    assert run.rejected == 1
    assert "demandez d’abord son accord" in told(run)[0][1]
    assert people.eve.affiliations.count() == 1


def test_a_person_given_twice_and_homonyms_are_told(of_people, people, structure):
    for _ in range(2):
        one = Person.objects.create(family_name="PETIT", given_name="Jean")
        Affiliation.objects.create(person=one, structure=structure)
    run = of_people(f"{NEW};MOREL;Alice;;;;;", f"{NEW};MOREL;Alice;;;;;", ";PETIT;Jean;;;;;", ";;;;;;x;")
    whys = [remark for _, remark in told(run)]
    assert "Déjà donné à la ligne 2" in whys[1]
    assert "2 personnes portent ce nom ici. Donnez le RPPS." in whys[2]
    assert "Ni RPPS ni nom" in whys[3]


def test_an_address_that_is_none_costs_itself_alone(of_people):
    run = of_people(
        f"{NEW};MOREL;Alice;;;pas de messagerie;;", f"{KNOWN};PETIT;Zoé;;;Zoé PETIT <Zoe.Petit@exemple.invalid>;;"
    )
    assert [outcome for outcome, _ in told(run)] == ["created", "created"]
    assert "n’est pas une adresse ; ce champ est laissé de côté" in told(run)[0][1]
    assert Person.objects.get(rpps=KNOWN).email == "zoe.petit@exemple.invalid"


def test_who_has_a_number_that_cannot_be_read_or_a_namesake_without_any_is_not_entered_twice(of_people, structure):
    of_people(";PETIT;Zoé;;;;;")
    run = of_people("1,00E+10;MOREL;Alice;;;;;", f"{NEW};PETIT;Zoé;;;;;", f"{KNOWN};PETIT;Zoélie;;;;;")
    assert [outcome for outcome, _ in told(run)] == ["rejected", "rejected", "created"]
    assert "Corrigez la cellule" in told(run)[0][1]
    assert "figure déjà ici, sans RPPS" in told(run)[1][1]
    assert Person.objects.filter(family_name="PETIT", given_name="Zoé").count() == 1


def test_who_left_by_the_list_is_never_made_to_come_back(of_people, people, structure):
    Affiliation.objects.filter(person=people.bruno).update(left_on=timezone.localdate() - timedelta(days=9))
    gone = f"{timezone.localdate() - timedelta(days=10):%d/%m/%Y}"
    run = of_people(f"{people.bruno.rpps};EXEMPLE;Bruno;{gone}", f"{NEW};MOREL;Alice;{gone}", headers=WITH_END)
    assert [outcome for outcome, _ in told(run)] == ["unchanged", "unchanged"]
    assert all("Partie, et absente d’ici" in remark for _, remark in told(run))
    assert not people.bruno.affiliations.lasting().exists()
    assert not Person.objects.filter(rpps=NEW).exists()


def test_who_is_to_leave_some_day_is_entered_until_then(of_people, people):
    day = f"{timezone.localdate() + timedelta(days=90):%d/%m/%Y}"
    lines = [f"{NEW};MOREL;Alice;{day}", f"{KNOWN};PETIT;Zoé;31/12/2099"]
    run = of_people(*lines, f"{people.paul.rpps};EXEMPLE;Paul;31/12/2999", headers=WITH_END)
    assert [outcome for outcome, _ in told(run)] == ["created", "created", "unchanged"]
    assert day in told(run)[0][1]
    assert not Movement.objects.exists()


@pytest.mark.parametrize("days", [30, -30])
def test_who_is_to_arrive_arrives_on_the_day_that_is_said(of_people, days):
    day = timezone.localdate() + timedelta(days=days)
    of_people(f"{NEW};MOREL;Alice;;;;;{day:%d/%m/%Y}")
    assert Person.objects.get(rpps=NEW).affiliations.get().arrived_on == day


def test_a_person_whose_structure_cannot_be_read_is_entered_nowhere(of_people, people):
    headers = "RPPS;Nom de famille;Prénom;FINESS"
    run = of_people(f"{NEW};MOREL;Alice;1,00E+08", f"{people.paul.rpps};EXEMPLE;Paul;1,00E+08", headers=headers)
    assert [outcome for outcome, _ in told(run)] == ["rejected", "rejected"]
    assert "un tableur a abîmé ce numéro FINESS" in told(run)[0][1]


@pytest.mark.parametrize("none", ["0", "néant", "en cours", "sans RPPS", "00000000000"])
def test_words_for_no_number_are_none(of_people, none):
    run = of_people(f"{none};PETIT;Zoé;;;;;")
    assert [outcome for outcome, _ in told(run)] == ["created"]
    assert Person.objects.get(family_name="PETIT").rpps is None


def test_a_list_of_people_without_headers_loses_nobody(bring_in):
    run = bring_in(f"{NEW};MOREL;Alice\n{KNOWN};PETIT;Zoé\n", sort="people", operator=None, stage="received")
    assert (run.header_number, run.columns) == (0, ["rpps", "", ""])


def test_the_name_in_use_is_that_of_birth_where_a_payroll_leaves_it_empty(of_people):
    run = of_people("DURAND;MOREL;Alice", "PETIT;;Zoé", headers="Nom;Nom d’usage;Prénom")
    assert [outcome for outcome, _ in told(run)] == ["created", "created"]
    assert Person.objects.filter(family_name="MOREL", given_name="Alice").exists()
    assert Person.objects.filter(family_name="PETIT", given_name="Zoé").exists()


def test_an_undone_list_of_people_leaves_the_stays_as_they_were(of_people, people, structure):
    was = people.paul.profession
    run = of_people(f"{people.paul.rpps};EXEMPLE;Paul;Chirurgien;Bloc;;;", f"{NEW};MOREL;Alice;;;;;")
    run = undo(run, people.gisele.user)
    assert run.stage == Import.Stage.UNDONE
    people.paul.refresh_from_db()
    assert (people.paul.profession, people.paul.affiliations.get().function) == (was, "")
    assert not Affiliation.objects.filter(person__rpps=NEW).exists()
    assert JournalEntry.objects.filter(what=Act.UNDO_IMPORT, person__rpps=NEW).exists()


def test_a_list_of_people_on_which_something_was_built_is_not_undone(of_people, people, structure):
    run = of_people(f"{NEW};MOREL;Alice;;;;;")
    JournalEntry.objects.create(person=Person.objects.get(rpps=NEW), structure=structure, what=Act.DESCRIBE_PERSON)
    run = undo(run, people.gisele.user)
    assert run.stage == Import.Stage.APPLIED
    assert "ont eu une suite" in run.reason


# --- Accesses ---------------------------------------------------------------------------------------------------------
def test_holders_several_in_a_cell_and_a_delegate_under_one_of_them(of_accesses, make_bal, people):
    bal = make_bal("ORG", people.alice, address="secretariat@chu-exemple.mssante.fr")
    run = of_accesses(
        f'secretariat@chu-exemple.mssante.fr;"{people.bruno.rpps} ; {people.paul.rpps}";;cotitulaire;;;',
        f"secretariat@chu-exemple.mssante.fr;;EXEMPLE Delphine;délégataire;lecture et envoi;{people.paul.rpps};Accueil",
    )
    assert told(run) == [("created", ""), ("created", "")]
    assert set(bal.cotitulaires.values_list("person", flat=True)) == {
        people.alice.pk, people.bruno.pk, people.paul.pk,
    }  # fmt: skip
    row = Delegataire.objects.get(bal=bal)
    assert (row.person, row.under, row.can_read, row.can_send) == (people.delphine, people.paul, True, True)
    assert row.reason == "Accueil"
    notes = JournalEntry.objects.filter(bal=bal, what=Act.IMPORT_ACCESSES).values_list("note", flat=True)
    assert all(VOUCHED in note for note in notes)
    told_of = set(Notice.objects.filter(bal=bal).values_list("person", flat=True))
    assert told_of == {people.alice.pk, people.bruno.pk, people.paul.pk, people.delphine.pk}


def test_what_is_refused_of_a_right_is_not_given(of_accesses, make_bal, people):
    bal = make_bal("ORG", people.alice, address="secretariat@chu-exemple.mssante.fr")
    of_accesses(f"{bal.address};;EXEMPLE Delphine;délégataire;lecture, sans envoi;{people.alice.rpps};Accueil")
    row = Delegataire.objects.get(bal=bal)
    assert (row.can_read, row.can_send) == (True, False)


def test_a_right_said_otherwise_of_an_access_that_stands_is_told(of_accesses, org, people):
    line = f"{org.address};;EXEMPLE Delphine;délégataire;lecture et envoi;{people.alice.rpps};"
    ((outcome, remark),) = told(of_accesses(line))
    assert outcome == "unchanged"
    assert "le registre dit" in remark


def test_an_access_to_come_begins_on_the_day_that_is_said(bring_in, make_bal, people):
    bal = make_bal("ORG", people.alice, address="secretariat@chu-exemple.mssante.fr")
    day = timezone.localdate() + timedelta(days=30)
    raw = f"Adresse;Nom et prénom;Rôle;Depuis\n{bal.address};EXEMPLE Delphine;délégataire;{day:%d/%m/%Y}\n"
    bring_in(raw, sort="accesses", operator=None, vouched=VOUCHED)
    assert Delegataire.objects.get(bal=bal).starts_on == day


@pytest.mark.parametrize(("end", "outcome"), [("fin 2026", "rejected"), ("permanent", "created"), ("", "created")])
def test_an_access_whose_end_is_not_understood_is_not_given(bring_in, make_bal, people, end, outcome):
    bal = make_bal("ORG", people.alice, address="secretariat@chu-exemple.mssante.fr")
    raw = f"Adresse;Nom et prénom;Rôle;Jusqu’au\n{bal.address};EXEMPLE Delphine;délégataire;{end}\n"
    run = bring_in(raw, sort="accesses", operator=None, vouched=VOUCHED)
    assert [one for one, _ in told(run)] == [outcome]


def test_people_one_below_the_other_in_a_cell_are_as_many(of_accesses, make_bal, people):
    bal = make_bal("ORG", people.alice, address="secretariat@chu-exemple.mssante.fr")
    run = of_accesses(
        f'{bal.address};"{people.bruno.rpps}\n{people.paul.rpps}";;cotitulaire;;;',
        f'{bal.address};;"EXEMPLE Delphine\nEXEMPLE Gisèle";délégataire;;;',
    )
    assert set(bal.cotitulaires.values_list("person", flat=True)) >= {people.bruno.pk, people.paul.pk}
    assert "EXEMPLE Delphine EXEMPLE Gis" not in str(told(run))
    assert not Person.objects.filter(given_name__contains=" ").exists()


def test_line_ends_within_a_cell_outlive_its_correction_in_the_page(of_accesses, org, people):
    cell = "EXEMPLE Paul\nEXEMPLE Bruno"
    run = of_accesses(f'{org.address};;"{cell}";lecteur;;;', stage="previewed")
    form = ImportMendForm(run=run)
    assert isinstance(form.fields["cell_2_2"].widget, Textarea)
    cells = {name: field.initial for name, field in form.fields.items()}
    form = ImportMendForm(cells | {"cell_2_2": cell.replace("\n", "\r\n"), "cell_2_3": "cotitulaire"}, run=run)
    assert form.is_valid()
    carry_on(form.perform(by=people.gisele.user), by=SYSTEM)
    assert [outcome for outcome, _ in told(run)] == ["created"]


def test_given_again_nothing_changes_and_nobody_is_told(of_accesses, org, people):
    line = f"{org.address};{people.bruno.rpps};;cotitulaire;;;"
    run = of_accesses(line, f"{org.address};;EXEMPLE Delphine;délégataire;;{people.alice.rpps};")
    assert [outcome for outcome, _ in told(run)] == ["unchanged", "unchanged"]
    assert not Notice.objects.exists()


def test_a_holder_known_to_the_annuaire_alone_is_offered(of_accesses, org, make_entry):
    make_entry("x@ailleurs.mssante.fr", person_id=NEW, family_name="MOREL", given_name="Alice", profession="Médecin")
    forecast = of_accesses(f"{org.address};{NEW};;cotitulaire;;;", stage="previewed")
    assert (forecast.created, Person.objects.filter(rpps=NEW).count()) == (1, 0)
    of_accesses(f"{org.address};{NEW};;cotitulaire;;;")
    assert org.cotitulaires.filter(person__rpps=NEW, person__has_cps=True).exists()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("nulle-part@chu-exemple.mssante.fr;{bruno};;;;;", "n’est pas au registre : importez d’abord la liste des BAL"),
        ("{org};10000000090;;;;;", "inconnu du registre et de l’annuaire"),
        ("{org};;INCONNU Marc;;;;", "Importez d’abord la liste des personnes"),
        ("{org};{paul};;cotitulaire principal;;;", "qui transmet ce rôle lui-même"),
        ("{per};{bruno};;titulaire;;;", "une BAL nominative n’a qu’un titulaire"),
        ("{org};;EXEMPLE Delphine;cotitulaire;;;", "il lui manque un numéro RPPS"),
        ("{org};{paul};;délégataire;;{delphine};", "n’est pas titulaire de cette BAL"),
        ("{org};;;;;;", "Ni RPPS ni nom"),
        ("{org};{paul};;lecteur;;;", "n’est pas un rôle"),
        ("{org};{paul};;ancien cotitulaire;;;", "n’est pas un rôle"),
        ("{org};;EXEMPLE Delphine;délégataire;aucun;;", "n’est pas un droit"),
        ("{org};;EXEMPLE Delphine, EXEMPLE Paul;délégataire;;;", "nomme peut-être plusieurs personnes"),
    ],
)
def test_what_the_rules_refuse_is_told_with_the_way_round(of_accesses, org, per, people, line, why):
    facts = {name: person.rpps or "EXEMPLE Delphine" for name, person in vars(people).items()}
    run = of_accesses(line.format(org=org.address, per=per.address, **facts))
    assert run.rejected == 1
    assert why in told(run)[0][1]


def test_the_21st_cotitulaire_is_refused(of_accesses, crowd, people):
    bal = crowd(20)
    run = of_accesses(f"{bal.address};{people.paul.rpps};;cotitulaire;;;")
    assert "au plus 20 cotitulaires" in told(run)[0][1]


def test_an_undone_list_of_accesses_takes_them_back(of_accesses, org, people):
    run = of_accesses(
        f"{org.address};{people.paul.rpps};;cotitulaire;;;",
        f"{org.address};;EXEMPLE Lea;délégataire;;{people.bruno.rpps};",
    )
    assert run.created == 2
    undo(run, people.gisele.user)
    assert not Cotitulaire.objects.filter(bal=org, person=people.paul).exists()
    assert not Delegataire.objects.filter(bal=org, person=people.lea, ended_at=None).exists()
    assert org.cotitulaires.count() == 2


def test_accesses_are_taken_on_somebody_s_word_alone(structure, people, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    facts = {"operator": None, "structure": structure, "sort": "accesses", "by": people.gisele.user}
    with pytest.raises(Refused, match="Dites sur la parole de qui"):
        receive_import([b"Adresse;RPPS\n"], "x.csv", **facts)


def test_what_another_structure_holds_is_out_of_reach(of_accesses, make_bal, other_structure, people):
    bal = make_bal("ORG", people.eve, address="voisine@chu-exemple.mssante.fr", structure=other_structure)
    run = of_accesses(f"{bal.address};{people.paul.rpps};;cotitulaire;;;")
    assert "registre d’une autre structure" in told(run)[0][1]


# --- Pages ------------------------------------------------------------------------------------------------------------
def test_the_page_takes_each_sort_and_asks_what_it_needs(client, people, structure, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    client.force_login(people.gisele.user)
    url = reverse("import-new")

    def send(**facts):
        file = SimpleUploadedFile("l.csv", f"{HEADERS}\n{NEW};MOREL;Alice;;;;;\n".encode())
        return client.post(url, {"structure": structure.pk, "file": file, **facts})

    assert "Choisissez l’opérateur dont c’est la liste." in unescape(send(sort="bal").text)
    assert "Dites sur la parole de qui" in unescape(send(sort="accesses").text)
    assert send(sort="people").status_code == 302
    run = Import.objects.get()
    assert (run.sort, run.operator) == ("people", None)
    assert client.get(run.get_absolute_url()).status_code == 200
    assert client.get(reverse("import-list")).status_code == 200


@pytest.mark.parametrize("sort", ["bal", "people", "accesses"])
def test_the_model_of_each_sort_is_read_without_a_doubt(client, people, sort, settings, tmp_path, structure, operator):
    settings.VAR_DIR = tmp_path
    client.force_login(people.gisele.user)
    answer = client.get(reverse("import-template"), {"contenu": sort})
    raw = b"".join(answer) if answer.streaming else answer.content
    facts = {"operator": operator if sort == "bal" else None, "structure": structure, "vouched": VOUCHED}
    run = receive_import([raw], "m.csv", sort=sort, by=people.gisele.user, **facts)
    assert all(run.columns), dict(zip(run.headers, run.columns, strict=True))
    assert client.get(reverse("import-template"), {"contenu": "autre"}).status_code == 404
