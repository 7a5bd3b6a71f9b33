"""Choosing one person among thousands."""

import re
from collections.abc import Sequence

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from directory.readers.identifiers import read_identifier
from directory.readers.texts import tidy
from directory.typography import quoted
from mailboxes.models import Affiliation, Bal, Person, Structure
from mailboxes.models.people import PersonQuerySet, people_of_annuaire

CANDIDATES = 20  # shown when a name fits several people


# One person, where nobody reads it: the choice among homonyms, a draft. The other form is that of drafts kept before.
REFERENCE = re.compile(r"#(\d{1,18})|.*\(fiche (\d{1,18})\)")


def reference_of(person: Person) -> str:
    return f"#{person.pk}" if person.pk else f"{person} (RPPS {person.rpps})"


def labels_of(people: Sequence[Person], seen: QuerySet[Structure]) -> list[str]:
    """What stands in the field for each: the RPPS, else what tells it apart to who asks, where it works and as what."""
    where = places_of([one for one in people if not one.rpps], seen)
    told = (f"RPPS {one.rpps}" if one.rpps else where.get(one.pk, "") for one in people)
    return [f"{one} ({apart})" if apart else str(one) for one, apart in zip(people, told, strict=True)]


def label_of(person: Person, seen: QuerySet[Structure]) -> str:
    return labels_of([person], seen)[0]


def places_of(people: Sequence[Person], seen: QuerySet[Structure]) -> dict[int | None, str]:
    """The places where each works today and as what, of the structures `seen`: it tells homonyms apart. One query."""
    stays = Affiliation.objects.current().filter(
        person__in=[person.pk for person in people if person.pk], structure__in=seen.values("pk")
    )
    found: dict[int | None, str] = {}
    for stay in stays.select_related("structure").order_by("-pk"):
        found[stay.person_id] = ", ".join(filter(None, [stay.function, str(stay.structure)]))
    return found


def attest(person: Person | None, facts: dict) -> None:
    """Note that who names a person just found in the annuaire vouches for their card."""
    if person is not None and person.pk is None:
        person.has_cps = bool(facts.get("attested"))


class AttestingForm(forms.Form):
    """Who names a person just found in the annuaire vouches for their card."""

    attested = forms.BooleanField(
        label="Cette personne a une CPS ou une e-CPS : je l’ai vérifié.",
        required=False,
        help_text="À cocher pour une personne qui n’est pas encore connue ici : l’annuaire ne le dit pas.",
    )
    attested_of = "person"  # the field that names them

    def clean(self):
        facts = super().clean() or self.cleaned_data
        attest(facts.get(self.attested_of), facts)
        return facts


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self):
        super().__init__(format="%Y-%m-%d")


class PersonInput(forms.TextInput):
    """A text field that suggests as one types; where the text fits several people, it offers them as a list."""

    template_name = "mailboxes/_person_input.html"
    candidates: list[Person] = []
    bal: Bal | None = None  # whose people are suggested
    structure: Structure | None = None
    seen: QuerySet[Structure] = Structure.objects.none()  # by who asks
    legend = "De qui s’agit-il ?"

    def value_from_datadict(self, data, files, name):
        return data.get(f"{name}_chosen") or data.get(name)

    def get_context(self, name, value, attrs):
        where, labels = places_of(self.candidates, self.seen), labels_of(self.candidates, self.seen)
        choices = []
        for one, label in zip(self.candidates, labels, strict=True):
            place = where.get(one.pk, "") if one.rpps else ""
            profession = "" if one.profession in f"{label} {place}" else one.profession  # often their function there
            choices.append((reference_of(one), label, ", ".join(filter(None, [profession, place]))))
        return {
            **super().get_context(name, value, attrs),
            "candidates": choices,
            "bal": self.bal,
            "structure": self.structure,
            "legend": self.legend,
        }


class PersonField(forms.CharField):
    """A person whom `user` may name, by name or by RPPS."""

    widget = PersonInput
    people: PersonQuerySet = Person.objects.none()
    by_annuaire = False

    def __init__(self, **options):
        super().__init__(**{"help_text": "Tapez un nom ou un numéro RPPS.", **options})

    def offer(self, user, bal: Bal | None = None, structure: Structure | None = None) -> None:
        """Offer the people whom `user` may name, on a BAL or on one that `structure` will have; and by RPPS, the
        annuaire's."""
        self.by_annuaire = bool(bal or structure)
        self.widget.seen = Structure.objects.visible_to(user)
        if structure:
            self.widget.structure = structure
            self.people = Person.objects.choosable_in(structure, user)
            return
        self.widget.bal = bal
        self.people = Person.objects.choosable_for(bal, user) if bal else Person.objects.visible_to(user)

    def suggest(self, people: list[Person], legend: str) -> None:
        """Suggestions, as a list to choose from, beside the field."""
        self.widget.candidates, self.widget.legend = people, legend

    def prepare_value(self, value):
        if isinstance(value, str) and (said := REFERENCE.fullmatch(value)):
            value = self.people.filter(pk=said[1] or said[2]).first()
        return label_of(value, self.widget.seen) if isinstance(value, Person) else value

    def clean(self, value):
        text = tidy(super().clean(value))
        if not text:
            return None
        found = self._matching(text)
        if len(found) == 1:
            return found[0]
        if not found and (person := self._of_annuaire(text)):
            return person
        if not found:
            raise ValidationError(
                f"{quoted(text)} ne désigne personne de connu ici : "
                "vérifiez le nom ou le RPPS, ou inscrivez la personne.",
                "unknown",
            )
        self.suggest(found[:CANDIDATES], PersonInput.legend)
        many = f"plus de {CANDIDATES}" if len(found) > CANDIDATES else str(len(found))
        raise ValidationError(
            f"{quoted(text)} désigne {many} personnes : choisissez la bonne, ou précisez.", "ambiguous"
        )

    def _of_annuaire(self, text: str) -> Person | None:
        """The person of the annuaire, by the whole number alone: unsaved, unless another structure of the register has
        this person already."""
        rpps = _rpps_in(text)
        known = people_of_annuaire([rpps]).get(rpps) if rpps and self.by_annuaire else None
        return Person.objects.filter(rpps=known.rpps).first() or known if known else None

    def _matching(self, text: str) -> list[Person]:
        """People who match, at most one more than are shown."""
        if said := REFERENCE.fullmatch(text):
            return list(self.people.filter(pk=said[1] or said[2]))
        if rpps := _rpps_in(text):
            return list(self.people.filter(rpps=rpps))
        name, apart, _ = text.partition(" (")  # as the field writes it
        found = list(self.people.named(name)[: CANDIDATES + 1])
        labels = labels_of(found, self.widget.seen) if apart else []
        exactly = [one for one, label in zip(found, labels, strict=False) if tidy(label) == text]
        return exactly or (found if not apart else list(self.people.named(text)[: CANDIDATES + 1]))


def _rpps_in(text: str) -> str:
    """However it is written; within a label of ours it stands among other words."""
    if number := read_identifier("RPPS", text).value:
        return number
    found = re.search(r"(?<!\d)\d{11}(?!\d)", text)
    return found[0] if found else ""
