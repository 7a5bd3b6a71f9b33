"""How a structure names its BAL, with what that gives."""

from django import forms

from mailboxes import actions
from mailboxes.models import NamingPolicy, Structure
from mailboxes.naming import Named, proposals


class NamingPolicyForm(forms.ModelForm):
    PEOPLE = [("Jean-Marc", "N’Diaye"), ("Éléonore", "de La Tour"), ("Zoé", "Ben Salah"), ("Anne-Sophie", "Lefœbvre")]
    TEAMS = ["Cardiologie", "Réseau cancérologie", "Équipe mobile de soins palliatifs"]

    class Meta:
        model = NamingPolicy
        fields = ["person_pattern", "shared_pattern", "compounds", "apostrophes", "particles", "max_length"]

    def perform(self, structure: Structure, *, by):
        return actions.set_naming(structure, by=by, **self.cleaned_data)

    def examples(self, structure: Structure) -> list[tuple[str, str]]:
        """Names as the policy on the form writes them, valid or as it was."""
        policy = self.instance  # a ModelForm writes there what it has cleaned
        place = {"postcode": structure.postcode or "93260", "town": structure.town or "Les Lilas"}
        people = [(f"{given} {family}", "PER", Named(given, family)) for given, family in self.PEOPLE]
        teams = [(name, "ORG", Named(name=name, **place)) for name in self.TEAMS]
        return [(label, proposals(policy, kind, about)[0]) for label, kind, about in [*people, *teams]]
