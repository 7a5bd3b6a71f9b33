"""The first day of a hospital: 1 200 people, 800 BAL and 3 000 accesses, in three files.

As a gestionnaire brings them in: each file is read, forecast, then applied with its report, journal and notices.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from django.contrib.auth import get_user_model

from mailboxes.imports.actions import apply_import, forecast_import, receive_import, undo_import
from mailboxes.imports.models import Import
from mailboxes.imports.work import carry_on
from mailboxes.models import SYSTEM, Bal, Cotitulaire, Delegataire, Membership, Operator, Person, Structure
from tests.bench.row import Row

PEOPLE, BALS, ACCESSES = 1_200, 800, 3_000
NOMINATIVE = 400
PROFESSIONALS = 900  # with RPPS; the others are secretaries
DOMAIN = "premier.mssante.fr"
MINUTES = 15


def rows():
    structure = Structure.objects.create(name="CHU du premier jour", finess_et="930000019")
    operator = Operator.objects.create(code="premier", name="Opérateur du premier jour")
    operator.domains.create(name=DOMAIN)
    by = get_user_model().objects.create(username="premier-jour", email="gestionnaire@premier.invalid")
    Membership.objects.create(user=by, structure=structure, role="gestionnaire")
    total = 0.0
    with TemporaryDirectory() as folder:
        for sort, lines, facts in (
            ("people", people(), {}),
            ("bal", bals(), {"operator": operator}),
            ("accesses", accesses(), {"vouched": "Dr Nom1, le 3 novembre, par téléphone"}),
        ):
            path = Path(folder) / f"{sort}.csv"
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            run, forecast, applied = brought_in(path, {"operator": None, **facts}, sort, structure, by)
            total += forecast + applied
            yield Row(f"{sort}: {len(lines) - 1} lines forecast", forecast)
            yield Row(f"{sort}: {len(lines) - 1} lines applied", applied)
    assert Person.objects.count() == PEOPLE
    assert Bal.objects.count() == BALS
    assert Cotitulaire.objects.count() + Delegataire.objects.count() == ACCESSES + NOMINATIVE
    yield Row("the three files, of fifteen minutes", total, limit=MINUTES * 60 / 5)
    run = undo_import(run, by=by)
    started = perf_counter()
    carry_on(run, by=SYSTEM)
    assert run.stage == Import.Stage.UNDONE, run.reason
    yield Row(f"{ACCESSES} accesses undone", perf_counter() - started)


def brought_in(path: Path, facts, sort, structure, by):
    run = receive_import([path.read_bytes()], path.name, structure=structure, sort=sort, by=by, **facts)
    run = forecast_import(run, by=by)
    started = perf_counter()
    carry_on(run, by=SYSTEM)
    forecast = perf_counter() - started
    assert run.rejected == 0, [run.reason, *run.lines.filter(outcome="rejected").values_list("remark", flat=True)[:3]]
    run = apply_import(run, by=by)
    started = perf_counter()
    carry_on(run, by=SYSTEM)
    assert run.stage == Import.Stage.APPLIED, run.reason
    return run, forecast, perf_counter() - started


def rpps_of(number: int) -> str:
    return f"3{number % PROFESSIONALS:010}"


def name_of(number: int) -> str:
    """No digit stands in a name."""
    return "NOM" + "".join(chr(ord("A") + int(digit)) for digit in str(number))


def people() -> list[str]:
    lines = ["RPPS;Nom de famille;Prénom;Profession;Service;Courriel;CPS;Arrivée"]
    for number in range(PEOPLE):
        rpps, card = (rpps_of(number), "oui") if number < PROFESSIONALS else ("", "non")
        profession = "Médecin" if rpps else "Secrétaire"
        mail = f"p{number}@premier.invalid"
        lines.append(f"{rpps};{name_of(number)};Jeanne;{profession};Service {number % 40};{mail};{card};01/09/2026")
    return lines


def bals() -> list[str]:
    lines = ["Adresse;Type;RPPS;FINESS;Service;Dernière connexion;Espace occupé;Quota"]
    for number in range(BALS):
        kind, rpps = ("PER", rpps_of(number)) if number < NOMINATIVE else ("ORG", "")
        lines.append(f"b{number}@{DOMAIN};{kind};{rpps};930000019;Service {number % 40};15/03/2026 08:30;85 Mo;1,2 Go")
    return lines


def accesses() -> list[str]:
    """Of each ORG a principal first, then by turns one more cotitulaire and a secretary under the principal."""
    lines = ["Adresse;RPPS;Nom et prénom;Rôle;Droit;Sous la responsabilité de;Mission"]
    shared = BALS - NOMINATIVE
    for number in range(ACCESSES):
        turn, bal = divmod(number, shared)
        address, principal = f"b{NOMINATIVE + bal}@{DOMAIN}", rpps_of(bal)
        if turn and turn % 2 == 0:
            secretary = PROFESSIONALS + (bal + turn) % (PEOPLE - PROFESSIONALS)
            lines.append(f"{address};;{name_of(secretary)} Jeanne;délégataire;lecture et envoi;{principal};Accueil")
        else:
            role = "cotitulaire" if turn else "cotitulaire principal"
            lines.append(f"{address};{rpps_of(bal + 41 * turn)};;{role};;;")
    return lines
