"""How many professionals of the structures one sees have a published BAL: our people, the annuaire's boxes."""

from django import template
from django.db.models import Count, Exists, F, FloatField, OuterRef, Q, Subquery
from django.db.models.functions import Cast, Coalesce, NullIf

from directory.models import Entry
from mailboxes.models import Affiliation, Structure

register = template.Library()
SHOWN = 200


@register.inclusion_tag("mailboxes/_equipment.html", takes_context=True)
def equipment(context):
    rows = list(equipped_structures(context["request"].user)[: SHOWN + 1])
    return {"structures": rows[:SHOWN], "is_cut": len(rows) > SHOWN}


def equipped_structures(user):
    """Each structure `user` sees with `people`, `equipped` and their `share` in percent."""
    boxes = Entry.objects.published().filter(person_id=OuterRef("person__rpps"))
    there = Affiliation.objects.current().filter(structure=OuterRef("pk"), person__rpps__isnull=False)
    present = there.filter(Exists(boxes))
    counted = present.order_by().values("structure").annotate(n=Count("person", distinct=True)).values("n")
    return (
        Structure.objects.visible_to(user)
        .annotate(
            people=Count(
                "affiliations__person",
                filter=Q(
                    affiliations__in=Affiliation.objects.current().values("pk"),
                    affiliations__person__rpps__isnull=False,
                ),
                distinct=True,
            ),
            equipped=Coalesce(Subquery(counted), 0),
        )
        .annotate(share=Cast(F("equipped"), FloatField()) * 100 / NullIf(F("people"), 0))
        .order_by("name")
    )
