"""How often each structure has its accesses gone through."""

from dateutil.relativedelta import relativedelta
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from mailboxes.campaigns.forms import RecurrenceForm
from mailboxes.campaigns.models import Recurrence
from mailboxes.campaigns.reviews import NEVER
from mailboxes.campaigns.rules import check_set_recurrence
from mailboxes.lifecycle import Act
from mailboxes.lists.place import places_within
from mailboxes.models import Structure
from mailboxes.rules import allows, check_may
from mailboxes.views.acts import ActionView
from mailboxes.views.structures_named import structures_named


def recurrence_list(request):
    standing = Structure.objects.standing().filter(pk__in=places_within(request).values("pk"))
    found = structures_named(request, standing.select_related("review"))
    rows = [(one, allows(check_may, Act.SET_RECURRENCE, structure=one, by=request.user)) for one in found["page"]]
    return render(request, "mailboxes/campaigns/recurrence.html", {**found, "rows": rows, "never": NEVER})


class RecurrenceView(ActionView):
    form_class = RecurrenceForm
    submit = "Enregistrer"
    done = "La fréquence est enregistrée."
    warning = (
        "Le jour venu, une campagne « Revue des accès » commence d’elle-même pour cette structure et celles qui lui "
        "sont rattachées : chaque principal relit qui a accès. Le silence ne retire rien."
    )

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        rows = Structure.objects.visible_to(request.user).select_related("review")
        self.structure = get_object_or_404(rows, pk=self.kwargs["structure"])
        self.label = f"Revue des accès : {self.structure}"

    def get_initial(self):
        known = Recurrence.objects.filter(structure=self.structure).first()
        if known:
            return {"every": known.every, "next_on": known.next_on}
        return {"every": "", "next_on": timezone.localdate() + relativedelta(months=1, day=1)}

    def check(self, *, by):
        check_set_recurrence(self.structure, None, "", by=by)

    def perform(self, form, *, by):
        return form.perform(self.structure, by=by)

    def back(self):
        return reverse("recurrence-list")
