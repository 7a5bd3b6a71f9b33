"""An operator's list: the file, then what each of its columns holds."""

from datetime import datetime, time

from django import forms
from django.conf import settings
from django.utils import timezone

from directory.readers.date_columns import ORDERS
from directory.readers.words import Said
from directory.typography import cut, how_many, quoted
from mailboxes.forms.holders import DateInput
from mailboxes.forms.offers import field_of, offer_choices, offer_rows
from mailboxes.forms.structure_field import StructureField
from mailboxes.imports.actions import (
    choose_heading,
    choose_sheet,
    forecast_import,
    mend_lines,
    read_columns,
    receive_import,
)
from mailboxes.imports.columns import SIZE_UNITS
from mailboxes.imports.lists import SEARCHED
from mailboxes.imports.models import Import, ImportLine
from mailboxes.imports.sorts import FIELDS_OF, ListSort
from mailboxes.imports.survey import Survey
from mailboxes.models import Bal, Operator, Structure
from mailboxes.models.fields import length_of

MENDED_AT_ONCE = 50  # rejected lines on one page
STATES = [
    ("", "à préciser"),
    *((said.name, said.value) for said in Said if said != Said.UNCLEAR),
    (Said.UNCLEAR.name, "ne rien en conclure"),
]
IGNORED = [("", "Ne pas lire cette colonne")]


class ImportForm(forms.Form):
    sort = forms.ChoiceField(
        label="Ce que contient le fichier", choices=ListSort.choices, initial=ListSort.BAL, required=False
    )
    operator = forms.ModelChoiceField(
        Operator.objects.all(), label="Opérateur", empty_label="Choisir…", required=False,
        help_text="D’une liste de BAL. Les personnes et les accès n’en demandent pas.",
    )  # fmt: skip
    structure = StructureField(
        Structure.objects.none(),
        label="Structure",
        empty_label="Choisir…",
        help_text="L’import ne touche que ses BAL, ses personnes et celles des structures qui en dépendent. "
        "Ce dont le fichier ne dit pas la structure lui est inscrit.",
    )
    file = forms.FileField(
        label="Fichier",
        max_length=200,
        help_text="CSV, classeur Excel ou OpenDocument (.xlsx, .xls, .ods), seul ou en zip. "
        "Rien n’est écrit avant votre accord.",
    )
    as_of = forms.DateField(
        label="Date de la liste",
        required=False,
        widget=DateInput(),
        help_text="Le jour où l’opérateur l’a tirée. Vide : aujourd’hui.",
    )
    vouched = forms.CharField(
        label="Sur la parole de qui ces accès sont repris",
        required=False,
        max_length=length_of(Import, "vouched"),
        help_text="D’une liste d’accès : le professionnel qui en répond, quand et comment il l’a dit. Il en sera "
        "prévenu, et vous attestez que les titulaires repris de l’annuaire ont une CPS ou une e-CPS.",
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        structures = Structure.objects.managed_by(user).standing()
        offer_rows(self, structure=structures)
        tops = [one for one in structures if one.parent_id not in {other.pk for other in structures}]
        if len(tops) == 1:
            self.fields["structure"].initial = tops[0]
        latest = Import.objects.visible_to(user).exclude(operator=None).order_by("-pk").first()
        self.fields["operator"].initial = latest.operator if latest else None

    def clean_sort(self):
        return self.cleaned_data["sort"] or ListSort.BAL

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > settings.IMPORT_MAX_MB * 1_000_000:
            raise forms.ValidationError(f"Ce fichier dépasse {settings.IMPORT_MAX_MB} Mo : partagez-le en plusieurs.")
        return file

    def clean(self):
        super().clean()
        facts = self.cleaned_data
        if facts.get("sort") == ListSort.BAL and "operator" in facts and facts["operator"] is None:
            self.add_error("operator", "Choisissez l’opérateur dont c’est la liste.")
        return facts

    def perform(self, *, by) -> Import:
        facts = self.cleaned_data
        is_of_bal = facts["sort"] == ListSort.BAL
        day = facts["as_of"]
        as_of = timezone.make_aware(datetime.combine(day, time.min)) if day else None
        where = {name: facts[name] for name in ("structure", "sort", "vouched")}
        where["operator"] = facts["operator"] if is_of_bal else None
        return receive_import(facts["file"].chunks(), facts["file"].name, as_of=as_of, later=True, by=by, **where)


class ImportColumnsForm(forms.Form):
    sheet = forms.ChoiceField(label="Feuille du classeur", required=False)
    header_number = forms.TypedChoiceField(label="Ligne des en-têtes", coerce=int, required=False, empty_value=None)
    size_unit = forms.ChoiceField(
        label="Unité des tailles écrites sans unité",
        required=False,
        choices=[("", "d’après l’ensemble de la colonne"), *SIZE_UNITS.items()],
        help_text="1 Go compte 1 000 Mo ; Gio et Mio sont convertis.",
    )
    date_order = forms.ChoiceField(
        label="Ordre du jour et du mois dans les dates",
        required=False,
        choices=[("", "d’après l’ensemble de la colonne"), *ORDERS.items()],
    )
    default_kind = forms.ChoiceField(
        label="Type des BAL à inscrire dont le fichier ne dit pas le type",
        required=False,
        choices=[("", "aucun : ces lignes sont rejetées"), *((kind, f"{kind} {kind.label}") for kind in Bal.Kind)],
    )

    def __init__(self, *args, run: Import, **kwargs):
        super().__init__(*args, **kwargs)
        self.run = run
        for name in ("size_unit", "date_order", "default_kind", "sheet", "header_number"):
            self.fields[name].initial = getattr(run, name)
        self._offer_places()
        if run.sort != ListSort.BAL:
            for name in ("size_unit", "default_kind"):
                del self.fields[name]
        choices = IGNORED + [(one.name, one.label) for one in FIELDS_OF[run.sort]]
        self._offer_states()
        for rank, header in enumerate(run.headers):
            self.fields[f"column_{rank}"] = forms.ChoiceField(
                label=header or f"Colonne {rank + 1}", required=False, choices=choices, initial=run.columns[rank]
            )

    def _offer_places(self) -> None:
        """Offer the places where the list may begin: its sheet, when there are several, and its line of headers."""
        if len(self.run.sheets) > 1:
            offer_choices(self, sheet=[(name, name) for name in self.run.sheets])
        else:
            del self.fields["sheet"]
        lines = [
            (number, f"ligne {number} : {cut(' · '.join(filter(None, cells)), 80)}") for number, cells in self.run.head
        ]
        field_of(self, "header_number", forms.TypedChoiceField).choices = [
            (0, "aucune : le fichier n’a pas d’en-têtes"),
            *lines[:SEARCHED],
        ]

    def _offer_states(self) -> None:
        """The words of the list that mean no known state, and those explained already."""
        asked = {key: f"{quoted(text)}, {how_many(count, 'ligne')}" for key, text, count in self._unknown}
        words = {**{key: quoted(key) for key in self.run.state_words}, **asked}
        self.keys = {f"state_{rank}": key for rank, key in enumerate(words)}
        for name, key in self.keys.items():
            initial = self.run.state_words.get(key, "")
            self.fields[name] = forms.ChoiceField(
                label=f"État {words[key]} : la BAL est", required=False, choices=STATES, initial=initial
            )

    @property
    def _unknown(self) -> list[tuple[str, str, int]]:
        return Survey.from_json(self.run.judged).states

    def states(self) -> list[forms.BoundField]:
        return [self[name] for name in self.keys]

    def columns(self) -> list[tuple[forms.BoundField, list[str]]]:
        """Each column with its first values."""
        cells = [row for _, row in self.run.sample]
        return [
            (
                self[f"column_{rank}"],
                list(dict.fromkeys(row[rank] for row in cells if rank < len(row) and row[rank]))[:3],
            )
            for rank in range(len(self.run.headers))
        ]

    def perform(self, *, by) -> Import:
        facts = self.cleaned_data
        if facts.get("sheet") and facts["sheet"] != self.run.sheet:
            return choose_sheet(self.run, facts["sheet"], by=by)
        if facts["header_number"] not in (None, self.run.header_number):
            return choose_heading(self.run, facts["header_number"], by=by)
        columns = [facts[f"column_{rank}"] for rank in range(len(self.run.headers))]
        chosen = {name: facts.get(name, "") for name in ("size_unit", "date_order", "default_kind")}
        words = {key: facts[name] for name, key in self.keys.items() if facts[name]}
        run = read_columns(self.run, columns, state_words=words, by=by, **chosen)
        return forecast_import(run, by=by)


class ImportMendForm(forms.Form):
    """The rejected lines, cell by cell, to be written anew and tried again."""

    def __init__(self, *args, run: Import, **kwargs):
        super().__init__(*args, **kwargs)
        self.run = run
        rejected = run.lines.filter(outcome=ImportLine.Outcome.REJECTED).order_by("number", "pk")
        self.lines = [line for line in rejected[:MENDED_AT_ONCE] if line.number]
        for line in self.lines:
            for rank, header in enumerate(run.headers):
                cell = line.cells[rank] if rank < len(line.cells) else ""
                self.fields[f"cell_{line.number}_{rank}"] = forms.CharField(
                    label=f"Ligne {line.number}, {header or f'colonne {rank + 1}'}",
                    required=False,
                    strip=False,
                    max_length=2000,
                    initial=cell,
                    # Of one line, a browser would join those whom a line end parts.
                    widget=forms.Textarea({"rows": 2}) if "\n" in cell else forms.TextInput,
                )
        for field in list(self.fields.values())[:1]:
            field.widget.attrs["autofocus"] = True  # the page is made to be typed through

    def rows(self) -> list[tuple[ImportLine, list[forms.BoundField]]]:
        ranks = range(len(self.run.headers))
        return [(line, [self[f"cell_{line.number}_{rank}"] for rank in ranks]) for line in self.lines]

    def perform(self, *, by) -> Import:
        ranks = range(len(self.run.headers))
        cells = {
            line.number: [self.cleaned_data[f"cell_{line.number}_{rank}"] for rank in ranks]
            for line in self.lines
            if line.number
        }
        return mend_lines(self.run, cells, by=by)
