"""Choosing one person among thousands, and entering a new one."""

import re
from collections.abc import Sequence

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from directory.folding import fold, name_key, name_key_of
from directory.readers.identifiers import read_identifier
from directory.readers.names import read_part
from directory.readers.texts import tidy
from directory.typography import quoted
from mailboxes import actions
from mailboxes.forms.offers import ShowingForm, offer_rows
from mailboxes.forms.structure_field import StructureField
from mailboxes.models import Affiliation, Bal, Joining, Movement, Person, Structure
from mailboxes.models.fields import length_of
from mailboxes.models.people import PersonQuerySet, people_of_annuaire
from mailboxes.rules import needs_agreement

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
