"""What a campaign asks of whoever runs it, and of whoever answers."""

from django import forms
from django.http import QueryDict

from mailboxes.campaigns.actions import launch_campaign
from mailboxes.campaigns.filters import RegisterFilter
from mailboxes.campaigns.models import Campaign, Recurrence
from mailboxes.campaigns.questions import QUESTIONS, CampaignQuestion
from mailboxes.campaigns.reviews import NEVER, set_recurrence
from mailboxes.forms.holders import DateInput
from mailboxes.forms.offers import ShowingForm, offer_rows
from mailboxes.forms.structure_field import StructureField
from mailboxes.lifecycle import CampaignKind
from mailboxes.models import Bal, Structure
from mailboxes.models.fields import length_of

NOT_A_FILTER = ("sort", "page", "kind_of", "for_structure", "fate")


class ScopeForm(forms.Form):
    """What is asked, and for which structure: it travels in the address, beside the register's own filters."""

    kind_of = forms.ChoiceField(
        label="Question",
        choices=[(question.kind.value, question.title) for question in QUESTIONS.values()],
        widget=forms.RadioSelect,
    )
    for_structure = StructureField(
        Structure.objects.none(),
        label="Pour la structure",
        empty_label=None,
        help_text="Et pour celles qui lui sont rattachées.",
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        managed = Structure.objects.managed_by(user).standing().order_by("parent__parent", "parent", "name")
        offer_rows(self, for_structure=managed)
        self.fields["kind_of"].initial = CampaignKind.CLEANUP

    def bals(self, request) -> RegisterFilter:
        """The register's filter, over the BAL of the structure and of those below it."""
        structure = self.cleaned_data["for_structure"]
        within = Structure.objects.under(structure).values("pk")
        seen = Bal.objects.visible_to(request.user).filter(structure__in=within)
        return RegisterFilter(request.GET, queryset=seen, request=request)


def narrowed(query: QueryDict) -> str:
    """The register's filters alone, as its address would carry them."""
    kept = query.copy()
    for name in NOT_A_FILTER:
        kept.pop(name, None)
    for name in [name for name, value in kept.items() if not value]:
        del kept[name]
    return kept.urlencode()


class LaunchForm(forms.Form):
    title = forms.CharField(
        label="Titre", max_length=length_of(Campaign, "title"), help_text="Les personnes interrogées le lisent."
    )
    closes_on = forms.DateField(
        label="Dernier jour",
        required=False,
        widget=DateInput(),
        help_text="La campagne se clôt d’elle-même après ce jour. Vide : vous la clorez.",
    )

    def perform(self, kind: str, structure: Structure, bals, query: str, *, by):
        campaign = Campaign(kind=kind, structure=structure, filter=query, **self.cleaned_data)
        return launch_campaign(campaign, bals, by=by)


class CampaignFilterForm(forms.Form):
    q = forms.CharField(label="Titre", required=False, max_length=100)
    kind = forms.ChoiceField(label="Question", required=False, choices=[("", "toutes"), *CampaignKind.choices])
    state = forms.ChoiceField(
        label="État", required=False, choices=[("", "peu importe"), ("ouverte", "ouverte"), ("close", "close")]
    )

    def asked(self, campaigns):
        """What is not understood is not applied."""
        self.is_valid()
        said = self.cleaned_data
        if said.get("q"):
            campaigns = campaigns.filter(title__holds=said["q"])
        if said.get("kind"):
            campaigns = campaigns.filter(kind=said["kind"])
        return campaigns.filter(closed_at__isnull=said["state"] == "ouverte") if said.get("state") else campaigns


class TargetFilterForm(forms.Form):
    q = forms.CharField(label="Adresse ou nom", required=False)

    def __init__(self, question: CampaignQuestion, data):
        super().__init__(data)
        outcomes = [("", "toutes"), *question.outcomes.items()]
        self.fields["outcome"] = forms.ChoiceField(label="Réponse", required=False, choices=outcomes)

    def asked(self, targets):
        """An unknown outcome narrows nothing."""
        self.is_valid()
        if outcome := self.cleaned_data.get("outcome"):
            targets = targets.filter(outcome=outcome)
        return targets.named(self.cleaned_data.get("q", ""))


class RecurrenceForm(ShowingForm):
    every = forms.ChoiceField(
        label="Revue des accès",
        required=False,
        choices=[("", NEVER), *Recurrence.Every.choices],
        widget=forms.RadioSelect,
    )
    next_on = forms.DateField(label="Prochaine revue le", required=False, widget=DateInput())

    def perform(self, structure: Structure, *, by) -> Recurrence | None:
        return set_recurrence(structure, by=by, **self.whole(*self.fields))
