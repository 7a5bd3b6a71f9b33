"""Who has access beside the one who answers for the BAL: the last step of a request for a BAL."""

from django import forms
from django.utils.functional import cached_property

from mailboxes.forms.offers import field_of, offer_choices
from mailboxes.forms.person_field import PersonField, attest
from mailboxes.lifecycle import Role
from mailboxes.models import Bal, Delegataire, Person
from mailboxes.models.fields import length_of
from mailboxes.models.holders import rights_of
from mailboxes.models.people import people_of_annuaire
from mailboxes.openings.actions import Foreseen
from mailboxes.openings.rules import check_first_cotitulaires, check_foreseen
from mailboxes.openings.steps import HolderForm, OpeningStepForm


class AccessForm(OpeningStepForm):
    """Who has access besides the one who answers for it: added one by one, kept in the draft as a list."""

    COTITULAIRE, DELEGATAIRE = Role.COTITULAIRE.value, Role.DELEGATAIRE.value

    responsable = PersonField(
        label="Responsable de structure",
        required=False,
        help_text="Décide, avec le cotitulaire principal, de qui a accès. Facultatif.",
    )
    person = PersonField(
        label="Personne à ajouter",
        required=False,
        help_text="Tapez un nom, ou un numéro RPPS : l’annuaire est consulté.",
    )
    role = forms.ChoiceField(
        label="En tant que",
        required=False,
        choices=[(COTITULAIRE, "cotitulaire (RPPS et CPS ou e-CPS)"), (DELEGATAIRE, Role.DELEGATAIRE.label)],
        widget=forms.RadioSelect,
        initial=COTITULAIRE,
    )
    attested = HolderForm.declared_fields["attested"]
    can_send = forms.BooleanField(label="Un délégataire consulte ; celui-ci envoie aussi.", required=False)
    reason = forms.CharField(
        label="Motif de l’accès du délégataire",
        required=False,
        max_length=length_of(Delegataire, "reason"),
        help_text="Par exemple : secrétariat du Dr Morel.",
    )

    def __init__(self, *args, people: list[dict] | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        opening = self.opening
        self.people: list[dict] = people if people is not None else (self.data.get("people") or [])
        if opening.kind == Bal.Kind.NOMINATIVE:
            del self.fields["responsable"]
            offer_choices(self, role=[(self.DELEGATAIRE, Role.DELEGATAIRE.label)])
            self.fields["role"].initial = self.DELEGATAIRE
        for name in {"responsable", "person"} & self.fields.keys():
            field_of(self, name, PersonField).offer(opening.user, structure=opening.structure)

    def answers(self):
        kept = {"responsable": super()._kept("responsable")} if "responsable" in self.fields else {}
        return {**kept, "people": self.people}

    @cached_property
    def named(self) -> list[tuple[dict, Person | None]]:
        """The people of the draft's list, in two queries however many they are."""
        ids = [one["id"] for one in self.people]
        rpps, pks = ({one[len(key) :] for one in ids if one.startswith(key)} for key in ("rpps-", "person-"))
        rows = {f"person-{row.pk}": row for row in Person.objects.filter(pk__in=pks)}
        rows |= {f"rpps-{row.rpps}": row for row in Person.objects.filter(rpps__in=rpps)}
        if missing := [number for number in rpps if f"rpps-{number}" not in rows]:
            rows |= {f"rpps-{number}": row for number, row in people_of_annuaire(missing).items()}
        for one in self.people:
            attest(rows.get(one["id"]), one)
        return [(one, rows.get(one["id"])) for one in self.people]

    @property
    def told(self) -> list[tuple[str, Person | None, str]]:
        """Each of them: the name that takes them away, the person, and what they will be."""
        return [(one["id"], person, self._access_of(one)) for one, person in self.named]

    def _access_of(self, one: dict) -> str:
        if one["role"] == self.COTITULAIRE:
            return Role.COTITULAIRE.label
        return f"{Role.DELEGATAIRE.label}, {rights_of(can_read=True, can_send=one['can_send'])} : {one['reason']}"

    @property
    def cotitulaires(self) -> list[Person]:
        return [person for one, person in self.named if person and one["role"] == self.COTITULAIRE]

    @property
    def delegataires(self) -> list[Foreseen]:
        return [
            Foreseen(person, one["reason"], can_send=one["can_send"])
            for one, person in self.named
            if person and one["role"] == self.DELEGATAIRE
        ]

    def shown(self) -> "AccessForm":
        """The form for the next person: the list so far, what has become wrong of it meanwhile, and empty fields."""
        kept = {"responsable": self.data.get("responsable", ""), "role": self.fields["role"].initial}
        return AccessForm(kept, people=self.people, opening=self.opening)

    def clean(self):
        facts = self.cleaned_data
        person = facts.get("person")
        if self.errors or not person:
            self._check_named()
            return facts
        attest(person, facts)
        facts["role"] = facts["role"] or self.fields["role"].initial
        identity = f"rpps-{person.rpps}" if person.rpps else f"person-{person.pk}"
        principal = self.opening.principal
        if identity in {one["id"] for one in self.people} or (principal and identity == f"rpps-{principal.rpps}"):
            raise forms.ValidationError(f"{person} figure déjà dans la liste.")
        if facts["role"] == self.COTITULAIRE:
            check_first_cotitulaires(self.opening.kind, principal, [*self.cotitulaires, person])
        elif not facts["reason"].strip():
            self.add_error("reason", "Dites pourquoi cette personne a besoin d’un accès.")
            return facts
        kept = {name: facts[name] for name in ("role", "attested", "can_send", "reason")}
        self.people = [*self.people, {"id": identity, **kept}]
        return facts

    def _check_named(self) -> None:
        """The list stands, also after a former step was answered otherwise, or another day."""
        if not all(person for _, person in self.named):
            raise forms.ValidationError("Une personne nommée n’est plus connue : retirez-la de la liste.")
        kind, principal = self.opening.kind, self.opening.principal
        check_first_cotitulaires(kind, principal, self.cotitulaires)
        check_foreseen(kind, [principal, *self.cotitulaires], [one.person for one in self.delegataires])
