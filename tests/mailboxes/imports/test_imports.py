"""An operator's list brought in: tried first, then written with its report, taken up after a death, and taken back."""

import errno
import os
from datetime import timedelta

import pytest
from django.db import DatabaseError, OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from directory.typography import quoted
from mailboxes import actions, jobs, rules
from mailboxes.imports import verdicts
from mailboxes.imports import work as imports
from mailboxes.imports.actions import (
    apply_import,
    forecast_import,
    mend_lines,
    read_columns,
    receive_import,
    undo_import,
)
from mailboxes.imports.models import Import, ImportLine
from mailboxes.imports.rules import check_mend
from mailboxes.imports.survey import Survey
from mailboxes.imports.work import carry_on
from mailboxes.lifecycle import Act, State, Verb
from mailboxes.models import SYSTEM, Bal, JournalEntry, Notice, Operator, Person, Reading, Structure
from tests.mailboxes.conftest import make_professional, record
from tests.mailboxes.refused import refused_with

DOMAIN = "chu-exemple.mssante.fr"
HEADERS = "Adresse;Type;RPPS du titulaire;Service;Dernière connexion;Espace occupé;Quota"
pytestmark = pytest.mark.django_db


def listed(*lines, headers=HEADERS):
    return "\n".join([headers, *lines]) + "\n"


def new(name, rest="ORG;;Urgences;;;"):
    return f"{name}@{DOMAIN};{rest}"


def outcomes(run):
    return list(run.lines.exclude(number=None).values_list("number", "outcome"))


def remark(run, number):
    return run.lines.get(number=number).remark


def counts():
    return [model.objects.count() for model in (Bal, JournalEntry, Reading, Notice)]


@pytest.fixture
def mixed(org):
    """A new BAL, a known one, no address, an address twice, one read with a remark."""
    return listed(
        new("nouvelle", "ORG;10000000017;Pneumologie;15/03/2026 08:30;850 Mo;1,2 Go"),
        "ACCUEIL@chu-exemple.mssante.fr;ORG;;Accueil;16/03/2026;900;2 Go",
        "fautive;ORG;;Urgences;;;",
        new("nouvelle"),
        new("douteuse", "ORG;;Urgences;46096;;"),
    )


# --- The forecast -----------------------------------------------------------------------------------------------------
def test_a_forecast_writes_nothing_but_its_report(bring_in, org, mixed):
    before, row = counts(), Bal.objects.values().get(pk=org.pk)
    run = bring_in(mixed, stage="previewed")
    assert counts() == before
    assert Bal.objects.values().get(pk=org.pk) == row
    assert (run.stage, run.created, run.updated, run.rejected, run.corrected) == ("previewed", 2, 1, 2, 1)
    assert run.forecasts
    assert run.applied_at is None


def test_the_forecast_and_the_application_say_the_same_of_each_line(bring_in, mixed):
    forecast = bring_in(mixed, stage="previewed")
    said = list(forecast.lines.values_list("number", "address", "outcome", "remark"))
    assert list(bring_in(mixed).lines.values_list("number", "address", "outcome", "remark")) == said


def test_the_report_names_line_field_value_and_reason(bring_in, mixed):
    run = bring_in(mixed)
    assert outcomes(run) == [(2, "created"), (3, "updated"), (4, "rejected"), (5, "rejected"), (6, "created")]
    assert remark(run, 4) == "Adresse : «\u00a0fautive\u00a0» n’est pas une adresse."
    assert remark(run, 5) == "Adresse : déjà donnée à la ligne 2."
    assert remark(run, 6) == "Dernière authentification : «\u00a046096\u00a0» lu comme une date d’Excel : 15/03/2026."
    assert run.lines.get(number=4).cells[0] == "fautive"
    assert run.lines.get(number=2).cells == [], "only what is rejected is kept as the file has it"


# --- For real ---------------------------------------------------------------------------------------------------------
def test_a_new_bal_is_registered_with_its_holder_its_use_and_its_line_of_journal(bring_in, people, structure, mixed):
    run = bring_in(mixed)
    bal = Bal.objects.get(address=f"nouvelle@{DOMAIN}")
    assert (bal.state, bal.kind, bal.structure, bal.service) == (State.ACTIVE, "ORG", structure, "Pneumologie")
    assert bal.principal() == people.alice
    assert (bal.used_mb, bal.quota_mb, bal.percent_full) == (850, 1200, 71)
    assert f"{timezone.localtime(bal.last_used_at):%d/%m/%Y %H:%M}" == "15/03/2026 08:30"
    assert bal.clock_at == bal.last_used_at
    entry = bal.journal.get()
    assert (entry.what, entry.by, entry.after) == (Act.REGISTER, people.gisele.user, State.ACTIVE)
    assert entry.note == f"Import n° {run.pk} (liste.csv), ligne 2."
    assert not Notice.objects.exists(), "nothing is asked of the operator, nobody is told"


def test_a_known_bal_gets_its_use_and_a_line_of_journal_for_what_is_described(bring_in, org, mixed):
    bring_in(mixed)
    org.refresh_from_db()
    assert (org.service, org.used_mb, org.quota_mb, org.percent_full) == ("Accueil", 900, 2000, 45)
    assert org.readings.get().source == Reading.Source.IMPORT
    assert org.journal.get().after == "service de rattachement : Accueil"


def test_the_import_itself_has_its_line_of_journal(bring_in, structure, operator, mixed):
    run = bring_in(mixed)
    entry = JournalEntry.objects.get(what=Act.IMPORT_LIST)
    assert (entry.structure, entry.bal) == (structure, None)
    assert entry.after == "2 inscrites, 1 mises à jour, 2 rejetées"
    assert entry.note == f"{operator}, import n° {run.pk} (liste.csv)."


def test_an_empty_cell_erases_nothing(bring_in, org):
    Bal.objects.filter(pk=org.pk).update(service="Accueil", used_mb=5)
    run = bring_in(listed(f"{org.address};;;;;;"))
    org.refresh_from_db()
    assert (org.service, org.used_mb, run.unchanged) == ("Accueil", 5, 1)


def test_the_same_list_again_changes_nothing(bring_in, mixed):
    bring_in(mixed)
    before = counts()
    again = bring_in(mixed)
    assert (again.created, again.updated, again.unchanged, again.rejected) == (0, 0, 3, 2)
    assert counts() == [before[0], before[1] + 1, *before[2:]], "the line of the import itself, and no other"


def test_an_older_list_teaches_only_what_it_alone_knows(bring_in, org):
    now = timezone.now()
    record(org, at=now, source="push", last_used_at=now, used_mb=500, by=SYSTEM)
    bring_in(listed(f"{org.address};;;;01/01/2026;100;2 Go"), as_of=now - timedelta(days=30))
    org.refresh_from_db()
    assert (org.last_used_at, org.used_mb, org.quota_mb) == (now, 500, 2000)
    assert org.readings.count() == 2


def test_three_lists_foretell_the_day_it_is_full(bring_in, org):
    for weeks, used in ((2, 942), (1, 949), (0, 956)):
        at = timezone.now() - timedelta(weeks=weeks)
        bring_in(listed(f"{org.address};;;;;{used};1000"), as_of=at)
    org.refresh_from_db()
    assert org.full_on == timezone.localdate() + timedelta(days=44)


def test_what_the_list_says_otherwise_of_holder_type_and_structure_is_told_and_not_taken(bring_in, org, people):
    run = bring_in(listed(f"{org.address};PER;10000000033;;;;"))
    org.refresh_from_db()
    assert (org.kind, org.principal()) == ("ORG", people.alice)
    assert remark(run, 2) == (
        "Type : «\u00a0PER\u00a0» n’est pas repris, le registre dit «\u00a0ORG\u00a0». "
        "RPPS du titulaire : «\u00a010000000033\u00a0» n’est pas repris, le registre dit «\u00a010000000017\u00a0»."
    )


def test_bal_that_the_list_does_not_name_are_told_and_nothing_is_concluded(bring_in, org, per, mixed):
    run = bring_in(mixed)
    assert run.absent == 1
    assert run.lines.get(outcome="absent").bal == per
    per.refresh_from_db()
    assert per.state == State.ACTIVE
    assert not per.journal.exists()


# --- What is rejected -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"x@{DOMAIN};ORG;123;;;;", "RPPS du titulaire : "),
        (f"x@{DOMAIN};ORG;;;01/01/2199;;", "est dans le futur"),
        (f"x@{DOMAIN};ORG;;;;beaucoup;", "n’est pas une taille"),
        (f"x@{DOMAIN};ORG;;;31/02/2026;;", "n’est pas une date"),
        (f"x@{DOMAIN};ORG;;;;850 Go;2 Go", "l’unité de l’un est-elle fausse"),
    ],
)
def test_what_cannot_be_read_costs_its_field_and_never_its_line(bring_in, line, reason):
    run = bring_in(listed(line))
    assert (outcomes(run), run.corrected) == ([(2, "created")], 1)
    assert reason in remark(run, 2)
    assert "laissé de côté" in remark(run, 2)
    bal = Bal.objects.get()
    assert (bal.last_used_at, bal.used_mb) == (None, None)


@pytest.mark.parametrize(("known", "outcome"), [(False, "rejected"), (True, "unchanged")])
def test_a_new_bal_whose_structure_cannot_be_read_is_registered_nowhere(bring_in, org, known, outcome):
    address = org.address if known else f"x@{DOMAIN}"
    run = bring_in(listed(f"{address};ORG;1,00E+08", headers="Adresse;Type;FINESS"))
    assert outcomes(run) == [(2, outcome)]
    assert "un tableur a abîmé ce numéro FINESS" in remark(run, 2)


def test_rows_of_one_bal_that_name_other_holders_make_one_bal(bring_in, people, structure):
    others = [make_professional(n) for n in (91, 92)]
    for person in others:
        person.affiliations.create(structure=structure)
    rows = [("cotitulaire", others[0].rpps), ("principal", people.alice.rpps), ("cotitulaire", others[1].rpps)]
    lines = [f"s@{DOMAIN};ORG;{rpps};{role}" for role, rpps in rows]
    run = bring_in(listed(*lines, headers="Adresse;Type;RPPS;Rôle"))
    assert outcomes(run) == [(2, "created"), (3, "unchanged"), (4, "unchanged")]
    bal = Bal.objects.get(address=f"s@{DOMAIN}")
    assert bal.principal() == people.alice
    assert set(bal.cotitulaires.values_list("person__rpps", flat=True)) == {rpps for _, rpps in rows}


@pytest.mark.parametrize("role", ["délégataire", "lecteur"])
def test_who_is_no_holder_is_made_none_though_the_first_named(bring_in, people, structure, role):
    other = make_professional(91)
    other.affiliations.create(structure=structure)
    rows = [(role, other.rpps), ("titulaire", people.alice.rpps)]
    lines = [f"p@{DOMAIN};PER;{rpps};{said}" for said, rpps in rows]
    run = bring_in(listed(*lines, f"s@{DOMAIN};ORG;{other.rpps};{role}", headers="Adresse;Type;RPPS;Rôle"))
    assert outcomes(run) == [(2, "created"), (3, "unchanged"), (4, "created")]
    assert Bal.objects.get(address=f"p@{DOMAIN}").principal() == people.alice
    assert Bal.objects.get(address=f"s@{DOMAIN}").principal() is None
    assert all("n’est pas repris" in remark(run, number) for number in (2, 4))


def test_a_line_that_changes_a_bal_shows_before_and_after(bring_in, org):
    Bal.objects.filter(pk=org.pk).update(service="Accueil", used_mb=5)
    run = bring_in(listed(f"{org.address};ORG;;Urgences;15/03/2026;850 Mo;"))
    changes = {label: (before, after) for label, before, after in run.lines.get(number=2).changes}
    assert changes["service de rattachement"] == ("Accueil", "Urgences")
    assert ("5", "850") in changes.values()


def test_rejected_lines_are_corrected_in_place_before_the_import_is_applied(bring_in, people):
    run = bring_in(listed("fautive;ORG;;Urgences;;;", new("bonne")), stage="previewed")
    cells = [f"mendee@{DOMAIN}", "ORG", "", "Urgences", "", "", ""]
    carry_on(run := mend_lines(run, {2: cells}, by=people.gisele.user), by=SYSTEM)
    assert (run.stage, run.created, run.rejected) == ("previewed", 2, 0)
    carry_on(run := apply_import(run, by=people.gisele.user), by=SYSTEM)
    assert Bal.objects.get(address=f"mendee@{DOMAIN}").service == "Urgences"


def test_once_applied_corrected_lines_are_an_import_of_their_own(bring_in, people):
    run = bring_in(listed("fautive;ORG;;Urgences;;;", new("bonne")))
    fresh = mend_lines(run, {2: [f"mendee@{DOMAIN}", "ORG", "", "Urgences", "", "", ""]}, by=people.gisele.user)
    carry_on(fresh, by=SYSTEM)
    assert (fresh.pk != run.pk, fresh.stage, fresh.created) == (True, "previewed", 1)


@pytest.mark.parametrize(("stage", "code"), [("previewed", "purged"), ("applied", ""), ("received", "stage")])
def test_what_is_read_anew_needs_the_file_and_what_was_rejected_once_applied_does_not(bring_in, people, stage, code):
    run = bring_in(listed("fautive;ORG;;Urgences;;;", new("bonne")), stage=stage)
    run.path.unlink(missing_ok=True)
    assert refused_with(check_mend, run, by=people.gisele.user) == code


def test_nothing_is_mended_where_nothing_is_rejected(bring_in, people):
    run = bring_in(listed(new("bonne")), stage="previewed")
    assert refused_with(check_mend, run, by=people.gisele.user) == "none"


def test_the_answer_to_a_question_is_given_once_for_the_file(bring_in):
    content = listed(*(new(f"b{n}", f"ORG;;;;{size};") for n, size in enumerate([500000, 600000])))
    run = bring_in(content, stage="previewed")
    assert (run.created, Survey.from_json(run.judged).questions != []) == (2, True)
    assert "dites celle" in remark(run, 2)
    bring_in(content, unit="ko")
    assert sorted(Bal.objects.values_list("used_mb", flat=True)) == [500, 600]


def test_of_a_patient_nothing_is_kept_not_even_among_what_is_rejected(bring_in):
    patient = "279035121518989@patient.mssante.fr"
    run = bring_in(
        listed(
            f"{patient};ORG;;;;;",
            f"{patient}, x@{DOMAIN};ORG;;;;;",
            new("une", f"ORG;;suivi de {patient};;;"),
            f"fautive;ORG;;{patient};;;",
            new("autre", f"ORG;{patient};Urgences;{patient};{patient};"),
        )
    )
    assert outcomes(run) == [(2, "rejected"), (3, "rejected"), (4, "created"), (5, "rejected"), (6, "created")]
    kept = [run.head, run.sample, *run.lines.values_list("cells", "remark"), *Bal.objects.values_list("service")]
    assert "279035121518989" not in str(kept)


def test_a_patient_s_number_and_domain_in_two_columns_are_not_kept_either(bring_in):
    run = bring_in("Partie locale;Domaine;Type\n279035121518989;patient.mssante.fr;ORG\nurg;x.mssante.fr;ORG\n")
    assert run.lines.get(number=2).outcome == "rejected"
    assert "279035121518989" not in str([run.head, run.sample, *run.lines.values_list("cells", "remark")])


def test_a_word_for_the_state_is_explained_once_and_remembered_with_the_headers(bring_in, make_bal, structure, people):
    bal = make_bal("ORG", address=f"attendue@{DOMAIN}", state="requested")
    content = listed(f"{bal.address};ORG;Verte", new("autre", "ORG;verte"), headers="Adresse;Type;État")
    run = bring_in(content)
    assert Survey.from_json(run.judged).states == [("verte", "Verte", 2)]
    assert f"{quoted('Verte')} (2\u00a0lignes)" in Survey.from_json(run.judged).questions[0]
    bal.refresh_from_db()
    assert bal.state == "requested"  # nothing was concluded
    run = bring_in(content + "\n", stage="received")
    answered = read_columns(run, run.columns, size_unit="", default_kind="", state_words={"verte": "OPEN"}, by=run.by)
    carry_on(forecast_import(answered, by=run.by), by=SYSTEM)
    run.refresh_from_db()
    assert (Survey.from_json(run.judged).questions, run.corrected) == ([], 0)
    bring_in(content + "\n\n")
    bal.refresh_from_db()
    assert bal.state == "active"


# --- Holders by their names -------------------------------------------------------------------------------------------
@pytest.fixture
def morel(structure):
    return a_morel(structure, 93, "Alice")


def a_morel(structure, number, given):
    person = make_professional(number)
    Person.objects.filter(pk=person.pk).update(family_name="Morel", given_name=given)
    person.affiliations.create(structure=structure)
    return person


NAMED = "Adresse;Type;Titulaire"


@pytest.mark.parametrize("name", ["Dr Alice MOREL", "MOREL, Alice", "Mme MOREL Alice née DUPONT"])
def test_a_holder_is_known_by_a_name_that_one_person_of_the_structures_bears(bring_in, morel, name):
    run = bring_in(listed(f"m@{DOMAIN};PER;{name}", headers=NAMED))
    assert Bal.objects.get(address=f"m@{DOMAIN}").principal() == morel
    assert "reconnu à son nom" in remark(run, 2)


def test_a_name_in_two_columns_is_one(bring_in, morel):
    bring_in(listed(f"m@{DOMAIN};PER;Mme MOREL;Alice", headers="Adresse;Type;Nom;Prénom"))
    assert Bal.objects.get(address=f"m@{DOMAIN}").principal() == morel


def test_a_name_that_does_not_tell_its_family_name_is_read_by_its_column(bring_in, morel):
    run = bring_in(listed(f"m@{DOMAIN};PER;morel alice", new("autre", "ORG;DURAND Paul"), headers=NAMED))
    assert Bal.objects.get(address=f"m@{DOMAIN}").principal() == morel
    assert "comme le reste de la colonne" in remark(run, 2)


@pytest.mark.parametrize(
    ("name", "why"), [("Alice Morel", "rien ne dit"), ("MOREL Zoé", "aucune personne"), ("MOREL Alice", "2 personnes")]
)
def test_a_name_that_is_nobody_s_or_several_people_s_is_left_aside(bring_in, structure, morel, name, why):
    if "2" in why:
        a_morel(structure, 94, "Alicé")
    run = bring_in(listed(f"m@{DOMAIN};ORG;{name}", headers=NAMED))
    assert Bal.objects.get(address=f"m@{DOMAIN}").principal() is None
    assert why in remark(run, 2)


def test_a_name_that_is_not_that_of_the_rpps_is_told(bring_in, people, morel):
    run = bring_in(listed(f"m@{DOMAIN};PER;{people.alice.rpps};MOREL Alice", headers="Adresse;Type;RPPS;Titulaire"))
    assert Bal.objects.get(address=f"m@{DOMAIN}").principal() == people.alice
    assert "n’est pas le nom de qui a ce RPPS" in remark(run, 2)
    again = bring_in(listed(f"m@{DOMAIN};PER;MOREL Alice", headers=NAMED))
    assert "n’est pas repris" in remark(again, 2)


def test_what_the_report_says_is_what_the_database_holds(bring_in, mixed):
    run = bring_in(mixed)
    created = run.lines.filter(outcome="created")
    assert set(created.values_list("address", flat=True)) <= set(Bal.objects.values_list("address", flat=True))
    for line in run.lines.exclude(after={}).select_related("bal"):
        for name, value in line.after.items():
            held = getattr(line.bal, name)
            assert held == (parse_datetime(value) if hasattr(held, "isoformat") else value)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("x@ailleurs.mssante.fr;ORG;;;;;", "n’est pas un domaine d’Opérateur régional"),
        (f"x@{DOMAIN};ORG;10000000058;;;;", "n’est celui d’aucune personne inscrite ici"),
        (f"x@{DOMAIN};;;;;;", "Type : absent"),
        (f"x@{DOMAIN};BOF;;;;;", "«\u00a0BOF\u00a0» n’est pas un type de BAL"),
        (f"x@{DOMAIN};PER;;;;;", "Une BAL nominative a un titulaire"),
    ],
)
def test_a_line_that_a_rule_refuses_is_rejected_with_the_rule_s_sentence(bring_in, org, line, reason):
    run = bring_in(listed(new("bonne"), line))
    assert outcomes(run) == [(2, "created"), (3, "rejected")]
    assert reason in remark(run, 3)
    assert not Bal.objects.filter(address__startswith="x@").exists()


@pytest.mark.parametrize("what", ["structure", "operator"])
def test_a_bal_of_another_structure_or_operator_is_never_touched(bring_in, make_bal, other_structure, what):
    other = Operator.objects.create(code="autre", name="Autre opérateur")
    bal = make_bal("ORG", **({"structure": other_structure} if what == "structure" else {"operator": other}))
    run = bring_in(listed(f"{bal.address};;;Volée;;10;20"))
    assert run.rejected == 1
    assert "au registre" in remark(run, 2)
    bal.refresh_from_db()
    assert (bal.service, bal.used_mb) == ("", None)


@pytest.mark.parametrize(
    ("finess", "rejected"), [("010000002", 0), ("010000001", 1), ("020000001", 1), ("990000000", 1)]
)
def test_a_line_may_lead_only_to_the_import_s_structure_and_those_below(
    bring_in, structure, other_structure, finess, rejected
):
    run = bring_in(f"Adresse;Type;FINESS\nx@{DOMAIN};ORG;{finess}\n")
    assert run.rejected == rejected


def test_a_child_is_reached_from_the_list_of_its_parent(bring_in, structure):
    child = Structure.objects.create(name="Pôle", parent=structure, finess_et="010000028")
    bring_in(f"Adresse;Type;Structure\nx@{DOMAIN};ORG;PÔLE\ny@{DOMAIN};ORG;\n")
    assert Bal.objects.get(address__startswith="x").structure == child
    assert Bal.objects.get(address__startswith="y").structure == structure


def test_a_line_that_the_database_refuses_costs_itself_alone(bring_in, monkeypatch):
    write = verdicts.write_rows

    def refuse(entrants):
        if any(bal.address.startswith("b@") for bal, _ in entrants):
            raise DatabaseError("no")
        write(entrants)

    monkeypatch.setattr(verdicts, "write_rows", refuse)
    run = bring_in(listed(new("a"), new("b"), new("c")))
    assert outcomes(run) == [(2, "created"), (3, "rejected"), (4, "created")]
    assert remark(run, 3) == "La base de données refuse cette ligne."


def test_an_outage_costs_no_line_and_the_import_goes_on_after_it(bring_in, people, monkeypatch):
    write, fallen = verdicts.write_rows, []

    def fall(entrants):
        if not fallen:
            fallen.append(entrants)
            raise OperationalError("the connection is closed")
        write(entrants)

    monkeypatch.setattr(verdicts, "write_rows", fall)
    with pytest.raises(OperationalError):
        bring_in(listed(new("a"), new("b")))
    run = Import.objects.get()
    assert (run.stage, run.lines.count()) == ("applying", 0)
    carry_on(run, by=people.gisele.user)
    assert outcomes(run) == [(2, "created"), (3, "created")]


def test_a_disk_that_fills_up_leaves_no_half_of_a_file(people, structure, operator):
    def chunks():
        yield b"Adresse"
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        receive_import(chunks(), "x.csv", operator=operator, structure=structure, by=people.gisele.user, later=True)
    assert list(Import.folder().iterdir()) == []


# --- States -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("state", "said", "after"),
    [
        (State.REQUESTED, "Active", State.ACTIVE),
        (State.REQUESTED, "En attente", State.REQUESTED),
        (State.DELETION_REQUESTED, "Supprimée", State.DELETION_CONFIRMED),
        (State.ACTIVE, "Supprimée", State.DELETION_CONFIRMED),
        (State.REQUESTED, "Supprimée", State.REQUESTED),
        (State.ACTIVE, "verte", State.ACTIVE),
        (State.DELETED, "Active", State.ACTIVE),
    ],
)
def test_what_the_operator_says_of_the_state_confirms_or_is_told(bring_in, make_bal, people, state, said, after):
    bal = make_bal("ORG", people.alice, state=state)
    run = bring_in(f"Adresse;État\n{bal.address};{said}\n")
    bal.refresh_from_db()
    assert bal.state == after
    against = (state, said) == (State.REQUESTED, "Supprimée")
    assert run.rejected == against
    assert ("l’opérateur la dit" in remark(run, 2)) == against


@pytest.mark.parametrize(("kind", "after"), [("ORG", State.ACTIVE), ("APP", State.ACTIVE), ("PER", State.REQUESTED)])
def test_the_register_knows_whose_closed_account_is_a_shared_mailbox_s(bring_in, make_bal, people, kind, after):
    bal = make_bal(kind, *([] if kind == "APP" else [people.alice]), state=State.REQUESTED)
    run = bring_in(f"PrimarySmtpAddress;AccountDisabled\n{bal.address};True\n")
    bal.refresh_from_db()
    assert bal.state == after
    assert ("suspendue" in remark(run, 2)) == (kind == "PER")
    run = bring_in(f"PrimarySmtpAddress;AccountDisabled\nneuve@{DOMAIN};True\n", kind=kind)
    assert ("suspendue" in remark(run, 2)) == (kind == "PER")


@pytest.mark.parametrize("said", ["Supprimée", "En attente"])
def test_an_unknown_bal_that_is_not_open_is_not_registered(bring_in, said):
    run = bring_in(f"Adresse;Type;État\nx@{DOMAIN};ORG;{said}\n")
    assert (run.created, run.unchanged, run.corrected) == (0, 1, 1)
    assert not Bal.objects.exists()


def test_a_use_stops_the_way_out_and_its_holders_are_told(bring_in, per):
    Bal.objects.filter(pk=per.pk).update(state=State.IDLE_ALERTED, state_since=timezone.now() - timedelta(days=9))
    day = timezone.localdate() - timedelta(days=1)
    run = bring_in(listed(f"{per.address};;;;{day:%d/%m/%Y};;"))
    per.refresh_from_db()
    assert per.state == State.ACTIVE
    assert run.lines.get(number=2).verb == Verb.WAKE
    assert Notice.objects.filter(bal=per, person=per.principal()).exists()


# --- Who may, who sees ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["lea", "alice", "eve"])
def test_only_the_structure_s_gestionnaire_brings_a_list_in(bring_in, people, name):
    with pytest.raises(rules.NotAllowed):
        bring_in(listed(new("a")), by=getattr(people, name).user)
    assert not Import.objects.exists()


@pytest.mark.parametrize("act", [forecast_import, apply_import, undo_import])
@pytest.mark.parametrize("name", ["lea", "alice", "eve"])
def test_only_the_structure_s_gestionnaire_goes_on_with_it(bring_in, people, act, name):
    run = bring_in(listed(new("a")), stage="applied" if act == undo_import else "previewed")
    with pytest.raises(rules.NotAllowed):
        act(run, by=getattr(people, name).user)


def test_an_import_is_seen_by_those_of_its_structure(bring_in, people):
    run = bring_in(listed(new("a")), stage="received")
    seen = {name for name, person in vars(people).items() if run in Import.objects.visible_to(person.user)}
    assert seen == {"gisele", "lea"}


def test_people_whom_the_gestionnaire_does_not_see_are_named_in_no_list(bring_in, people):
    run = bring_in(listed(f"x@{DOMAIN};ORG;10000000041;;;;"))  # eve, of another structure
    assert "n’est celui d’aucune personne inscrite ici" in remark(run, 2)


# --- Stages -----------------------------------------------------------------------------------------------------------
def test_nothing_is_applied_before_its_forecast_nor_twice(bring_in, people):
    for stage in ("received", "applied"):
        run = bring_in(listed(new("a")), stage=stage)
        with pytest.raises(rules.Refused, match="Seul un import simulé s’applique"):
            apply_import(run, by=people.gisele.user)


def test_columns_are_corrected_after_a_forecast_and_it_begins_anew(bring_in, people):
    run = bring_in(listed(new("a")), stage="previewed")
    columns = [*run.columns[:3], "", *run.columns[4:]]
    run = read_columns(run, columns, size_unit="mo", default_kind="", by=people.gisele.user)
    carry_on(run := forecast_import(run, by=people.gisele.user), by=SYSTEM)
    assert outcomes(run) == [(2, "created")]


def test_a_file_that_is_gone_is_said_so(bring_in, people):
    run = bring_in(listed(new("a")), stage="previewed")
    run.path.unlink()
    with pytest.raises(rules.Refused, match="n’est plus gardé"):
        apply_import(run, by=people.gisele.user)


def test_the_file_is_kept_under_no_name_of_the_browser_s_and_for_us_alone(bring_in, tmp_path):
    run = bring_in(listed(new("a")), stage="received", name="../../liste d’été.csv")
    assert (run.file_name, run.path.parent) == ("liste d’été.csv", tmp_path / "imports")
    assert (os.stat(run.path).st_mode & 0o777, os.stat(run.path.parent).st_mode & 0o777) == (0o600, 0o700)


def test_a_file_is_gone_once_applied_and_the_import_can_still_be_undone(
    bring_in, people, tmp_path, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        run = bring_in(listed(new("a"), "279035121518989@patient.mssante.fr;ORG"))
    run.refresh_from_db()
    assert (run.stage, run.stored, [*(tmp_path / "imports").iterdir()]) == ("applied", "", [])
    carry_on(run := undo_import(run, by=people.gisele.user), by=SYSTEM)
    assert run.stage == "undone"


@pytest.mark.parametrize("stage", ["previewed", "applied"])
def test_the_purge_takes_file_and_lines_and_leaves_the_counts(
    bring_in, settings, people, stage, tmp_path, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        run = bring_in(listed(new("a")), stage=stage)
    jobs.run("purge")
    assert run.lines.exists()
    Import.objects.update(at=timezone.now() - settings.IMPORTS_KEPT - timedelta(days=1))
    jobs.run("purge")
    run.refresh_from_db()
    assert ([*(tmp_path / "imports").iterdir()], run.lines.exists(), run.created) == ([], False, 1)
    assert not Import.objects.outdated(timezone.now()).exists()
    if stage != "applied":
        return
    with pytest.raises(rules.Refused, match="n’est plus gardé"):
        undo_import(run, by=people.gisele.user)


# --- Progress, and death on the way -----------------------------------------------------------------------------------
@pytest.fixture
def in_twos(monkeypatch):
    monkeypatch.setattr(imports, "BATCH", 2)


@pytest.mark.usefixtures("in_twos")
def test_progress_is_told_after_each_batch(bring_in, people):
    run = bring_in(listed(*[new(f"a{n}") for n in range(5)]), stage="previewed")
    told = []
    run = apply_import(run, by=people.gisele.user)
    carry_on(
        run, by=SYSTEM, progress=lambda run: told.append(Import.objects.values_list("done", "created").get(pk=run.pk))
    )
    assert told == [(3, 2), (5, 4), (6, 5)]
    assert (run.stage, run.percent) == ("applied", 100)


class Killed(BaseException):
    """As a worker is: nothing of ours catches it."""


@pytest.mark.usefixtures("in_twos")
def test_a_worker_killed_on_the_way_is_taken_up_again_without_doubles(bring_in, people):
    run = bring_in(listed(*[new(f"a{n}", "ORG;;;15/03/2026;850;") for n in range(5)]), stage="previewed")
    run = apply_import(run, by=people.gisele.user)

    def die(run):
        if run.done > 3:
            raise Killed

    with pytest.raises(Killed):
        carry_on(run, by=SYSTEM, progress=die)
    assert Import.objects.get().stage == Import.Stage.APPLYING
    assert Bal.objects.count() == 4
    jobs.run("take_up_imports")
    assert Bal.objects.count() == 4, "still warm: someone may be at work"
    Import.objects.update(seen_at=timezone.now() - timedelta(minutes=6))
    assert jobs.run("take_up_imports").done == 1
    run.refresh_from_db()
    assert (run.stage, run.created, run.lines.count()) == ("applied", 5, 5)
    assert [Bal.objects.count(), Reading.objects.count()] == [5, 5]
    assert JournalEntry.objects.filter(what=Act.REGISTER).count() == 5
    assert JournalEntry.objects.filter(what=Act.IMPORT_LIST).count() == 1


@pytest.mark.usefixtures("in_twos")
def test_of_two_workers_on_one_import_the_second_gives_way(bring_in, people):
    run = bring_in(listed(*[new(f"a{n}") for n in range(5)]), stage="previewed")
    run = apply_import(run, by=people.gisele.user)
    late = Import.objects.get(pk=run.pk)
    carry_on(run, by=SYSTEM)
    late.stage, late.done = Import.Stage.APPLYING, 0  # what it read before the first began
    carry_on(late, by=SYSTEM)
    assert Bal.objects.count() == 5
    assert late.lines.count() == 5


def test_who_looks_at_a_file_late_does_not_undo_what_was_said_of_its_columns(bring_in, people, structure, operator):
    content = listed(new("a"), new("b")).encode()
    facts = {"operator": operator, "structure": structure, "later": True, "by": people.gisele.user}
    run = receive_import([content], "liste.csv", **facts)
    late = Import.objects.get(pk=run.pk)
    carry_on(run, by=SYSTEM)
    run = forecast_import(read_columns(run, run.columns, size_unit="", default_kind="ORG", by=run.by), by=run.by)
    carry_on(run, by=SYSTEM)
    carry_on(late, by=SYSTEM)
    late.refresh_from_db()
    assert (late.stage, late.default_kind, late.created) == ("previewed", "ORG", 2)


def test_a_file_that_no_import_needs_goes_after_a_day(bring_in, people):
    waiting, applied = (bring_in(listed(new(name)), stage="previewed") for name in "ab")
    left = applied.path.read_bytes()
    carry_on(apply_import(applied, by=people.gisele.user), by=SYSTEM)
    applied.path.write_bytes(left)  # as who dies before it is deleted leaves it
    Import.objects.filter(pk=applied.pk).update(stored=applied.stored)
    lost = Import.folder() / ("0" * 32)
    lost.write_bytes(left)  # as who dies before it is noted leaves it
    jobs.run("purge")
    assert lost.exists(), "a day has not gone by"
    for path in (waiting.path, applied.path, lost):
        os.utime(path, ((timezone.now() - timedelta(days=2)).timestamp(),) * 2)
    jobs.run("purge")
    assert [path.exists() for path in (waiting.path, applied.path, lost)] == [True, False, False]


def test_the_page_s_act_is_carried_on_by_the_task(bring_in, people, django_capture_on_commit_callbacks):
    run = bring_in(listed(new("a")), stage="previewed")
    with django_capture_on_commit_callbacks(execute=True):
        apply_import(run, by=people.gisele.user)
    run.refresh_from_db()
    assert (run.stage, Bal.objects.count()) == ("applied", 1)


# --- Taken back -------------------------------------------------------------------------------------------------------
def undo(run, by):
    carry_on(run := undo_import(run, by=by), by=SYSTEM)
    return run


def test_an_undo_gives_back_what_was_known_and_takes_the_new_ones_out(bring_in, people, org, mixed):
    now = timezone.now()
    for weeks, used in ((2, 942), (1, 949), (0, 956)):
        record(org, at=now - timedelta(weeks=weeks), source="push", used_mb=used, quota_mb=1000, by=SYSTEM)
    Bal.objects.update(read_at=None)  # as those readings leave it: they tell no use
    org.refresh_from_db()
    row, readings = Bal.objects.values().get(pk=org.pk), Reading.objects.count()
    run = bring_in(mixed)
    org.refresh_from_db()
    assert org.quota_mb == 2000
    run = undo(run, people.gisele.user)
    assert (run.stage, run.undone_by, run.reason) == ("undone", people.gisele.user, "")
    assert Bal.objects.values().get(pk=org.pk) == row
    assert Reading.objects.count() == readings
    bal = Bal.objects.get(address=f"nouvelle@{DOMAIN}")
    assert (bal.state, bal.principal(), bal.used_mb, bal.last_used_at) == (State.ABANDONED, None, None, None)
    assert not Bal.objects.visible_to(people.alice.user).filter(pk=bal.pk).exists()
    assert not Notice.objects.exists(), "nobody heard of it, nobody hears that it was taken back"


def test_the_journal_keeps_what_was_undone(bring_in, people, org, mixed):
    run = undo(bring_in(mixed), people.gisele.user)
    whats = list(Bal.objects.get(address=f"nouvelle@{DOMAIN}").journal.order_by("pk").values_list("what", flat=True))
    assert whats == [Act.REGISTER, Verb.CANCEL_REGISTRATION]
    entry = org.journal.get(what=Act.UNDO_IMPORT)
    assert "espace occupé (Mo) : 900" in entry.before
    assert "espace occupé (Mo) : –" in entry.after
    about = JournalEntry.objects.get(what=Act.UNDO_IMPORT, bal=None)
    assert (about.structure, about.by) == (run.structure, people.gisele.user)


def test_an_import_undone_may_be_brought_in_again(bring_in, people, mixed):
    undo(bring_in(mixed), people.gisele.user)
    run = bring_in(mixed)
    assert (run.created, run.updated) == (2, 1)
    assert Bal.objects.get(address=f"nouvelle@{DOMAIN}").state == State.ACTIVE


def describe(bal, people):
    actions.describe_bal(bal, purpose="Accueil", by=people.gisele.user)


def read_it(bal, people):
    record(bal, at=timezone.now(), source="push", used_mb=1, by=SYSTEM)


def add_bruno(bal, people):
    actions.add_cotitulaire(bal, people.bruno, by=people.alice.user)


@pytest.mark.parametrize("later", [describe, read_it, add_bruno])
@pytest.mark.parametrize("name", ["nouvelle", "accueil"])
def test_an_import_on_which_something_depends_is_not_undone(bring_in, people, mixed, later, name):
    run = bring_in(mixed)
    bal = Bal.objects.get(address=f"{name}@{DOMAIN}")
    if (later, name) == (add_bruno, "accueil"):
        actions.remove_cotitulaire(bal, people.bruno, by=people.alice.user)
    else:
        later(bal, people)
    before = counts()
    run = undo(run, people.gisele.user)
    assert run.stage == Import.Stage.APPLIED
    told = f"Depuis cet import, 1 BAL ont eu une suite ({bal.address}) : il ne s’annule plus."
    assert run.reason == f"{told} Corrigez les autres une à une."
    assert counts() == before, "all of it or nothing"


def test_an_import_is_undone_under_a_later_one_only_after_it(bring_in, people, org):
    first = bring_in(listed(f"{org.address};;;Un;;;"))
    second = bring_in(listed(f"{org.address};;;Deux;;;"))
    assert undo(first, people.gisele.user).stage == Import.Stage.APPLIED
    assert undo(second, people.gisele.user).stage == Import.Stage.UNDONE
    org.refresh_from_db()
    assert org.service == "Un"


def test_a_change_of_state_that_people_heard_of_stays(bring_in, people, make_bal):
    asked = make_bal("ORG", people.alice, state=State.REQUESTED)
    run = undo(bring_in(listed(f"{asked.address};;;;;;", new("a"))), people.gisele.user)
    asked.refresh_from_db()
    assert (asked.state, Bal.objects.get(address__startswith="a@").state) == (State.ACTIVE, State.ABANDONED)
    assert run.reason == "1 BAL restent : leur changement d’état a été annoncé."


def test_an_import_is_undone_once(bring_in, people, mixed):
    run = undo(bring_in(mixed), people.gisele.user)
    with pytest.raises(rules.Refused, match="Seul un import appliqué s’annule"):
        undo_import(run, by=people.gisele.user)


# --- How it grows -----------------------------------------------------------------------------------------------------
def written(bring_in, people, first, count):
    """The queries of an application of `count` lines in one batch: half new, half known."""
    lines = [new(f"a{n}", f"ORG;;Service {n};15/03/2026;850;1000") for n in range(first, first + count)]
    run = bring_in(listed(*lines[::2]))
    assert run.created == count // 2
    again = [line.replace("Service", "Pôle").replace("850", "900") for line in lines]
    run = bring_in(listed(*again), stage="previewed", as_of=timezone.now())
    run = apply_import(run, by=people.gisele.user)
    with CaptureQueriesContext(connection) as applied:
        carry_on(run, by=SYSTEM)
    assert (run.created, run.updated) == (count // 2, count // 2)
    run = undo_import(run, by=people.gisele.user)
    with CaptureQueriesContext(connection) as undone:
        carry_on(run, by=SYSTEM)
    assert run.stage == Import.Stage.UNDONE
    return len(applied), len(undone)


def test_a_batch_costs_the_same_queries_whatever_its_lines(bring_in, people, make_bal):
    make_bal("ORG")  # absent from both
    # 24: SQLite cuts longer lists of values into several statements.
    assert written(bring_in, people, 0, 4) == written(bring_in, people, 100, 24)


@pytest.mark.usefixtures("structure")
def test_the_absent_are_found_in_as_many_queries_whatever_their_number(bring_in, make_bal, people):
    def queries(name):
        run = bring_in(listed(new(name)), stage="received")
        run = forecast_import(run, by=people.gisele.user)
        with CaptureQueriesContext(connection) as captured:
            carry_on(run, by=SYSTEM)
        return len(captured), run.absent

    make_bal("ORG")
    few, _ = queries("a")
    for _ in range(30):
        make_bal("ORG")
    assert queries("a") == (few, 31)


def test_an_import_line_says_itself(bring_in):
    assert [str(line) for line in bring_in(listed(new("a"))).lines.all()] == ["ligne 2 : inscrite"]
    assert ImportLine.objects.count() == 1
