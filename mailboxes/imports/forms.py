"""An operator's list: the file, then what each of its columns holds."""

from datetime import datetime, time

from django import forms
from django.conf import settings
from django.utils import timezone

from mailboxes.forms.holders import DateInput
from mailboxes.imports.actions import forecast_import, read_columns, receive_import
from mailboxes.imports.columns import FIELDS, SIZE_UNITS
from mailboxes.imports.models import Import
from mailboxes.models import Bal, Operator, Structure

IGNORED = [("", "Ne pas lire cette colonne")]


class ImportForm(forms.Form):
    operator = forms.ModelChoiceField(Operator.objects.all(), label="Opérateur", empty_label="Choisir…")
    structure = forms.ModelChoiceField(
        Structure.objects.none(),
        label="Structure",
        empty_label="Choisir…",
        help_text="L’import ne touche que ses BAL et celles des structures qui en dépendent. "
        "Une BAL dont le fichier ne dit pas la structure lui est inscrite.",
    )
    file = forms.FileField(
        label="Fichier",
        max_length=200,
        help_text="CSV ou classeur Excel (.xlsx), avec une ligne d’en-têtes. Rien n’est écrit avant votre accord.",
    )
    as_of = forms.DateField(
        label="Date de la liste",
        required=False,
        widget=DateInput(),
        help_text="Le jour où l’opérateur l’a tirée. Vide : aujourd’hui.",
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        structures = Structure.objects.managed_by(user)
        self.fields["structure"].queryset = structures  # type: ignore[attr-defined]
        tops = [one for one in structures if one.parent_id not in {other.pk for other in structures}]
        if len(tops) == 1:
            self.fields["structure"].initial = tops[0]

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > settings.IMPORT_MAX_MB * 1_000_000:
            raise forms.ValidationError(f"Ce fichier dépasse {settings.IMPORT_MAX_MB} Mo : partagez-le en plusieurs.")
        return file

    def perform(self, *, by) -> Import:
        facts = self.cleaned_data
        day = facts["as_of"]
        as_of = timezone.make_aware(datetime.combine(day, time.min)) if day else None
        where = {"operator": facts["operator"], "structure": facts["structure"]}
        return receive_import(facts["file"].chunks(), facts["file"].name, as_of=as_of, by=by, **where)


class ImportColumnsForm(forms.Form):
    size_unit = forms.ChoiceField(
        label="Unité des tailles écrites sans unité",
        choices=list(SIZE_UNITS.items()),
        help_text="1 Go compte 1 000 Mo ; Gio et Mio sont convertis.",
    )
    default_kind = forms.ChoiceField(
        label="Type des BAL à inscrire dont le fichier ne dit pas le type",
        required=False,
        choices=[("", "aucun : ces lignes sont rejetées"), *((kind, f"{kind} {kind.label}") for kind in Bal.Kind)],
    )

    def __init__(self, *args, run: Import, **kwargs):
        super().__init__(*args, **kwargs)
        self.run = run
        self.fields["size_unit"].initial = run.size_unit
        self.fields["default_kind"].initial = run.default_kind
        choices = IGNORED + [(one.name, one.label) for one in FIELDS]
        for rank, header in enumerate(run.headers):
            self.fields[f"column_{rank}"] = forms.ChoiceField(
                label=header or f"Colonne {rank + 1}", required=False, choices=choices, initial=run.columns[rank]
            )

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
        columns = [facts[f"column_{rank}"] for rank in range(len(self.run.headers))]
        chosen = {"size_unit": facts["size_unit"], "default_kind": facts["default_kind"]}
        run = read_columns(self.run, columns, by=by, **chosen)
        return forecast_import(run, by=by)
