"""Choosing one person among thousands, and entering a new one."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from mailboxes import actions
from mailboxes.models import Bal, Person, Structure
from mailboxes.models.people import people_of_annuaire

CANDIDATES = 20  # shown when a name fits several people


def label_of(person: Person) -> str:
    """What stands in the field for a person: it names exactly one, and is readable."""
    return f"{person} (RPPS {person.rpps})" if person.rpps else f"{person} (fiche {person.pk})"


def attest(person: Person | None, facts: dict) -> None:
    """Of one whom the annuaire has just given, his card is vouched for by who names him."""
    if person is not None and person.pk is None:
        person.has_cps = bool(facts.get("attested"))


class PersonInput(forms.TextInput):
    """A text field that suggests as one types; where the text fits several people, it offers them as a list."""

    template_name = "mailboxes/_person_input.html"
    candidates: list[Person] = []
    bal: Bal | None = None  # whose people are suggested
    structure: Structure | None = None

    def format_value(self, value):
        return label_of(value) if isinstance(value, Person) else super().format_value(value)

    def value_from_datadict(self, data, files, name):
        return data.get(f"{name}_chosen") or data.get(name)

    def get_context(self, name, value, attrs):
        choices = [(label_of(person), person.profession) for person in self.candidates]
        return {
            **super().get_context(name, value, attrs),
            "candidates": choices,
            "bal": self.bal,
            "structure": self.structure,
        }


class PersonField(forms.CharField):
    """A person whom `user` may name, by name or by RPPS."""

    widget = PersonInput
    people: QuerySet[Person] = Person.objects.none()
    by_annuaire = False

    def __init__(self, **options):
        super().__init__(**{"help_text": "Tapez un nom ou un numéro RPPS.", **options})

    def offer(self, user, bal: Bal | None = None, structure: Structure | None = None) -> None:
        """Those whom `user` may name, on a BAL or on one that `structure` will have; and by RPPS, the annuaire's."""
        self.by_annuaire = bool(bal or structure)
        if structure:
            self.widget.structure = structure
            self.people = Person.objects.choosable_in(structure, user)
            return
        self.widget.bal = bal
        self.people = Person.objects.choosable_for(bal, user) if bal else Person.objects.visible_to(user)

    def clean(self, value):
        text = super().clean(value).strip()
        if not text:
            return None
        found = list(self._matching(text)[: CANDIDATES + 1])
        if len(found) == 1:
            return found[0]
        if not found and (person := self._of_annuaire(text)):
            return person
        if not found:
            raise ValidationError(
                f"« {text} » ne désigne personne de connu ici : vérifiez le nom ou le RPPS, ou inscrivez la personne.",
                "unknown",
            )
        self.widget.candidates = found[:CANDIDATES]
        many = f"plus de {CANDIDATES}" if len(found) > CANDIDATES else str(len(found))
        raise ValidationError(f"« {text} » désigne {many} personnes : choisissez la bonne, ou précisez.", "ambiguous")

    def _of_annuaire(self, text: str) -> Person | None:
        """Only by the whole number: unsaved, unless another structure of the register has this person already."""
        rpps = re.search(r"\d{11}", text)
        known = people_of_annuaire([rpps[0]]).get(rpps[0]) if rpps and self.by_annuaire else None
        return Person.objects.filter(rpps=known.rpps).first() or known if known else None

    def _matching(self, text: str) -> QuerySet[Person]:
        if sheet := re.search(r"\(fiche (\d+)\)", text):
            return self.people.filter(pk=sheet[1])
        if rpps := re.search(r"\d{11}", text):
            return self.people.filter(rpps=rpps[0])
        return self.people.named(text)  # type: ignore[attr-defined]


class PersonForm(forms.ModelForm):
    structure = forms.ModelChoiceField(Structure.objects.none(), label="Structure")
    function = forms.CharField(label="Fonction", required=False, max_length=100)

    class Meta:
        model = Person
        fields = ["structure", "given_name", "family_name", "rpps", "has_cps", "profession", "function", "email"]
        help_texts = {
            "rpps": "Laissez vide pour une personne sans RPPS (secrétaire, informaticien).",
            "email": "Pour la prévenir : un courriel ordinaire, qui lui dit seulement qu’une action l’attend.",
        }

    field_order = Meta.fields

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        structures = Structure.objects.managed_by(user)
        self.fields["structure"].queryset = structures  # type: ignore[attr-defined]
        if len(structures) == 1:
            self.fields["structure"].initial = structures[0]

    def perform(self, *, by):
        return actions.record_person(by=by, **self.cleaned_data)
