"""*Économies*: what is paid for BAL that serve nobody, what stands in the way of each, and asking those who can."""

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from directory.typography import grouped
from mailboxes import actions
from mailboxes.indicators.costs import Cost
from mailboxes.indicators.savings import Savings
from mailboxes.lifecycle import Act
from mailboxes.lists.place import places_within
from mailboxes.models.roles import managed_structures
from mailboxes.notices.idleness import to_ask_deletion
from mailboxes.rules import Refused, allows, check_somewhere
from mailboxes.views.acts import ActionView
from mailboxes.views.frame import sees_structures

ASKED_AT_ONCE = 200  # BAL; the others by the next click


def savings(request):
    if not sees_structures(request.user):
        raise Http404
    found = Savings(places_within(request), timezone.now())
    blocked = found.blocked()
    facts = {
        "blocked": blocked,
        "total": sum((each.cost for each in blocked), start=Cost()),
        "gained": found.gained(),
        "to_ask": _to_ask(request).count(),
        "can_launch": allows(check_somewhere, Act.LAUNCH_CAMPAIGN, by=request.user),
        "counted_at": found.counted_at,
    }
    return render(request, "mailboxes/indicators/savings.html", facts)


def _to_ask(request):
    managed = places_within(request).filter(pk__in=managed_structures(request.user))
    return to_ask_deletion().filter(structure__in=managed.values("pk"))


class AskView(ActionView):
    """Asks those who hold depublished BAL, all at once, to have them deleted."""

    label = "Demander à leurs titulaires de les supprimer"
    submit = "Envoyer les demandes"

    def check(self, *, by):
        check_somewhere(Act.ASK_DELETION, by=by)
        if not _to_ask(self.request).exists():
            raise Refused("C’est déjà demandé pour toutes les BAL dépubliées que vous gérez.", "asked")

    def perform(self, form, *, by):
        self.check(by=by)
        waiting = _to_ask(self.request)
        asked = 0
        for bal in waiting.order_by("pk")[:ASKED_AT_ONCE]:
            try:
                actions.ask_deletion(bal, by=by)
                asked += 1
            except Refused:  # settled meanwhile by somebody else
                continue
        left = waiting.count()
        self.done = f"C’est demandé pour {grouped(asked)} BAL." + (f" Il en reste {grouped(left)}." if left else "")

    def back(self):
        return reverse("savings")

    def get_context_data(self, **kwargs):
        count = _to_ask(self.request).count()
        self.warning = (
            f"{grouped(count)} BAL dépubliées : chaque titulaire ou cotitulaire reçoit un avis. "
            "Rien n’est supprimé sans sa demande."
        )
        return super().get_context_data(**kwargs)
