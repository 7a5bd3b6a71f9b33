"""The thresholds that the whole installation lives by: read by who follows a structure, chosen by its administrator."""

from typing import NamedTuple

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse

from mailboxes.forms.thresholds import ThresholdForm
from mailboxes.lifecycle import Act
from mailboxes.models.thresholds import BY_NAME, THRESHOLDS, Choice, Threshold, ThresholdGroup, chosen
from mailboxes.rules import allows, check_choose_threshold
from mailboxes.views.acts import ActionView
from mailboxes.views.frame import sees_structures

RECENT = 20


class ThresholdLine(NamedTuple):
    threshold: Threshold
    said: str
    is_default: bool


def threshold_list(request):
    if not sees_structures(request.user):
        raise Http404
    groups = [(group.label, [_line(one) for one in THRESHOLDS if one.group == group]) for group in ThresholdGroup]
    return render(
        request,
        "mailboxes/thresholds/list.html",
        {
            "groups": groups,
            "may": allows(check_choose_threshold, by=request.user),
            "choices": Choice.objects.select_related("by")[:RECENT],
        },
    )


def _line(threshold: Threshold) -> ThresholdLine:
    value = threshold.plain(getattr(chosen, threshold.name))
    return ThresholdLine(threshold, threshold.said(value), value == threshold.default)


class ThresholdView(ActionView):
    template_name = "mailboxes/thresholds/choose.html"
    form_class = ThresholdForm
    label = Act.CHOOSE_THRESHOLD.label
    submit = "Enregistrer"
    done = "C’est réglé. Les tâches en cours le sauront dans quelques secondes."

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if not sees_structures(request.user) or kwargs["name"] not in BY_NAME:
            raise Http404
        self.threshold = BY_NAME[kwargs["name"]]

    def check(self, *, by):
        check_choose_threshold(by=by)

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "threshold": self.threshold}

    def perform(self, form, *, by):
        return form.perform(by=by)

    def back(self):
        return reverse("threshold-list")

    def get_context_data(self, **kwargs):
        choices = Choice.objects.filter(name=self.threshold.name).select_related("by")[:RECENT]
        return super().get_context_data(threshold=self.threshold, choices=choices, **kwargs)
