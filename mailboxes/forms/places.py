"""Structures and operators: what is asked of them."""

from django import forms
from django.db.models import Q

from directory.identifiers import is_mssante
from mailboxes import actions
from mailboxes.forms.offers import ShowingForm, name_the_empty_choice, offer_rows, why_field
from mailboxes.forms.structure_field import StructureField
from mailboxes.models import Operator, Price, Structure
from mailboxes.models.roles import platform_roles
from mailboxes.rules import NUMBERS

OF_ADMINISTRATOR = "Fixé par un administrateur de la plateforme."


class StructureForm(ShowingForm, forms.ModelForm):
    why = why_field(required=False)

    class Meta:
        model = Structure
        fields = ["name", "kind", "parent", "finess_et", "finess_ej", "siret", "rpps_rang", "postcode", "town",
                  "referent", "referent_phone"]  # fmt: skip
        field_classes = {"parent": StructureField}
        help_texts = {
            "finess_et": "Neuf caractères. C’est par lui que l’annuaire connaît l’établissement et ses BAL.",
            "finess_ej": "Celui de l’organisme gestionnaire, commun à tous ses établissements.",
            "rpps_rang": "D’un cabinet, qui n’a ni FINESS ni SIRET propre.",
            "referent": "Dont les courriels donnent le nom ; vide : celui de la structure de rattachement.",
            "parent": "Qui gère la structure de rattachement gère aussi celle-ci.",
        }

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        is_administrator = bool(platform_roles(user))
        above = Structure.objects.visible_to(user) if is_administrator else Structure.objects.managed_by(user)
        offered = above.filter(Q(pk=self.instance.parent_id) | Q(pk__in=above.standing().values("pk")))
        offer_rows(self, parent=offered.exclude(pk=self.instance.pk))
        # Below none, a structure is an administrator's to record: what one may not leave empty is not offered as empty.
        self.fields["parent"].required = not (is_administrator or self.instance.pk)
        name_the_empty_choice(self, "Choisir…" if self.fields["parent"].required else "aucune", "parent")
        if not self.instance.pk:
            del self.fields["why"]
        else:
            self.fields[
                "why"
            ].help_text += " À donner pour un nom ou un numéro : l’annuaire connaît la structure par eux."
        if not is_administrator:
            self._keep(*NUMBERS)
            # Its own parent is not among those that they manage, unless they manage that one too.
            if self.instance.pk and not above.filter(pk=self.instance.parent_id).exists():
                offer_rows(self, parent=Structure.objects.filter(pk=self.instance.parent_id))
                self._keep("parent")

    def _keep(self, *names: str) -> None:
        for name in names:
            self.fields[name].disabled = True
            self.fields[name].help_text = OF_ADMINISTRATOR

    def perform(self, *, by):
        if self.instance.pk:
            why = self.cleaned_data["why"]
            return actions.describe_structure(self.instance, by=by, why=why, **self.typed(*self.Meta.fields))
        return actions.record_structure(self.instance, by=by)


class DomainsField(forms.CharField):
    """Names of domains, one a line; what stands before an "@" is left out."""

    widget = forms.Textarea({"rows": 4, "spellcheck": "false", "autocapitalize": "off"})

    def clean(self, value) -> list[str]:
        words = super().clean(value).replace(",", " ").replace(";", " ").lower().split()
        names = list(dict.fromkeys(word.rpartition("@")[2] for word in words))
        if wrong := [name for name in names if not is_mssante(f"x@{name}")]:
            raise forms.ValidationError(
                f"Ce ne sont pas des domaines MSSanté (….mssante.fr) : {', '.join(wrong)}.", "malformed"
            )
        return names

    def prepare_value(self, value):
        return "\n".join(value) if isinstance(value, list) else value


def _price_field(offer: Price.Offer) -> str:
    return f"price_{offer.value}"


class OperatorFactsForm(ShowingForm, forms.ModelForm):
    domains = DomainsField(
        label="Domaines", required=False, help_text="Un par ligne, comme chu-exemple.mssante.fr : ceux de ses adresses."
    )

    class Meta:
        model = Operator
        fields = [
            "name", "code", "domains", "request_email", "answer_days", "can_auto_reply", "can_notify", "can_suspend",
            "has_api", "default_quota_mb", "alert_after_months", "end_after_months", "fresh_days", "yearly_cost",
        ]  # fmt: skip
        localized_fields = ["yearly_cost"]  # 12,50
        help_texts = {
            "code": "En minuscules, sans espace : l’opérateur est connu par lui des fichiers et des logiciels.",
            "request_email": "Où vos demandes lui sont envoyées. Vide : elles sont à transmettre à la main.",
            "alert_after_months": "D’ordinaire dix mois : deux mois avant la dépublication.",
            "end_after_months": "Douze mois sans connexion, d’après la CNIL.",
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        instance: Operator | None = self.instance if self.instance.pk else None
        costs = {price.offer: price.yearly_cost for price in instance.prices.all()} if instance else {}
        for offer in Price.Offer:
            self.fields[_price_field(offer)] = forms.DecimalField(
                label=f"Coût annuel d’une BAL {offer.label} (€)", required=False, min_value=0, max_digits=8,
                decimal_places=2, localize=True, initial=costs.get(offer.value),
            )  # fmt: skip
        if instance:
            del self.fields["code"]  # files and keys name the operator by it: given once
            self.initial["domains"] = sorted(domain.name for domain in instance.domains.all())

    def perform(self, *, by):
        facts = self.typed(*self.fields) if self.instance.pk else dict(self.cleaned_data)
        named = {_price_field(offer): offer.value for offer in Price.Offer}
        prices = {named[name]: facts.pop(name) for name in named if name in facts}
        domains = facts.pop("domains", None)
        if self.instance.pk:
            return actions.describe_operator(self.instance, by=by, domains=domains, prices=prices, **facts)
        return actions.record_operator(self.instance, by=by, domains=domains, prices=prices)


class ReserveForm(ShowingForm):
    structure = StructureField(
        label="Réservé à",
        queryset=Structure.objects.all(),
        required=False,
        empty_label="aucune : plusieurs structures s’en servent",
        help_text="Toute adresse d’un domaine réservé est celle de cette structure, ou de celles qui en dépendent.",
    )
