"""Lines of people and of accesses, written so many at once: what it costs, and what a refused line leaves behind."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mailboxes.imports.actions import apply_import, forecast_import, undo_import
from mailboxes.imports.work import carry_on
from mailboxes.lifecycle import Act
from mailboxes.models import SYSTEM, Affiliation, JournalEntry, Notice, Person
from tests.mailboxes.conftest import make_professional
from tests.mailboxes.imports.conftest import HEADERS

pytestmark = pytest.mark.django_db

NEW = "10000000990"


def told(run):
    return [(line.outcome, line.remark) for line in run.lines.order_by("number")]


def cost_of(run, by):
    """The queries of a forecast, of an application and of an undoing of a list in one batch."""
    queries = []
    for begin in (forecast_import, apply_import, undo_import):
        with CaptureQueriesContext(connection) as captured:
            carry_on(begin(run, by=by), by=SYSTEM)
        run.refresh_from_db()
        assert run.rejected == 0, told(run)
        queries.append(len(captured))
    assert run.stage == "undone", run.reason
    return queries


def letters(number):
    """No digit stands in a name."""
    return "".join(chr(ord("A") + int(digit)) for digit in f"{number:03}")


def test_a_batch_of_people_costs_the_same_queries_whatever_its_lines(of_people, people, structure):
    def cost(first, count):
        """By turns: entered with an address, known and described anew, leaving, and come back."""
        lines = []
        for number in range(first, first + count):
            known = make_professional(number)
            if number % 4 != 3:
                Affiliation.objects.create(person=known, structure=structure)
            new = f"3{number:010};NEUF {letters(number)};Alice;Médecin;Cardiologie;n{number}@exemple.invalid;oui;"
            lines.append(f"{new}01/09/2026;")
            lines.append(f"{known.rpps};;;Chirurgien;Bloc;;;;{'31/12/2026' if number % 4 == 1 else ''}")
        run = of_people(*lines, headers=f"{HEADERS};Départ", stage="received")
        return cost_of(run, people.gisele.user)

    assert cost(0, 8) == cost(100, 24)


def test_a_batch_of_accesses_costs_the_same_queries_whatever_its_lines(of_accesses, make_bal, make_entry, people):
    def cost(first, count):
        """Of each BAL a cotitulaire, another whom the annuaire alone knows, and a délégataire."""
        lines = []
        for number in range(first, first + count):
            bal, known = make_bal("ORG", people.alice), make_professional(number)
            make_entry(
                f"x{number}@ailleurs.mssante.fr", person_id=f"3{number:010}", family_name="Neuf", given_name="Ana"
            )
            lines.append(f'{bal.address};"{known.rpps} ; 3{number:010}";;cotitulaire;;;')
            lines.append(f"{bal.address};;EXEMPLE Delphine;délégataire;lecture;{known.rpps};Accueil")
        return cost_of(of_accesses(*lines, stage="received"), people.gisele.user)

    assert cost(0, 3) == cost(100, 6)


def test_a_line_refused_halfway_leaves_nothing_of_it(of_accesses, org, people, make_entry):
    """Its first person may hold the BAL, its second may not: neither is written, and the next lines may still name
    them."""
    make_entry("x@ailleurs.mssante.fr", person_id=NEW, family_name="MOREL", given_name="Alice")
    people.bruno.has_cps = False
    people.bruno.save()
    org.cotitulaires.filter(person=people.bruno).delete()
    run = of_accesses(
        f'{org.address};"{NEW} ; {people.bruno.rpps}";;cotitulaire;;;',
        f"{org.address};{people.paul.rpps};;cotitulaire;;;",
    )
    assert [outcome for outcome, _ in told(run)] == ["rejected", "created"]
    assert set(org.cotitulaires.values_list("person", flat=True)) == {people.alice.pk, people.paul.pk}
    assert not Person.objects.filter(rpps=NEW).exists()
    assert set(Notice.objects.filter(bal=org).values_list("person", flat=True)) == {people.alice.pk, people.paul.pk}


def test_whom_the_annuaire_alone_knows_is_entered_once_for_several_bal(of_accesses, make_bal, people, make_entry):
    make_entry("x@ailleurs.mssante.fr", person_id=NEW, family_name="MOREL", given_name="Alice")
    bals = [make_bal("ORG", people.alice) for _ in range(2)]
    run = of_accesses(
        *(f"{bal.address};{NEW};;cotitulaire;;;" for bal in bals),
        f"{bals[0].address};;EXEMPLE Delphine;délégataire;;{NEW};",
    )
    assert [outcome for outcome, _ in told(run)] == ["created"] * 3
    entered = Person.objects.get(rpps=NEW)
    assert entered.affiliations.count() == 1
    assert set(entered.held.values_list("bal", flat=True)) == {bal.pk for bal in bals}
    assert entered.delegations_given.get().person == people.delphine
    line = JournalEntry.objects.get(what=Act.RECORD_PERSON, person=entered)
    assert line.note == "D’après l’annuaire ; CPS ou e-CPS attestée."


def test_who_holds_a_bal_hears_once_of_all_its_lines(of_accesses, org, people, make_bal):
    other = make_bal("ORG", people.bruno)
    run = of_accesses(
        f"{org.address};{people.paul.rpps};;cotitulaire;;;",
        f"{other.address};;EXEMPLE Lea;délégataire;;{people.bruno.rpps};",
        f"{org.address};;EXEMPLE Lea;délégataire;;{people.bruno.rpps};",
    )
    assert [outcome for outcome, _ in told(run)] == ["created"] * 3
    heard = Notice.objects.order_by("entry", "person").values_list("bal", "entry__after", "person__given_name")
    assert sorted(heard) == sorted([
        *((org.pk, "accès repris : Paul EXEMPLE, Lea EXEMPLE", who) for who in ("Alice", "Bruno", "Lea", "Paul")),
        *((other.pk, "accès repris : Lea EXEMPLE", who) for who in ("Bruno", "Lea")),
    ])  # fmt: skip


def test_who_is_given_by_number_then_by_name_is_given_twice(of_people, people):
    run = of_people(
        f"{NEW};MOREL;Alice;;;;;", ";MOREL;Alice;;Bloc;;;", ";EXEMPLE;Paul;;;;;", f"{people.paul.rpps};;;;;;;"
    )
    assert [outcome for outcome, _ in told(run)] == ["created", "rejected", "unchanged", "rejected"]
    assert "la ligne 2 parle déjà de cette personne" in told(run)[1][1]


def test_the_address_of_who_is_entered_is_theirs_to_confirm(of_people, people):
    of_people(f"{NEW};MOREL;Alice;;;alice.morel@exemple.invalid;oui;")
    change = Person.objects.get(rpps=NEW).contact_changes.get()
    assert (change.is_first, change.asked_by, change.state) == (True, people.gisele.user, "asked")
    assert change.person.links_from == change.due_at
    notice = Notice.objects.get(person=change.person)
    assert (notice.address, notice.stage) == ("alice.morel@exemple.invalid", "ask_contact-new")
    assert notice.entry == change.entry


def test_a_delegation_that_ends_before_it_starts_is_refused(bring_in, org, people):
    headers = "Adresse;Nom et prénom;Rôle;Sous la responsabilité de;Depuis;Jusqu’au"
    line = f"{org.address};EXEMPLE Lea;délégataire;{people.alice.rpps};02/11/2026;01/11/2026"
    run = bring_in(f"{headers}\n{line}", sort="accesses", operator=None, vouched="Dr Alice Exemple, par téléphone")
    assert "ne peut pas précéder son début" in told(run)[0][1]


def test_an_access_that_is_over_already_is_taken_and_said_to_be(bring_in, org, people):
    headers = "Adresse;Nom et prénom;Rôle;Sous la responsabilité de;Jusqu’au"
    line = f"{org.address};EXEMPLE Lea;délégataire;{people.alice.rpps};01/03/2026"
    run = bring_in(f"{headers}\n{line}", sort="accesses", operator=None, vouched="Dr Alice Exemple, par téléphone")
    assert told(run) == [("created", "Jusqu’au : le 01/03/2026 est passé, la fermeture sera demandée.")]
    assert people.alice.delegations_given.get(person=people.lea).is_past


def test_what_a_list_says_otherwise_of_an_access_that_is_written_is_said(bring_in, org, people):
    def bring(*cells):
        headers = "Adresse;Nom et prénom;Rôle;Sous la responsabilité de;Droit;Jusqu’au"
        line = ";".join([org.address, "EXEMPLE Lea", "délégataire", people.alice.rpps, *cells])
        vouched = "Dr Alice Exemple, par téléphone"
        return told(bring_in(f"{headers}\n{line}", sort="accesses", operator=None, vouched=vouched))

    assert bring("lecture", "") == [("created", "")]
    assert bring("lecture", "") == [("unchanged", "")]
    ((outcome, remark),) = bring("lecture et envoi", "01/03/2099")
    assert outcome == "unchanged"
    assert "Droit : « lecture et envoi » n’est pas repris, le registre dit « lecture »." in remark.replace("\xa0", " ")
    assert "« 01/03/2099 » n’est pas repris, le registre dit « sans date de fin »." in remark.replace("\xa0", " ")


def test_a_role_that_is_not_given_is_said_to_be_supposed(bring_in, org, people):
    lines = f"Adresse;RPPS;Rôle\n{org.address};{people.paul.rpps};"
    run = bring_in(lines, sort="accesses", operator=None, vouched="Dr Alice Exemple, par téléphone")
    assert told(run) == [("created", "Rôle : rien n’en est dit, cotitulaire est retenu.")]


# --- Batch after batch ------------------------------------------------------------------------------------------------
@pytest.fixture
def two_by_two(monkeypatch):
    monkeypatch.setattr("mailboxes.imports.work.BATCH", 2)


@pytest.mark.usefixtures("two_by_two")
def test_a_forecast_knows_what_its_batches_before_would_have_written(of_accesses, make_bal, people, make_entry):
    make_entry("x@ailleurs.mssante.fr", person_id=NEW, family_name="MOREL", given_name="Alice")
    bal = make_bal("ORG")
    lines = (
        f"{bal.address};{NEW};;cotitulaire principal;;;",
        f"{bal.address};{people.paul.rpps};;cotitulaire;;;",
        f"{bal.address};;EXEMPLE Delphine;délégataire;;{NEW};",
        f"{bal.address};;EXEMPLE Lea;délégataire;;{people.paul.rpps};",
        f"{bal.address};;EXEMPLE Delphine;délégataire;;;",
        f"{bal.address};{people.bruno.rpps};;principal;;;",
    )
    expected = ["created"] * 4 + ["unchanged", "rejected"]
    forecast = of_accesses(*lines, stage="previewed")
    assert [outcome for outcome, _ in told(forecast)] == expected, told(forecast)
    assert not bal.cotitulaires.exists()
    assert [outcome for outcome, _ in told(of_accesses(*lines))] == expected


@pytest.mark.usefixtures("two_by_two")
def test_who_was_given_in_a_batch_before_is_given_twice(of_people, people):
    lines = (
        f"{NEW};MOREL;Alice;;;;;", f"{people.paul.rpps};;;Chirurgien;;;;",
        ";EXEMPLE;Paul;Médecin;;;;", ";MOREL;Alice;;Bloc;;;",
    )  # fmt: skip
    expected = ["created", "updated", "rejected", "rejected"]
    assert [outcome for outcome, _ in told(of_people(*lines, stage="previewed"))] == expected
    assert [outcome for outcome, _ in told(of_people(*lines))] == expected


@pytest.mark.usefixtures("two_by_two")
def test_a_forecast_that_died_halfway_begins_anew(of_accesses, make_bal, people):
    bal = make_bal("ORG")
    run = of_accesses(
        f"{bal.address};{people.alice.rpps};;principal;;;",
        f"{bal.address};{people.paul.rpps};;cotitulaire;;;",
        f"{bal.address};;EXEMPLE Delphine;délégataire;;{people.paul.rpps};",
        stage="received",
    )  # fmt: skip
    run = forecast_import(run, by=people.gisele.user)

    def die(run):
        raise SystemExit

    with pytest.raises(SystemExit):
        carry_on(run, by=SYSTEM, progress=die)
    run.refresh_from_db()
    assert (run.done, run.created) == (3, 2)
    carry_on(run, by=SYSTEM)
    assert (run.stage, run.created, run.rejected) == ("previewed", 3, 0), told(run)


@pytest.mark.usefixtures("two_by_two")
def test_what_another_batch_wrote_on_the_same_bal_does_not_keep_the_list_from_being_undone(of_accesses, org, people):
    run = of_accesses(
        f"{org.address};{people.paul.rpps};;cotitulaire;;;",
        f"{org.address};;EXEMPLE Delphine;délégataire;;{people.paul.rpps};",
        f"{org.address};;EXEMPLE Lea;délégataire;;{people.paul.rpps};",
    )
    assert run.created == 3
    carry_on(undo_import(run, by=people.gisele.user), by=SYSTEM)
    run.refresh_from_db()
    assert (run.stage, org.cotitulaires.count()) == ("undone", 2), run.reason


@pytest.mark.parametrize(
    ("error", "stage"), [(KeyError("a fault of ours"), "failed"), (OSError("the disk"), "opening")]
)
def test_a_file_that_stops_its_reader_is_told_and_not_read_for_ever(bring_in, monkeypatch, error, stage):
    deposited = bring_in("Adresse;Type\n", stage="received", later=True)

    def look_at(run):
        raise error

    monkeypatch.setattr("mailboxes.imports.work.look_at", look_at)
    with pytest.raises(type(error)):
        carry_on(deposited, by=SYSTEM)
    deposited.refresh_from_db()
    assert deposited.stage == stage
    assert ("déposez-la de nouveau" in deposited.reason) == (stage == "failed")
