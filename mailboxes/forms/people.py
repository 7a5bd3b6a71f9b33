"""Entering a new person, and describing one."""

from django import forms
from django.db import transaction
from django.utils import timezone

from directory.folding import fold, name_key, name_key_of
from directory.readers.names import read_part
from mailboxes import actions
from mailboxes.forms.offers import ShowingForm, offer_rows
from mailboxes.forms.person_field import DateInput
from mailboxes.forms.structure_field import StructureField
from mailboxes.models import Affiliation, Joining, Movement, Person, Structure
from mailboxes.models.fields import length_of
from mailboxes.rules import needs_agreement


class PersonForm(forms.ModelForm):
    structure = StructureField(Structure.objects.none(), label="Structure")
    function = forms.CharField(label="Fonction", required=False, max_length=length_of(Affiliation, "function"))
    arrived_on = forms.DateField(
        label="Arrivée le", required=False, widget=DateInput(), help_text="Vide : déjà là, depuis une date inconnue."
    )
    with_file = forms.BooleanField(
        label="Ouvrir un dossier d’arrivée : RPPS, carte, BAL, accès, étape par étape", required=False
    )
    is_another = forms.BooleanField(
        label="C’est une autre personne, qui porte le même nom", required=False, widget=forms.HiddenInput
    )  # asked only where somebody there bears the name

    class Meta:
        model = Person
        fields = ["structure", "given_name", "family_name", "rpps", "has_cps", "profession", "function", "email"]
        help_texts = {
            "rpps": "Laissez vide pour une personne sans RPPS (secrétaire, informaticien).",
            "email": "Pour la prévenir : un courriel ordinaire, qui lui dit seulement qu’une action l’attend. "
            "Elle y reçoit d’abord de quoi confirmer cette adresse, ou la refuser.",
        }

    field_order = [*Meta.fields, "arrived_on", "with_file", "is_another"]

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        structures = Structure.objects.managed_by(user).standing()
        offer_rows(self, structure=structures)
        if len(structures) == 1:
            self.fields["structure"].initial = structures[0]

    def clean_given_name(self):
        return read_part(self.cleaned_data["given_name"])

    def clean_family_name(self):
        return read_part(self.cleaned_data["family_name"])

    def clean(self):
        facts = super().clean() or self.cleaned_data
        is_another, namesake = facts.pop("is_another", False), self._namesake(facts)
        if namesake:
            self.fields["is_another"].widget = forms.CheckboxInput()
            if not is_another:
                self.add_error(
                    "is_another", f"{namesake} est déjà dans {facts['structure']} : ouvrez sa fiche, ou cochez."
                )
        return facts

    def _namesake(self, facts: dict) -> Person | None:
        """Who works there today under this name, and whom no RPPS tells apart: the same person typed twice, perhaps."""
        if not {"structure", "family_name", "given_name"} <= facts.keys():
            return None
        there = Affiliation.objects.current().filter(structure=facts["structure"]).values("person")
        people = Person.objects.filter(pk__in=there).alias(key=name_key_of())
        if facts.get("rpps"):
            people = people.filter(rpps=None)
        return people.filter(key=name_key(facts["family_name"], facts["given_name"])).first()

    def validate_unique(self):
        """Someone known elsewhere already may come here too: the action tells."""

    @transaction.atomic
    def perform(self, *, by) -> Person | Joining:
        """The person; or, of one who is elsewhere already, what is asked of them."""
        facts = {**self.cleaned_data}
        with_file = facts.pop("with_file")
        stay = {name: facts.pop(name) for name in ("structure", "function", "arrived_on")}
        known = self._known(facts)
        if known and needs_agreement(known, by=by):
            return actions.ask_joining(known, by=by, with_file=with_file, **stay)
        if known:
            person = known
            actions.welcome_person(person, by=by, **stay)
        else:
            person = actions.record_person(by=by, **stay, **facts)
        if with_file:
            there = person.affiliations.lasting().get(structure=stay["structure"])
            planned_on = stay["arrived_on"] or timezone.localdate()
            actions.open_movement(there, Movement.Kind.ARRIVAL, planned_on=planned_on, by=by)
        return person

    def _known(self, facts: dict) -> Person | None:
        """The person with this RPPS and this name: who only knows the number is told nothing more."""
        person = Person.objects.filter(rpps=facts["rpps"]).first() if facts["rpps"] else None
        same = person and fold(person.family_name) == fold(facts["family_name"])
        return person if same else None


class DescribePersonForm(ShowingForm, forms.ModelForm):
    """The person's record, and each of their stays that one manages."""

    class Meta:
        model = Person
        fields = ["rpps", "has_cps", "profession"]
        help_texts = {"rpps": PersonForm.Meta.help_texts["rpps"]}

    def __init__(self, person: Person, *, stays, initial, **kwargs):
        super().__init__(instance=person, **kwargs)
        self.stays = list(stays)
        if person.rpps:
            del self.fields["rpps"]
        for stay in self.stays:
            place = f" ({stay.structure})" if len(self.stays) > 1 else ""
            self.fields[f"function_{stay.pk}"] = forms.CharField(
                label=f"Fonction{place}",
                required=False,
                max_length=length_of(Affiliation, "function"),
                initial=stay.function,
            )
            self.fields[f"arrived_on_{stay.pk}"] = forms.DateField(
                label=f"Arrivée le{place}", required=False, widget=DateInput(), initial=stay.arrived_on
            )

    def validate_unique(self):
        """The action tells."""

    @transaction.atomic
    def perform(self, person, *, by):
        facts = self.typed(*(name for name in self.Meta.fields if name in self.fields))
        described = actions.describe_person(person, by=by, **facts)
        for stay in self.stays:
            of_stay = self.typed(f"function_{stay.pk}", f"arrived_on_{stay.pk}")
            actions.describe_stay(stay, by=by, **{name.rpartition("_")[0]: value for name, value in of_stay.items()})
        return described
