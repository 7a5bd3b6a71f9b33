"""What is asked to take BAL, a service or a structure elsewhere."""

from typing import Any

from django import forms
from django.utils import timezone

from directory.readers.address import read_address
from directory.typography import quoted
from mailboxes.forms.offers import UnwrittenForm, field_of, name_the_empty_choice, offer_choices, offer_rows, why_field
from mailboxes.forms.person_field import DateInput
from mailboxes.forms.structure_field import StructureField
from mailboxes.models import Bal, Domain, Operator, Structure
from mailboxes.models.fields import IdentifierFormField
from mailboxes.moves.actions import leave_migration, prepare_migration
from mailboxes.moves.models import LONGEST_OVERLAP, MigratedBal, Migration, PlaceMove
from mailboxes.moves.structures import (
    change_finess,
    close_structure,
    homonymous,
    merge_structures,
    move_service,
    services_of,
)
from mailboxes.moves.switching import close_formers

AUTO_REPLY = (
    "Cette messagerie change d’adresse. Merci d’écrire désormais à {adresse} : les messages envoyés ici ne seront "
    "bientôt plus lus."
)
SAME = "mêmes adresses, chez {operator} : le domaine y passe avec elles"


class StartForm(forms.Form):
    structure = StructureField(
        Structure.objects.none(), label="Changer l’opérateur ou le domaine des BAL de", empty_label=None
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        offer_rows(self, structure=Structure.objects.managed_by(user).standing().order_by("name"))


class MigrationScopeForm(forms.Form):
    """Which BAL of the structure, and where they go; it stands in the page's address."""

    to = forms.ChoiceField(label="Vers")
    from_operator = forms.ModelChoiceField(Operator.objects.none(), label="Opérateur actuel", required=False)
    service = forms.ChoiceField(label="Service", required=False)
    kind = forms.ChoiceField(label="Type", required=False, choices=[("", "tous"), *Bal.Kind.choices])
    bals = forms.ModelMultipleChoiceField(Bal.objects.none(), required=False, widget=forms.MultipleHiddenInput)

    def __init__(self, data, *, structure: Structure, user):
        super().__init__(data)
        self.structure = structure
        here = Structure.objects.under(structure)
        self.there = Bal.objects.visible_to(user).in_service().filter(structure__in=here.values("pk"))
        used = Operator.objects.filter(pk__in=self.there.values("operator"))
        offer_rows(self, from_operator=used, bals=Bal.objects.visible_to(user))
        name_the_empty_choice(self, "tous", "from_operator")
        names = self.there.exclude(service="").order_by("service").values_list("service", flat=True).distinct()
        domains = [(f"d{one.pk}", f"@{one.name}, chez {one.operator}") for one in Domain.objects.open_to(structure)]
        operators = [(f"o{one.pk}", SAME.format(operator=one)) for one in Operator.objects.order_by("name")]
        offer_choices(
            self,
            to=[("", "Choisir…"), *domains, *operators],
            service=[("", "tous"), *((name, name) for name in names)],
        )

    def target(self) -> tuple[Operator, str]:
        kind, pk = self.cleaned_data["to"][0], self.cleaned_data["to"][1:]
        if kind == "o":
            return Operator.objects.get(pk=pk), ""
        domain = Domain.objects.select_related("operator").get(pk=pk)
        return domain.operator, domain.name

    def chosen(self):
        """The BAL meant: those that were ticked elsewhere, else those that the filters leave."""
        facts = self.cleaned_data
        if facts["bals"]:
            return self.there.filter(pk__in=facts["bals"])
        found = self.there
        for name, value in (
            ("operator", facts["from_operator"]),
            ("service", facts["service"]),
            ("kind", facts["kind"]),
        ):
            if value:
                found = found.filter(**{name: value})
        operator, domain = self.target()
        if not domain:
            return found.exclude(operator=operator)
        return found.exclude(operator=operator, address__endswith=f"@{domain}")


class MigrationForm(forms.ModelForm):
    why = why_field(required=False, is_told=True)

    class Meta:
        model = Migration
        fields = ["planned_on", "overlap_days", "keeps_alias", "auto_reply", "why"]
        widgets = {"planned_on": DateInput(), "auto_reply": forms.Textarea({"rows": 3})}
        help_texts = {
            "planned_on": "Le jour où les nouvelles BAL seront ouvertes : jusque-là rien ne change.",
            "overlap_days": "Pendant ce temps l’ancienne BAL reste ouverte, pour qui y écrit encore.",
            "auto_reply": "{adresse} y est remplacé par la nouvelle adresse. Vide : aucune n’est demandée.",
            "keeps_alias": "À cocher si l’opérateur fait arriver ce qui y est envoyé dans la nouvelle BAL : rien n’est "
            "alors à fermer.",
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["overlap_days"].widget.attrs["max"] = LONGEST_OVERLAP
        self.initial["auto_reply"], self.initial["planned_on"] = AUTO_REPLY, timezone.localdate()

    def perform(self, wanted: dict[int, str], *, by) -> Migration:
        return prepare_migration(self.instance, wanted, by=by)


def typed_addresses(data) -> tuple[dict[int, str], set[int]]:
    """What the lines of the preview say: the address typed for each BAL, and which BAL are ticked."""
    typed: dict[int, str] = {}
    for name, value in data.items():
        head, _, pk = name.partition("-")
        if head == "address" and pk.isascii() and pk.isdecimal() and len(pk) < 19:
            typed[int(pk)] = read_address(value).value or value.strip().lower()
    ticked = {int(pk) for pk in data.getlist("bals") if pk.isascii() and pk.isdecimal() and len(pk) < 19}
    return typed, ticked


class LeaveForm(forms.Form):
    why = why_field()

    def perform(self, row: MigratedBal, *, by) -> MigratedBal:
        return leave_migration(row, why=self.cleaned_data["why"], by=by)


class CloseFormersForm(forms.Form):
    attested = forms.BooleanField(
        label="J’atteste que les messages et documents utiles de chacune de ces BAL sont enregistrés ailleurs.",
        required=False,
        help_text="C’est gardé au journal de chacune.",
    )

    def perform(self, rows, *, by):
        return close_formers(rows, by=by, attested=self.cleaned_data["attested"])


class UndoForm(forms.Form):
    why = why_field()


# --- Structures -------------------------------------------------------------------------------------------------------
class IntoForm(forms.Form):
    """Another structure that one manages; it stands in the page's address, so that the preview is of that one."""

    into = StructureField(Structure.objects.none(), label="Structure d’arrivée", empty_label="Choisir…")

    def __init__(self, data, *, structure: Structure, user):
        super().__init__(data)
        self.structure = structure
        offer_rows(self, into=Structure.objects.managed_by(user).standing().exclude(pk=structure.pk))


class ServiceScopeForm(IntoForm):
    service = forms.ChoiceField(label="Service")
    field_order = ["service", "into"]

    def __init__(self, data, *, structure: Structure, user):
        super().__init__(data, structure=structure, user=user)
        named = [(name, f"{name} ({number} BAL)") for name, number in services_of(structure)]
        offer_choices(self, service=[("", "Choisir…"), *named])


ONE, TWO = "one", "two"


class ServicesForm(forms.Form):
    """The services that both have: is each one service, or what is it called from now on?"""

    def __init__(self, *args, services: list[str], structure: Structure, into: Structure, **kwargs):
        super().__init__(*args, **kwargs)
        self.services = services
        for rank, service in enumerate(services):
            self.fields[f"same{rank}"] = forms.ChoiceField(
                label=f"Les deux structures ont un service {quoted(service)}",
                choices=[(ONE, "c’est le même"), (TWO, "ce sont deux services : nommer celui qui vient")],
                widget=forms.RadioSelect,
            )  # fmt: skip
            self.fields[f"name{rank}"] = forms.CharField(
                label="Son nom, si ce sont deux services", required=False, max_length=90,
                initial=f"{service} ({structure})"[:90],
            )  # fmt: skip
        self.fields["why"] = why_field()

    def clean(self):
        facts: dict[str, Any] = super().clean() or self.cleaned_data
        for rank, service in enumerate(self.services):
            name = (facts.get(f"name{rank}") or "").strip()
            if facts.get(f"same{rank}") == TWO and name.casefold() in ("", service.casefold()):
                self.add_error(f"name{rank}", "Donnez à ce service un autre nom que celui de l’autre.")
        return facts

    def names(self) -> dict[str, str]:
        facts = self.cleaned_data
        return {
            service: facts[f"name{rank}"].strip()
            for rank, service in enumerate(self.services)
            if facts[f"same{rank}"] == TWO
        }


class MoveServiceForm(ServicesForm):
    def __init__(self, *args, service: str, structure: Structure, into: Structure, **kwargs):
        self.service, self.structure, self.into = service, structure, into
        services = homonymous([service], into)
        super().__init__(*args, services=services, structure=structure, into=into, **kwargs)
        self.fields["people_follow"] = forms.BooleanField(
            label="Les titulaires quittent la structure d’où il vient, s’ils n’y ont pas d’autre BAL", required=False
        )

    def perform(self, *, by) -> PlaceMove:
        name, follow = self.names().get(self.service, ""), self.cleaned_data["people_follow"]
        facts = {"why": self.cleaned_data["why"], "name": name, "people_follow": follow}
        return move_service(self.structure, self.service, self.into, by=by, **facts)


class MergeForm(ServicesForm):
    def __init__(self, *args, structure: Structure, into: Structure, **kwargs):
        self.structure, self.into = structure, into
        found = homonymous([name for name, _ in services_of(structure)], into)
        super().__init__(*args, services=found, structure=structure, into=into, **kwargs)
        self.fields["with_rights"] = forms.BooleanField(
            label=f"Les comptes habilités sur {structure} le deviennent sur {into}", required=False, initial=True
        )

    def perform(self, *, by) -> PlaceMove:
        facts = {"why": self.cleaned_data["why"], "with_rights": self.cleaned_data["with_rights"]}
        return merge_structures(self.structure, self.into, by=by, names=self.names(), **facts)


class CloseForm(forms.Form):
    why = why_field()

    def perform(self, structure: Structure, *, by) -> PlaceMove:
        return close_structure(structure, by=by, why=self.cleaned_data["why"])


class FinessForm(UnwrittenForm, forms.ModelForm):
    why = why_field()

    class Meta:
        model = Structure
        fields = ["finess_et"]
        labels = {"finess_et": "Nouveau FINESS établissement"}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        field_of(self, "finess_et", IdentifierFormField).required = True
        self.initial = {}

    def perform(self, structure: Structure, *, by) -> PlaceMove:
        return change_finess(structure, self.cleaned_data["finess_et"], by=by, why=self.cleaned_data["why"])
