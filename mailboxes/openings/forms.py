"""The request for a BAL as a whole: its steps in order, and what a draft has settled so far."""

from decimal import Decimal
from typing import Any, NamedTuple

from django import forms
from django.utils.formats import number_format
from django.utils.functional import cached_property

from mailboxes.forms.offers import ShowingForm
from mailboxes.indicators.costs import Prices
from mailboxes.models import Bal, Domain, Person, Price, Structure
from mailboxes.models.roles import managed_structures
from mailboxes.openings.accesses import AccessForm
from mailboxes.openings.actions import set_naming
from mailboxes.openings.advice import Advice, advise
from mailboxes.openings.homonyms import address_warnings, boxes_of, namesake_warnings, namesakes, team_namesakes
from mailboxes.openings.models import NAMING, NamingPolicy, OpeningDraft
from mailboxes.openings.naming import Named, PersonPattern, Policy, SharedPattern, Warned, name_warnings, proposals
from mailboxes.openings.steps import AddressForm, HolderForm, KindForm, OpeningStepForm, OperatorForm, UsageForm

Kind, Offer = Bal.Kind, Price.Offer


def _euros(amount: Decimal) -> str:
    return f"{number_format(amount, 2)} €"


class OpeningStep(NamedTuple):
    name: str
    title: str
    form: type[OpeningStepForm] | None


STEPS = [
    OpeningStep("usage", "Son usage", UsageForm),
    OpeningStep("type", "Son type", KindForm),
    OpeningStep("responsable", "Qui en répond", HolderForm),
    OpeningStep("operateur", "Opérateur et domaine", OperatorForm),
    OpeningStep("adresse", "Son adresse", AddressForm),
    OpeningStep("acces", "Qui y aura accès", AccessForm),
    OpeningStep("envoi", "Relire et demander", None),
]
NAMES = [step.name for step in STEPS]


class Opening:
    """A draft as far as it was answered: each step's form bound anew, for what it refers to may have changed since."""

    def __init__(self, draft: OpeningDraft, user):
        self.draft, self.user = draft, user
        self._forms: dict[str, OpeningStepForm] = {}

    def form(self, step: OpeningStep) -> OpeningStepForm:
        """The form of one step, as last answered; unbound where it was not."""
        if step.name not in self._forms:
            assert step.form  # noqa: S101 - the last step has none, and is never asked
            self._forms[step.name] = step.form(self.draft.answers.get(step.name), opening=self)
        return self._forms[step.name]

    def reached(self) -> str:
        """The first step that is not answered, or no more: nobody goes beyond it."""
        for step in STEPS[:-1]:
            if step.name not in self.draft.answers or not self.form(step).is_valid():
                return step.name
        return STEPS[-1].name

    def facts(self, name: str) -> dict[str, Any]:
        form = self.form(STEPS[NAMES.index(name)])
        return form.cleaned_data if form.is_bound and form.is_valid() else {}

    # --- What the steps have settled ----------------------------------------------------------------------------------
    @property
    def structure(self) -> Structure:
        return self.facts("usage")["structure"]

    @property
    def manages(self) -> bool:
        return self.structure.pk in managed_structures(self.user)

    @cached_property
    def oneself(self) -> Person | None:
        return Person.objects.filter(user=self.user).first()

    @property
    def advice(self) -> Advice | None:
        facts = self.facts("usage")
        return advise(facts["users"], facts["goes_on"]) if facts else None

    @property
    def purpose(self) -> str:
        facts = self.facts("usage")
        beside = facts.get("beside", "").strip()
        parts = [facts.get("exchanged", "").strip(), beside and f"À côté des BAL nominatives : {beside}"]
        return "\n".join(filter(None, parts)) if parts[0] else ""

    @property
    def kind(self) -> str:
        return self.facts("type").get("kind", "")

    @property
    def is_shared(self) -> bool:
        return self.kind in Bal.SHARED

    @property
    def principal(self) -> Person | None:
        return self.facts("responsable").get("principal")

    @property
    def domain(self) -> Domain:
        return self.facts("operateur")["domain"]

    @property
    def address(self) -> str:
        return self.facts("adresse").get("address", "")

    @cached_property
    def policy(self) -> Policy:
        return NamingPolicy.objects.of(self.structure)

    @property
    def pattern(self) -> str:
        """The form of the policy for this kind, in words."""
        if self.kind == Kind.NOMINATIVE:
            return PersonPattern(self.policy.person_pattern).label
        return "no_reply.logiciel" if self.kind == Kind.APPLICATIVE else SharedPattern(self.policy.shared_pattern).label

    @property
    def named(self) -> Named:
        facts, structure = self.facts("responsable"), self.structure
        place = {"postcode": structure.postcode, "town": structure.town}
        if person := self.principal if self.kind == Kind.NOMINATIVE else None:
            detail = facts["service"] or person.profession
            return Named(person.given_name, person.family_name, detail=detail)
        return Named(name=facts.get("service") or facts.get("software") or structure.name, **place)

    def warnings_of(self, address: str) -> list[Warned]:
        """Everything worth knowing of a name before it is asked for; none of it forbids it."""
        warned = [*name_warnings(address, self.policy, self.kind, self.named), *address_warnings(address)]
        if self.kind == Kind.NOMINATIVE and self.principal:
            if boxes := boxes_of(self.principal.rpps):
                warned.append(Warned("has-one", f"{self.principal} a déjà à l’annuaire : {', '.join(boxes)}."))
            others = namesakes(self.principal, self.structure, self.domain.name)
        else:
            others = team_namesakes(self.named.name, address, self.structure) if self.is_shared else []
        return [*warned, *namesake_warnings(others)]

    def cost_at(self, domain: Domain) -> str:
        """What the BAL will cost a year; for an APP, one for all compared with one per establishment."""
        operator, count = domain.operator_id, self.establishments
        if self.kind != Kind.APPLICATIVE:
            cost = self._prices.of(operator, self.kind)
            return "" if cost is None else f"{_euros(cost)} par an"
        one, each = self._prices.of(operator, Offer.APP_ORGANISME), self._prices.of(operator, Offer.APP_ESTABLISHMENT)
        said = [] if one is None else [f"{_euros(one)} par an pour tout l’organisme"]
        if each is not None:
            whole = f" s’il en faut une pour chacun des {count} établissements" if count > 1 else ""
            said.append(f"{_euros(count * each)} par an{whole}")
        return " ; ".join(said)

    @cached_property
    def _prices(self) -> Prices:
        return Prices()

    @cached_property
    def establishments(self) -> int:
        root = self.structure.parent_id or self.structure.pk
        return max(1, Structure.objects.filter(parent=root).count())

    @property
    def detail(self) -> str:
        """What the operator reads beside the usual: an APP's connection."""
        facts = self.facts("responsable")
        if self.kind != Kind.APPLICATIVE:
            return ""
        scope, channel = dict(HolderForm.SCOPES)[facts["scope"]], dict(HolderForm.CHANNELS)[facts["channel"]]
        answering = f"BAL qui reçoit les réponses : {facts['answering']}" if facts["answering"] else ""
        lines = [
            f"Logiciel : {facts['software']}",
            f"Portée : {scope}",
            f"Accès : {channel}",
            answering,
        ]
        return "\n".join(filter(None, lines))

    def request(self) -> dict[str, Any]:
        """The whole request, as `actions.request_opening` takes it."""
        holder, access = self.facts("responsable"), self.form(STEPS[NAMES.index("acces")])
        assert isinstance(access, AccessForm)  # noqa: S101
        return {
            "structure": self.structure,
            "operator": self.domain.operator,
            "kind": self.kind,
            "address": self.address,
            "principal": self.principal,
            "cotitulaires": access.cotitulaires,
            "delegataires": access.delegataires,
            "responsable": self.facts("acces").get("responsable"),
            "service": holder.get("service", ""),
            "description": holder.get("software", ""),
            "purpose": self.purpose,
            "detail": self.detail,
        }


class NamingPolicyForm(ShowingForm, forms.ModelForm):
    PEOPLE = [("Jean-Marc", "N’Diaye"), ("Éléonore", "de La Tour"), ("Zoé", "Ben Salah"), ("Anne-Sophie", "Lefœbvre")]
    TEAMS = ["Cardiologie", "Réseau cancérologie", "Équipe mobile de soins palliatifs"]

    class Meta:
        model = NamingPolicy
        fields = NAMING

    def perform(self, structure: Structure, *, by):
        return set_naming(structure, by=by, **self.typed(*NAMING))

    def examples(self, structure: Structure) -> list[tuple[str, str]]:
        """Names as the policy on the form writes them, valid or as it was."""
        policy = self.instance  # a ModelForm writes there what it has cleaned
        place = {"postcode": structure.postcode or "93260", "town": structure.town or "Les Lilas"}
        people = [(f"{given} {family}", "PER", Named(given, family)) for given, family in self.PEOPLE]
        teams = [(name, "ORG", Named(name=name, **place)) for name in self.TEAMS]
        return [(label, proposals(policy, kind, about)[0]) for label, kind, about in [*people, *teams]]
