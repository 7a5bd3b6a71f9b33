"""A misuse is signalled, then closed; what a BAL applicative serves is described."""

from django.shortcuts import get_object_or_404

from mailboxes import actions
from mailboxes.forms import ApplicativeForm, MoveForm, NoteAnomalyForm
from mailboxes.lifecycle import Act
from mailboxes.models import Anomaly
from mailboxes.rules import check_is_applicative, check_resolve_anomaly
from mailboxes.views.acts import ActView
from mailboxes.views.seen import bal_or_404


class NoteAnomalyView(ActView):
    act = Act.NOTE_ANOMALY
    form_class = NoteAnomalyForm
    done = "L’anomalie est signalée : les titulaires en sont prévenus."
    warning = (
        "Pour être prévenu d’une arrivée, la bonne manière est la notification sur un courriel ordinaire ; pour être "
        "plusieurs à lire une BAL, chacun a son accès : cotitulaire, ou délégataire sous un cotitulaire."
    )


class ResolveAnomalyView(ActView):
    act = Act.RESOLVE_ANOMALY
    form_class = MoveForm
    done = "L’anomalie est close."
    anomaly: Anomaly

    def find(self):
        self.anomaly = get_object_or_404(Anomaly.objects.visible_to(self.request.user), pk=self.kwargs["pk"])
        return bal_or_404(self.anomaly.bal_id, self.request.user)

    def setup(self, request, *args, **kwargs):
        self.request = request
        super().setup(request, *args, **kwargs)
        self.label = f"Clore l’anomalie : {self.anomaly.get_kind_display()}"

    def check(self, *, by):
        check_resolve_anomaly(self.bal, self.anomaly, by=by)

    def perform(self, form, *, by):
        return actions.resolve_anomaly(self.anomaly, by=by, **form.cleaned_data)


class DescribeApplicativeView(ActView):
    act = Act.DESCRIBE_APPLICATIVE
    form_class = ApplicativeForm
    done = "C’est enregistré."

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "bal": self.bal}

    def check(self, *, by):
        check_is_applicative(self.bal, by=by)
