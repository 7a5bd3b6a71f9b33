"""An operator's list of 100 000 lines, from its file to the register, with the report and the journal."""

from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from django.utils import timezone

from mailboxes import actions
from mailboxes.imports.actions import apply_import, forecast_import, receive_import, undo_import
from mailboxes.imports.models import Import
from mailboxes.imports.work import carry_on
from mailboxes.models import SYSTEM, Bal, JournalEntry, Operator, Person, Reading, Structure
from tests.bench.row import Row

LINES = 100_000
ONE_BY_ONE = 500
HEADERS = "Adresse;Type;RPPS;FINESS;Service;Dernière connexion;Espace occupé;Quota"


def rows():
    structure = Structure.objects.create(name="CHU des imports", finess_et="930000019")
    operator = Operator.objects.create(code="imports", name="Opérateur des imports")
    operator.domains.create(name="imports.mssante.fr")
    people = Person.objects.bulk_create(
        (Person(family_name=f"Nom{n}", given_name="P", rpps=f"3{n:010}", has_cps=True) for n in range(LINES)),
        batch_size=5000,
    )
    each = one_by_one(structure, operator, people[:ONE_BY_ONE])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "liste.csv"
        write_list(path, people[ONE_BY_ONE:])
        yield from brought_in(path, structure, operator, each)


def one_by_one(structure, operator, people) -> float:
    """Seconds that a line takes, registered and read by itself."""
    started = perf_counter()
    for person in people:
        address = f"p{person.rpps}@imports.mssante.fr"
        bal = actions.register_bal(
            structure=structure, operator=operator, kind="PER", address=address, principal=person, exists=True,
            service="Médecine", by=SYSTEM,
        )  # fmt: skip
        known = actions.Pushed(bal.address, timezone.now(), used_mb=850, quota_mb=1200)
        actions.record_readings([known], source="import", by=SYSTEM)
    return (perf_counter() - started) / len(people)


def write_list(path: Path, people) -> None:
    """Of a hundred lines one has no address, and one has a day that is none, which costs it that day alone."""
    with path.open("w", encoding="cp1252") as file:
        file.write(f"{HEADERS}\r\n")
        for number, person in enumerate(people):
            day = "31/02/2026" if number % 100 == 1 else "15/03/2026 08:30"
            address = f"P{person.rpps}" if number % 100 == 0 else f"P{person.rpps}@imports.mssante.fr"
            file.write(f"{address};PER;{person.rpps};930000019;Médecine {number % 40};{day};850 Mo;1,2 Go\r\n")
        for number in range(ONE_BY_ONE):
            file.write(f"org{number}@imports.mssante.fr;ORG;;930000019;Équipe {number};;12,5 Mo;1,2 Go\r\n")


def brought_in(path: Path, structure, operator, each: float):
    def receive():
        with path.open("rb") as file:
            return receive_import([file.read()], path.name, operator=operator, structure=structure, by=SYSTEM)

    def go_on(run):
        started = perf_counter()
        carry_on(run, by=SYSTEM)
        return perf_counter() - started

    run = forecast_import(receive(), by=SYSTEM)
    forecast = go_on(run)
    assert run.rejected == run.corrected == (LINES - ONE_BY_ONE) // 100, run.reason
    entries = JournalEntry.objects.count()
    run = apply_import(run, by=SYSTEM)
    applied = go_on(run)
    assert run.stage == Import.Stage.APPLIED
    assert JournalEntry.objects.count() - entries == run.created + 1
    assert Bal.objects.filter(operator=operator).count() == run.created + ONE_BY_ONE
    assert Reading.objects.filter(bal__operator=operator).count() == run.created + ONE_BY_ONE
    yield Row("100 000 lines, forecast with its report", forecast, "s", limit=60)
    yield Row("100 000 lines registered, with report, readings and journal", applied, "s", limit=60)
    yield Row("the same, per line", applied / LINES * 1000, "ms", "one by one", each * 1000, 0.5)
    with path.open(encoding="cp1252") as file:
        text = file.read().replace("850 Mo", "900 Mo").replace("Médecine", "Chirurgie")
    path.write_text(text, encoding="cp1252")
    again = forecast_import(receive(), by=SYSTEM)
    Import.objects.filter(pk=again.pk).update(stage=Import.Stage.APPLYING)
    again.refresh_from_db()
    took = go_on(again)
    assert again.updated > LINES * 0.9, again.reason
    yield Row("100 000 lines of known BAL, each with a change and a reading", took, "s", limit=60)
    again = undo_import(again, by=SYSTEM)
    took = go_on(again)
    assert again.stage == Import.Stage.UNDONE, again.reason
    yield Row("the same undone", took, "s", limit=60)
