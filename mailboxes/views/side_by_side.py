"""Structures side by side, for whoever follows several: the worst first, each figure with its course and its rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst

from directory.dates import day_of, minute_of
from directory.folding import fold
from directory.sheets import as_xlsx
from directory.typography import NO_BREAK, grouped, signed
from mailboxes import actions
from mailboxes.forms.offers import offer_choices, offer_rows
from mailboxes.forms.structure_field import StructureField
from mailboxes.indicators.side_by_side import YARDSTICKS, SideBySide, SideLine, Yardstick
from mailboxes.indicators.sparkline import sparkline
from mailboxes.lists.listing import Column, Listing
from mailboxes.lists.place import places_within
from mailboxes.models import Structure
from mailboxes.models.measures import WASTED
from mailboxes.views.files import csv_table, xlsx_file
from mailboxes.views.frame import sees_structures

WORST_FIRST = "-todo"
DEPARTMENT = "departement"


class CompareForm(forms.Form):
    q = forms.CharField(label="Nom, commune ou numéro", required=False, max_length=100)
    parent = StructureField(
        Structure.objects.none(), label="Rattachée à", required=False, empty_label="toutes les structures"
    )
    departement = forms.ChoiceField(label="Département", required=False)
    par = forms.ChoiceField(
        label="Une ligne par", required=False, choices=[("", "structure"), (DEPARTMENT, "département, avec la carte")]
    )

    def __init__(self, data, *, seen):
        super().__init__(data)
        self.seen = seen
        offer_rows(self, parent=seen.filter(children__isnull=False).distinct())
        postcodes = seen.order_by().values_list("postcode", flat=True).distinct()
        codes = sorted({Structure(postcode=postcode).department for postcode in postcodes} - {""})
        offer_choices(self, departement=[("", "tous"), *((code, code) for code in codes)])

    def lines(self) -> tuple[SideBySide, list[SideLine]]:
        """What is not understood is not applied."""
        self.is_valid()
        said = self.cleaned_data
        rows = self.seen.named(said.get("q") or "")
        if parent := said.get("parent"):
            rows = rows.filter(pk__in=Structure.objects.under(parent).values("pk"))
        compared = SideBySide(rows, timezone.now())
        lines = compared.by_department() if said.get("par") == DEPARTMENT else compared.lines
        code = said.get("departement")
        return compared, [line for line in lines if not code or line.department == code]


class CompareList(Listing):
    name, view, nouns = "side-by-side", "structure-compare", ("structure", "structures")
    row, empty = "mailboxes/indicators/_side_line.html", "mailboxes/places/_none.html"
    inline = ("q", "parent", "departement", "par")
    place_path = ""
    columns = (
        Column("label", "Structure", ("label",)),
        *(Column(one.name, one.label, (one.name,), is_number=True) for one in YARDSTICKS),
        Column("wasted", "€ par an sans usage", ("wasted",), is_number=True),
    )

    is_by_department = False
    noun = "structure"

    @cached_property
    def shown(self) -> list[Column]:
        """The first column is headed by what a line is."""
        first, *others = super().shown
        return [first._replace(label=capfirst(self.noun)), *others]

    @property
    def total(self) -> str:
        return f"{grouped(self.count)} {self.noun}{'s' if self.count > 1 else ''}"

    def ordered(self) -> list[SideLine]:
        return sorted_lines(self.rows, self.sort or WORST_FIRST)


def sorted_lines(lines: Iterable[SideLine], sort: str) -> list[SideLine]:
    """The lines by one column; those equal in it, or without a value, by name."""
    name, is_falling = sort.lstrip("-"), sort.startswith("-")
    by_name = sorted(lines, key=lambda line: fold(line.label))
    if name == "label":
        return by_name[::-1] if is_falling else by_name
    known = [line for line in by_name if _value(line, name) is not None]
    unknown = [line for line in by_name if _value(line, name) is None]
    return sorted(known, key=lambda line: _value(line, name), reverse=is_falling) + unknown


def _value(line: SideLine, name: str) -> Any:
    return line.wasted.amount if name == "wasted" else line.value(name)


class SideCell(NamedTuple):
    """One figure of a line: `url` leads to the rows that it counts, `points` are its course, `course` the same in
    words."""

    name: str
    label: str
    said: str
    url: str
    points: str
    course: str
    is_worse: bool


@dataclass(frozen=True)
class SideCourse:
    """A course, drawn and in words; of what is the worse the higher."""

    points: str
    changed: int
    said: str

    @property
    def is_worse(self) -> bool:
        return self.changed > 0


class MapPart(NamedTuple):
    """A département on the map: the darker, the more of what the list is sorted by."""

    code: str
    step: int  # from 1 to STEPS


STEPS = 4
# Those that the map draws; the others stand in the list alone.
DRAWN = frozenset({f"{number:02d}" for number in range(1, 96) if number != 20} | {"2A", "2B"})


def map_of(lines: Iterable[SideLine], name: str) -> list[MapPart]:
    """A map shaded by rank: one huge département does not make all the others pale."""
    values = {line.department: _value(line, name) for line in lines if line.department in DRAWN}
    known = {code: value for code, value in values.items() if value is not None}
    ranks = sorted(set(known.values()))
    return [MapPart(code, 1 + ranks.index(value) * STEPS // len(ranks)) for code, value in known.items()]


def side_by_side(request: HttpRequest) -> HttpResponse:
    if not sees_structures(request.user):
        raise Http404
    form = CompareForm(request.GET, seen=places_within(request))
    compared, lines = form.lines()
    listing = CompareList(request, lines, form=form)
    listing.is_by_department = by_department(form)
    listing.noun = "département" if listing.is_by_department else "structure"
    courses, shown = compared.courses(listing.page), [one for one in YARDSTICKS if listing.shows.get(one.name)]
    for place, line in enumerate(listing.page):
        line.cells = [cell_of(line, one, courses.get(place, {}).get(one.name, [])) for one in shown]
        line.course = course_of(courses.get(place, {}).get(WASTED, []), unit="€")
    shown_by = (listing.sort or WORST_FIRST).lstrip("-")
    facts = {
        "listing": listing,
        "page": listing.page,
        "day": compared.day,
        "counted_at": compared.counted_at,
        "has_courses": any(cell.points for line in listing.page for cell in line.cells),
        "map": map_of(lines, shown_by) if listing.is_by_department and shown_by != "label" else [],
        "shown_by": next(column.label for column in CompareList.columns if column.name == shown_by),
        "drawn": sorted(DRAWN),
    }
    return render(request, "mailboxes/indicators/side_by_side.html", facts)


def by_department(form: CompareForm) -> bool:
    return form.cleaned_data.get("par") == DEPARTMENT


def cell_of(line: SideLine, one: Yardstick, values: list[int]) -> SideCell:
    value = one.of(line.counts)
    said = "–" if value is None else grouped(value) + (f"{NO_BREAK}{one.unit}" if one.unit else "")
    url = f"{reverse(one.page)}?{one.address_of(line.structure.pk)}" if value is not None and line.structure else ""
    course = course_of(values)
    is_worse = bool(course.changed) and one.name != "live" and (course.changed < 0) == one.is_better_high
    return SideCell(one.name, one.label, said, url, course.points, course.said, is_worse)


def course_of(values: list[int], *, unit: str = "") -> SideCourse:
    changed = values[-1] - values[0] if len(values) > 1 else 0
    told = signed(changed) + (f"{NO_BREAK}{unit}" if unit else "")
    return SideCourse(sparkline(values), changed, f"{told} en trois mois" if changed else "")


def export(request: HttpRequest, form: str) -> HttpResponse:
    """What the page shows, whole, and of when each figure is; who took it is written down."""
    if not sees_structures(request.user):
        raise Http404
    asked = CompareForm(request.GET, seen=places_within(request))
    compared, lines = asked.lines()
    actions.trace(request.user, "export", f"structures comparées, {form}, {request.GET.urlencode()}")
    is_by_department = by_department(asked)
    header = ["Département"] if is_by_department else ["Structure", "FINESS ou SIRET", "Département"]
    header += [f"{one.label} ({one.unit})" if one.unit else one.label for one in YARDSTICKS]
    header += ["BAL payées sans usage", "€ par an sans usage", "dont de coût inconnu (BAL)"]
    header += ["Mesuré le", "Sans usage compté le"]
    of_when = [day_of(compared.day), minute_of(compared.counted_at or timezone.now())]
    sort = request.GET.get("sort", "")
    ordered = sorted_lines(lines, sort if sort.lstrip("-") in {c.name for c in CompareList.columns} else WORST_FIRST)
    rows = ([*_names(line, is_by_department), *_figures(line), *of_when] for line in ordered)
    if form == "csv":
        return csv_table("structures-comparees", header, rows)
    return xlsx_file("structures-comparees", as_xlsx("Structures comparées", header, rows))


def _names(line: SideLine, is_by_department: bool) -> list[str]:
    if is_by_department or line.structure is None:
        return [line.label]
    return [line.label, line.structure.finess or line.structure.siret, line.department]


def _figures(line: SideLine) -> list:
    values = ["" if (value := line.value(one.name)) is None else value for one in YARDSTICKS]
    return [*values, line.wasted.count, line.wasted.amount, line.wasted.unpriced]
