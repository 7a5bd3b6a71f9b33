"""*État des accès*: what an inspector asks first, as a page, a workbook and a document."""

from django.http import Http404
from django.shortcuts import render
from django.utils import timezone

from directory.dates import day_of
from directory.sheets import as_xlsx
from mailboxes import actions
from mailboxes.forms.accesses import AccessReportForm
from mailboxes.lists.accesses import AccessReport, HeldAccess, Recertified
from mailboxes.lists.listing import Column, Listing
from mailboxes.lists.place import place_of, places_within
from mailboxes.models import Bal
from mailboxes.views.files import pdf_file, xlsx_file
from mailboxes.views.frame import sees_structures
from mailboxes.views.pdf import heading, note, pdf, table

CHANGES_SHOWN = 200
# fmt: off
COLUMNS = [
    ("Structure",           lambda one: one.bal.structure.name),
    ("BAL",                 lambda one: one.bal.address),
    ("Type",                lambda one: one.bal.kind),
    ("État de la BAL",      lambda one: one.bal.get_state_display()),
    ("Personne",            lambda one: str(one.person)),
    ("RPPS",                lambda one: one.person.rpps or ""),
    ("Rôle",                lambda one: one.title),
    ("Droit",               lambda one: one.right),
    ("Depuis",              lambda one: day_of(one.since)),
    ("Jusqu’au",            lambda one: day_of(one.until)),
    ("Sous",                lambda one: str(one.under or "")),
    ("Dernière revue",      lambda one: day_of(one.recertified)),
    ("Chez l’opérateur",    lambda one: one.standing),
]
# fmt: on
CHANGE_COLUMNS = [
    ("Le", lambda line: f"{timezone.localtime(line.at):%d/%m/%Y %H:%M}"),
    ("BAL", lambda line: line.bal.address if line.bal else ""),
    ("Ce qui a changé", lambda line: line.get_what_display()),
    ("Personne", lambda line: str(line.person or "")),
    ("Avant", lambda line: line.get_before_display()),
    ("Après", lambda line: line.get_after_display()),
    ("Par", lambda line: str(line.actor)),
    ("Note", lambda line: line.note),
]


class AccessList(Listing):
    """A list of BAL, each with all its accesses: no page cuts a BAL in two."""

    name, view, nouns = "accesses", "access-list", ("BAL ouverte à quelqu’un", "BAL ouvertes à quelqu’un")
    row, empty = "mailboxes/accesses/_row.html", "mailboxes/accesses/_none.html"
    inline = ("structure", "personne", "depuis")
    columns = (
        Column("bal", "BAL", ("address",)),
        Column("structure", "Structure", ("structure__name", "address")),
        Column("person", "Personne"),
        Column("role", "Rôle et droit"),
        Column("since", "Depuis"),
        Column("until", "Jusqu’au"),
        Column("review", "Dernière revue"),
    )


def access_list(request, recertified: Recertified):
    form, report = _asked(request, recertified)
    count, counted_at = report.counted()
    loaded = report.with_accesses(Bal.objects.all())
    listing = AccessList(request, report.bals(), form=form, loaded=loaded, count=count)
    held: dict[int, list[HeldAccess]] = {}
    for one in report.accesses(listing.page):
        held.setdefault(one.bal.pk, []).append(one)
    for bal in listing.page:
        bal.accesses = held.get(bal.pk, [])
    changes = report.changes()
    context = {
        "listing": listing,
        "page": listing.page,
        "counted_at": counted_at,
        "since": report.since,
        "changes": changes[:CHANGES_SHOWN],
        "is_cut": changes.count() > CHANGES_SHOWN,
        "query": request.GET.urlencode(),
    }
    return render(request, "mailboxes/accesses.html", context)


def access_export(request, form, recertified: Recertified):
    """The whole as a workbook or a document; who took it is written down."""
    _, report = _asked(request, recertified)
    actions.trace(request.user, "export", f"état des accès ({form}), {request.GET.urlencode()}")
    name = "etat-des-acces"
    if form == "pdf":
        return pdf_file(name, printed(report))
    if report.since:
        rows = ([read(line) for _, read in CHANGE_COLUMNS] for line in report.changes())
        content = as_xlsx("Changements", [label for label, _ in CHANGE_COLUMNS], rows)
        return xlsx_file(f"{name}-changements", content)
    rows = ([read(one) for _, read in COLUMNS] for one in report.all_accesses())
    return xlsx_file(name, as_xlsx("Accès", [label for label, _ in COLUMNS], rows))


def _asked(request, recertified: Recertified) -> tuple[AccessReportForm, AccessReport]:
    if not sees_structures(request.user):
        raise Http404
    form = AccessReportForm(request.GET, seen=places_within(request))
    facts = form.cleaned_data if form.is_valid() else {}  # what is no value of the form asks for nothing
    named = (facts.get("personne") or "").replace("\0", "")
    structure = facts.get("structure") or place_of(request)
    return form, AccessReport(places_within(request), structure, named, facts.get("depuis"), recertified)


PRINTED = 2000  # accesses of a document; the workbook holds them all


def printed(report: AccessReport) -> bytes:
    parts: list = []
    where, count = "", 0
    rows: list[list] = []
    for one in report.all_accesses():
        if one.bal.structure.name != where:
            parts += _table_of(where, rows)
            where, rows = one.bal.structure.name, []
        if count < PRINTED:
            rows.append(_printed(one))
        count += 1
    parts += _table_of(where, rows)
    if count > PRINTED:
        parts.insert(0, note(f"{count} accès : les {PRINTED} premiers figurent ici, tous sont dans le classeur."))
    if not parts:
        parts.append(note("Personne n’a d’accès ici."))
    if report.since:
        changes = report.changes()
        lines = [[read(line) for _, read in CHANGE_COLUMNS[:6]] for line in changes[:PRINTED]]
        parts += [heading(f"Ce qui a changé depuis le {report.since:%d/%m/%Y}")]
        if len(lines) == PRINTED:
            parts.append(note(f"Au plus {PRINTED} lignes figurent ici ; toutes sont dans le classeur."))
        parts += [table([label for label, _ in CHANGE_COLUMNS[:6]], lines, widths=[1.2, 2.4, 1.4, 1.4, 1.4, 1.4])]
    return pdf("État des accès aux BAL MSSanté", parts, structure=report.title, day=timezone.localdate())


def _table_of(where: str, rows: list[list]) -> list:
    header = ["BAL", "Personne", "Rôle et droit", "Depuis", "Jusqu’au", "Revue"]
    return [heading(where), table(header, rows, widths=[2.6, 2, 2, 1.1, 1.1, 1.1])] if rows else []


def _printed(one: HeldAccess) -> list:
    what = one.what if one.standing == "confirmé" else f"{one.what} ({one.standing})"
    return [one.bal.address, str(one.person), what, day_of(one.since), day_of(one.until), day_of(one.recertified)]
