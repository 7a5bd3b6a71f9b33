"""The steps of a request for a BAL: each is a form over what the former ones settled."""

from typing import TYPE_CHECKING, Any

from django import forms

from directory.typography import quoted
from mailboxes.forms.offers import CHOOSE, field_of, name_the_empty_choice, offer_choices, offer_rows
from mailboxes.forms.person_field import PersonField, attest, reference_of
from mailboxes.forms.structure_field import StructureField
from mailboxes.models import Bal, Domain, Person, Structure
from mailboxes.models.fields import length_of
from mailboxes.openings.advice import Users
from mailboxes.openings.homonyms import taken
from mailboxes.openings.naming import Warned, proposals
from mailboxes.openings.rules import check_domain_open_to, check_habilitated, check_may_request, check_stated_use
from mailboxes.rules import check_eligible

if TYPE_CHECKING:
    from mailboxes.openings.forms import Opening

Kind = Bal.Kind
NO_PATIENT = "N’y écrivez rien sur un patient."


class OpeningStepForm(forms.Form):
    """`opening`: what the steps before have settled."""

    def __init__(self, *args, opening: "Opening", **kwargs):
        super().__init__(*args, **kwargs)
        self.opening = opening

    def answers(self) -> dict[str, Any]:
        """The answers to keep in the draft: JSON, that the same form reads again."""
        return {name: self._kept(name) for name in self.fields}

    def _kept(self, name: str):
        value = self.cleaned_data.get(name)
        return reference_of(value) if isinstance(value, Person) else self[name].data


class UsageForm(OpeningStepForm):
    structure = StructureField(Structure.objects.none(), label="Pour quelle structure ?")
    users = forms.ChoiceField(label="Qui s’en servira ?", choices=Users.choices, widget=forms.RadioSelect)
    goes_on = forms.TypedChoiceField(
        label="Faut-il répondre aux messages pendant l’absence d’une personne (congé, remplacement) ?",
        choices=[("yes", "oui"), ("no", "non")],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    exchanged = forms.CharField(
        label="Qu’est-ce qui s’échangera par cette BAL, et avec qui ?",
        required=False,
        max_length=1000,
        widget=forms.Textarea({"rows": 2}),
        help_text=f"Par exemple : comptes rendus d’hospitalisation, avec les médecins traitants. {NO_PATIENT} "
        "Indispensable pour une BAL partagée.",
    )
    beside = forms.CharField(
        label="Quelle sera sa place à côté des BAL nominatives ?",
        required=False,
        max_length=1000,
        widget=forms.Textarea({"rows": 2}),
        help_text="Par exemple : les courriers au service y arrivent ; les BAL nominatives restent pour les échanges "
        "entre deux professionnels.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        name_the_empty_choice(self, CHOOSE, "structure")
        structures = Structure.objects.open_to(self.opening.user).standing().select_related("parent")
        offer_rows(self, structure=structures)
        if len(found := list(structures[:2])) == 1:
            self.fields["structure"].initial = found[0].pk


class KindForm(OpeningStepForm):
    LABELS = {
        Kind.NOMINATIVE: "PER, nominative : à un professionnel, qui peut la déléguer",
        Kind.ORGANISATIONNELLE: "ORG, organisationnelle : à un service, une équipe, un cabinet, un réseau",
        Kind.CABINET: "CAB, de cabinet : à plusieurs professionnels avec RPPS qui partagent un cabinet (encore rare)",
        Kind.APPLICATIVE: "APP, applicative : à un logiciel",
    }
    kind = forms.ChoiceField(label="Le type que vous demandez", choices=list(LABELS.items()), widget=forms.RadioSelect)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if advice := self.opening.advice:
            self.fields["kind"].initial = advice.kind

    def clean(self):
        if kind := self.cleaned_data.get("kind"):
            check_stated_use(kind, self.opening.purpose)
            if not self.opening.manages:
                check_may_request(self.opening.structure, kind, self.opening.oneself, by=self.opening.user)
        return self.cleaned_data


class HolderForm(OpeningStepForm):
    """Who answers for it: a professional, or for an APP the structure; the eligibility is told here."""

    SCOPES = [
        ("organisme", "une seule pour tout l’organisme gestionnaire, si le logiciel trie les messages"),
        ("establishment", "une par établissement : celle-ci ne sert que le sien"),
    ]
    CHANNELS = [("software", "par ce logiciel seulement"), ("mail", "par une messagerie (Office 365…) seulement")]

    service = forms.CharField(label="Service, équipe ou cabinet", max_length=length_of(Bal, "service"))
    principal = PersonField(required=False)
    attested = forms.BooleanField(
        label="Cette personne a une CPS ou une e-CPS : je l’ai vérifié.",
        required=False,
        help_text="À cocher pour une personne qui n’est pas encore connue ici : l’annuaire ne le dit pas.",
    )
    software = forms.CharField(
        label="Logiciel", max_length=length_of(Bal, "description"), help_text="Le nom du DPI, du DUI, du laboratoire…"
    )
    scope = forms.ChoiceField(
        label="Une BAL pour qui ?",
        choices=SCOPES,
        widget=forms.RadioSelect,
        help_text="Le coût diffère : il est chiffré à l’étape suivante. Interrogez plusieurs fournisseurs.",
    )
    channel = forms.ChoiceField(
        label="Par où y accède-t-on ?",
        choices=CHANNELS,
        widget=forms.RadioSelect,
        help_text="Un seul accès : la même BAL ne se branche pas à la fois sur le logiciel et sur une messagerie.",
    )
    answering = forms.ModelChoiceField(
        Bal.objects.none(),
        label="BAL organisationnelle qui reçoit les réponses",
        required=False,
        empty_label="aucune pour l’instant",
        help_text="Personne ne lit une BAL applicative : dites à qui les correspondants répondent.",
    )
    ASKED: dict[str, list[str]] = {
        Kind.NOMINATIVE: ["principal", "attested", "service"],
        Kind.APPLICATIVE: ["software", "scope", "channel", "answering"],
    }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        opening, kind = self.opening, self.opening.kind
        asked = self.ASKED.get(kind, ["service", "principal", "attested"])
        if not opening.manages:
            asked = [name for name in asked if name not in ("principal", "attested")]
        self.fields = {name: self.fields[name] for name in asked}
        if "principal" in asked:
            self.fields["principal"].label = "Titulaire" if kind == Kind.NOMINATIVE else "Cotitulaire principal"
            self.fields["principal"].help_text = "Tapez un nom, ou un numéro RPPS : l’annuaire est consulté."
            field_of(self, "principal", PersonField).offer(opening.user, structure=opening.structure)
        if "service" in asked and kind == Kind.NOMINATIVE:
            self.fields["service"].required = False
            self.fields["service"].label = "Service"
        if "answering" in asked:
            shared = Bal.objects.visible_to(opening.user).live().filter(kind__in=Bal.SHARED)
            offer_rows(self, answering=shared.order_by("address"))

    def clean(self):
        facts, opening = self.cleaned_data, self.opening
        if self.errors:
            return facts
        facts.setdefault("principal", None if opening.manages else opening.oneself)
        attest(facts["principal"], facts)
        check_eligible(opening.structure, opening.kind, facts["principal"])
        check_habilitated(opening.structure, opening.kind, facts["principal"])
        check_may_request(opening.structure, opening.kind, facts["principal"], by=opening.user)
        return facts


class DomainChoice(forms.ModelChoiceField):
    def label_from_instance(self, domain: Domain) -> str:
        return domain.name


class OperatorForm(OpeningStepForm):
    domain = DomainChoice(Domain.objects.none(), label="Domaine", empty_label=None, widget=forms.RadioSelect)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.domains = Domain.objects.open_to(self.opening.structure)
        offer_rows(self, domain=self.domains)
        if len(found := list(self.domains[:2])) == 1:
            self.fields["domain"].initial = found[0].pk

    def clean_domain(self):
        domain = self.cleaned_data["domain"]
        check_domain_open_to(self.opening.structure, f"x@{domain}")
        return domain

    def offers(self) -> list[tuple[Any, Domain, str]]:
        """Each radio button with what its operator can do, and what the BAL costs there."""
        pairs = zip(self["domain"], self.domains.all())  # noqa: B905 - as many by construction
        return [(radio, domain, self.opening.cost_at(domain)) for radio, domain in pairs]


class AddressForm(OpeningStepForm):
    OTHER = ""

    choice = forms.ChoiceField(label="Adresses proposées", required=False, widget=forms.RadioSelect)
    other = forms.CharField(
        label="Ce qui précède le @",
        required=False,
        max_length=length_of(Bal, "address"),
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    accepted = forms.BooleanField(label="J’ai lu ces avertissements et je garde cette adresse.", required=False)
    warned_of = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        opening = self.opening
        self.domain = opening.domain.name
        addresses = [f"{local}@{self.domain}" for local in proposals(opening.policy, opening.kind, opening.named)]
        self.taken = taken(addresses)
        free = [address for address in addresses if address not in self.taken]
        labels = [f"{address}{' (selon votre règle)' if address == addresses[0] else ''}" for address in free]
        offer_choices(self, choice=[*zip(free, labels, strict=True), (self.OTHER, "une autre, que j’écris")])
        self.fields["choice"].initial = free[0] if free else self.OTHER
        self.warnings: list[Warned] = []

    def answers(self):
        return super().answers() | {"warned_of": self.cleaned_data["address"]}

    def clean(self):
        facts = self.cleaned_data
        if self.errors:
            return facts
        address = facts["choice"] or f"{facts['other'].strip().lower()}@{self.domain}"
        if address.startswith("@") or "@" in address.removesuffix(f"@{self.domain}"):
            raise forms.ValidationError("Écrivez ce qui précède le @, ou choisissez une des adresses proposées.")
        if where := taken([address]).get(address):
            raise forms.ValidationError(f"{quoted(address)} existe déjà {where} : choisissez-en une autre.")
        facts["address"] = address
        self.warnings = self.opening.warnings_of(address)
        if self.warnings and not (facts["accepted"] and facts["warned_of"] == address):
            # What is shown again is what was judged: a tick left from another address counts for nothing.
            self.data = {**{name: self[name].data for name in self.fields}, "warned_of": address, "accepted": ""}
            self.add_error(None, "Lisez les avertissements, puis confirmez cette adresse ou changez-en.")
        return facts

    @property
    def may_be_mistaken(self) -> bool:
        """Could letters be mistaken between this address and a namesake's?"""
        return any(warned.code in ("near", "namesake", "former") for warned in self.warnings)
