"""The engagements of the structures one follows, each with how far it is."""

from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from mailboxes.engagements.forms import CloseEngagementForm, EngagementForm
from mailboxes.engagements.rules import check_change_engagement, check_close_engagement
from mailboxes.indicators.progress import progress_of
from mailboxes.lifecycle import Act
from mailboxes.models import Engagement
from mailboxes.rules import allows, check_somewhere
from mailboxes.views.acts import ActionView, EnteringView

CLOSED = 20  # the latest


def engagement_list(request):
    seen = Engagement.objects.visible_to(request.user).select_related("structure")
    rows = [
        (progress, allows(check_change_engagement, progress.engagement, by=request.user))
        for progress in progress_of(seen.open())
    ]
    facts = {
        "rows": rows,
        "closed": seen.exclude(closed_at=None).order_by("-closed_at", "-pk")[:CLOSED],
        "can_set": allows(check_somewhere, Act.SET_ENGAGEMENT, by=request.user),
    }
    return render(request, "mailboxes/engagements/list.html", facts)


class NewEngagementView(EnteringView):
    act = Act.SET_ENGAGEMENT
    form_class = EngagementForm
    label = "Inscrire un engagement"
    submit = "Inscrire"
    done = "L’engagement est inscrit."

    def back(self):
        return reverse("engagement-list")


class EngagementActionView(ActionView):
    engagement: Engagement

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        rows = Engagement.objects.visible_to(request.user).select_related("structure")
        self.engagement = get_object_or_404(rows, pk=self.kwargs["pk"])

    def back(self):
        return reverse("engagement-list")


class ChangeEngagementView(EngagementActionView):
    form_class = EngagementForm
    label = "Modifier un engagement"
    submit = "Enregistrer"
    done = "L’engagement est à jour."

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "user": self.request.user, "instance": self.engagement}

    def check(self, *, by):
        check_change_engagement(self.engagement, by=by)

    def perform(self, form, *, by):
        return form.perform(by=by)


class CloseEngagementView(EngagementActionView):
    form_class = CloseEngagementForm
    label = Act.CLOSE_ENGAGEMENT.label
    submit = "Clore"
    done = "L’engagement est clos."

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.warning = f"{self.engagement}. Il n’est plus rappelé ; le journal garde où il en était."

    def check(self, *, by):
        check_close_engagement(self.engagement, by=by)

    def perform(self, form, *, by):
        return form.perform(self.engagement, by=by)
