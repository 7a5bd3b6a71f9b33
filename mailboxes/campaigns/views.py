"""Campaigns, for who runs them: whom one would ask, the launch, the follow-up, the end and its report."""

from functools import cached_property
from typing import ClassVar

from django.db.models import QuerySet
from django.http import QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from directory.csv_files import BATCH
from directory.sheets import as_xlsx
from mailboxes import actions
from mailboxes.campaigns.actions import close_campaign, remind_campaign
from mailboxes.campaigns.filters import RegisterFilter
from mailboxes.campaigns.forms import CampaignFilterForm, LaunchForm, ScopeForm, TargetFilterForm, narrowed
from mailboxes.campaigns.models import OUTCOMES, Campaign, Outcome
from mailboxes.campaigns.questions import ASKED, QUESTIONS, candidates, preview, sentence_of
from mailboxes.campaigns.report import COLUMNS, printed
from mailboxes.campaigns.rules import check_close_campaign, check_remind_campaign
from mailboxes.forms.bal_filter import words_of
from mailboxes.lifecycle import Act
from mailboxes.lists.listing import Column, Listing
from mailboxes.models import Bal
from mailboxes.rules import Refused, allows, check_somewhere
from mailboxes.views.acts import ActionView
from mailboxes.views.files import pdf_file, xlsx_file

SHOWN = 20  # BAL named on the preview; the register has the rest


class CampaignList(Listing):
    name, view, nouns = "campaigns", "campaign-list", ("campagne", "campagnes")
    row, empty = "mailboxes/campaigns/_row.html", "mailboxes/campaigns/_none.html"
    inline = ("q", "kind", "state")
    columns = (
        Column("title", "Campagne", ("title",)),
        Column("kind", "Question", ("kind",)),
        Column("structure", "Structure", ("structure__name",)),
        Column("state", "État"),
        Column("answered", "Réponses"),
        Column("launched", "Lancée le", ("launched_at",)),
        Column("closes", "Dernier jour", ("closes_on",)),
    )


def campaign_list(request):
    form = CampaignFilterForm(request.GET)
    seen = form.asked(Campaign.objects.visible_to(request.user)).order_by("-launched_at", "-pk")
    loaded = Campaign.objects.with_counts().select_related("structure")
    listing = CampaignList(request, seen, form=form, loaded=loaded)
    can_launch = allows(check_somewhere, Act.LAUNCH_CAMPAIGN, by=request.user)
    facts = {"listing": listing, "page": listing.page, "can_launch": can_launch}
    return render(request, "mailboxes/campaigns/list.html", facts)


class TargetList(Listing):
    name, view, nouns = "targets", "campaign", ("question", "questions")
    row = "mailboxes/campaigns/_target.html"
    inline = ("q", "outcome")
    place_path, keeps_views = "", False
    columns: ClassVar[tuple[Column, ...]] = (
        Column("name", "BAL"),
        Column("person", "Personne interrogée", ("person__family_name", "person__given_name")),
        Column("structure", "Structure", ("bal__structure__name",)),
        Column("outcome", "Réponse"),
        Column("told", "Interrogée le", ("told_at",)),
    )

    is_of_many = False  # structures: of one alone, its name on each line says nothing

    @cached_property
    def shown(self) -> list[Column]:
        return [column for column in super().shown if column.name != "structure" or self.is_of_many]


class PeopleTargetList(TargetList):
    name = "people-targets"
    columns = (Column("name", "Professionnel", ("person__family_name", "person__given_name")), *TargetList.columns[3:])


# --- Launch -----------------------------------------------------------------------------------------------------------
FIRST_FILTERS = ("q", "kind", "state", "operator", "service")  # of the register's; the others are folded


class LaunchView(ActionView):
    """The question and the register's filters stand in the address: what one sees is what one launches."""

    template_name = "mailboxes/campaigns/new.html"
    form_class = LaunchForm
    label = Act.LAUNCH_CAMPAIGN.label
    submit = "Lancer la campagne"
    done = "La campagne est lancée."
    found: RegisterFilter | None = None

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.scope = ScopeForm(request.GET if "kind_of" in request.GET else None, user=request.user)
        if self.scope.is_valid():
            self.found = self.scope.bals(request)

    def check(self, *, by):
        check_somewhere(Act.LAUNCH_CAMPAIGN, by=by)

    def get_initial(self):
        question = QUESTIONS.get(self.request.GET.get("kind_of", ""))
        return {"title": f"{question.title}, {timezone.localdate():%m/%Y}"} if question else {}

    def perform(self, form, *, by):
        self.check(by=by)
        if self.found is None or not self.found.is_valid():
            raise Refused("Choisissez d’abord la question et les BAL.", "scope")
        kind, structure = (self.scope.cleaned_data[name] for name in ("kind_of", "for_structure"))
        return form.perform(kind, structure, self.found.qs, narrowed(self.request.GET), by=by)

    def back(self):
        return self.result.get_absolute_url() if self.result else reverse("campaign-list")

    def get_context_data(self, **kwargs):
        nothing = RegisterFilter(self.request.GET, queryset=Bal.objects.none(), request=self.request)
        filters = self.found or nothing
        more = [field for field in filters.form if field.name not in (*FIRST_FILTERS, "sort")]
        facts = {"scope": self.scope, "filter": filters, "more_filters": more, "questions": QUESTIONS.values()}
        facts["has_more_filters"] = any(self.request.GET.get(field.name) for field in more)
        if self.found is not None and self.found.is_valid():
            facts |= self._foreseen(self.found.qs)
        return super().get_context_data(**facts, **kwargs)

    def _foreseen(self, bals: QuerySet[Bal]) -> dict:
        question, now = QUESTIONS[self.scope.cleaned_data["kind_of"]], timezone.now()
        named = Bal.objects.with_cotitulaires()
        order = "family_name" if question.of_people else "address"
        rows = candidates(question, bals, now, named).order_by(order, "pk")[:SHOWN]
        fates = [(row, row.fate == ASKED, sentence_of(question, row.fate, now)) for row in rows]
        return {"question": question, "preview": preview(question, bals, now), "fates": fates, "shown": SHOWN}


# --- Follow -----------------------------------------------------------------------------------------------------------
def campaign(request, pk):
    row = get_object_or_404(Campaign.objects.visible_to(request.user).select_related("structure", "by"), pk=pk)
    form = TargetFilterForm(QUESTIONS[row.kind], request.GET)
    loaded = row.targets.with_outcome().select_related("bal__structure", "person", "notice")
    kind = PeopleTargetList if QUESTIONS[row.kind].of_people else TargetList
    targets = form.asked(row.targets.with_outcome().order_by("pk"))
    listing = kind(request, targets, form=form, loaded=loaded, view_args=[row.pk])
    listing.is_of_many = row.structure.children.exists()
    progress = progress_of(row)
    return render(
        request,
        "mailboxes/campaigns/campaign.html",
        {
            "campaign": row,
            "listing": listing,
            "question": QUESTIONS[row.kind],
            "words": words_asked(row, request),
            **progress,
            "page": listing.page,
            "can_remind": allows(check_remind_campaign, row, bool(progress["pending"]), by=request.user),
            "can_close": allows(check_close_campaign, row, by=request.user),
        },
    )


def words_asked(row: Campaign, request) -> list[str]:
    """The filter of its launch, in words."""
    found = RegisterFilter(QueryDict(row.filter), queryset=Bal.objects.none(), request=request)
    return words_of(found) if found.is_valid() else [row.filter]


def progress_of(row: Campaign) -> dict:
    """How many targets, of each outcome, and how many still await their notice."""
    counts = row.targets.outcomes()
    total, awaited = sum(counts.values()), sum(counts.get(name, 0) for name in (Outcome.PENDING, Outcome.UNREACHED))
    return {
        "total": total,
        "settled": total - awaited,
        "percent": round(100 * (total - awaited) / total) if total else 0,
        "outcomes": [(name, label, counts[name]) for name, label in OUTCOMES.items() if name in counts],
        "unanswered": awaited,
        "pending": counts.get(Outcome.PENDING, 0),
        "unreached": counts.get(Outcome.UNREACHED, 0),
        "to_tell": row.targets.due().count() if row.closed_at is None else 0,
    }


class CampaignActionView(ActionView):
    """What is done to a campaign that one sees; a stranger gets 404."""

    act: Act

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.label = self.act.label
        self.campaign = get_object_or_404(Campaign.objects.visible_to(request.user), pk=kwargs["pk"])

    def back(self):
        return self.campaign.get_absolute_url()

    def get_context_data(self, **kwargs):
        return super().get_context_data(campaign=self.campaign, **progress_of(self.campaign), **kwargs)


class RemindView(CampaignActionView):
    act = Act.REMIND_CAMPAIGN
    submit = "Rappeler"
    warning = "Un nouvel avis part à chaque personne qui a pu être prévenue et n’a pas encore répondu."
    done = "Le rappel part."

    def check(self, *, by):
        waiting = self.campaign.targets.with_outcome().filter(outcome=Outcome.PENDING).exists()
        check_remind_campaign(self.campaign, waiting, by=by)

    def perform(self, form, *, by):
        return remind_campaign(self.campaign, by=by)


class CloseView(CampaignActionView):
    act = Act.CLOSE_CAMPAIGN
    submit = "Clore"
    is_dangerous = True
    warning = (
        "Plus personne ne pourra y répondre, et une campagne close ne se rouvre pas. "
        "Ce qui reste sans réponse n’est pas touché : vous en aurez la liste."
    )
    done = "La campagne est close."

    def check(self, *, by):
        check_close_campaign(self.campaign, by=by)

    def perform(self, form, *, by):
        return close_campaign(self.campaign, by=by)


# --- Report -----------------------------------------------------------------------------------------------------------
def campaign_pdf(request, pk):
    row = get_object_or_404(Campaign.objects.visible_to(request.user).select_related("structure", "by"), pk=pk)
    actions.trace(request.user, "export", f"campagne {row} (PDF)")
    return pdf_file(f"campagne-{row.pk}", printed(row, words_asked(row, request), timezone.localdate()))


def campaign_xlsx(request, pk):
    """Every target, filtered as on the page."""
    row = get_object_or_404(Campaign.objects.visible_to(request.user), pk=pk)
    actions.trace(request.user, "export", f"campagne {row}, {request.GET.urlencode()}")
    targets = row.targets.with_outcome().select_related("bal__structure", "person", "notice").order_by("pk")
    rows = TargetFilterForm(QUESTIONS[row.kind], request.GET).asked(targets).iterator(chunk_size=BATCH)
    header, values = [label for label, _ in COLUMNS], [value for _, value in COLUMNS]
    content = as_xlsx("Campagne", header, ([value(target) for value in values] for target in rows))
    return xlsx_file(f"campagne-{row.pk}", content)
