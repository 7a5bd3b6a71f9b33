"""How many professionals of the structures one sees have a published BAL: our people, the annuaire's boxes."""

from django import template
from django.db.models import Count, Exists, OuterRef, Q

from directory.folding import as_read
from directory.models import Entry
from mailboxes.findings import kept_of_many
from mailboxes.models import Affiliation, Structure

register = template.Library()
SHOWN = 200


@register.inclusion_tag("mailboxes/_equipment.html", takes_context=True)
def equipment(context):
    seen = Structure.objects.visible_to(context["request"].user)
    structures = list(as_read(seen.order_by("name"))[: SHOWN + 1])
    shown = kept_of_many("equipment", seen, lambda: equipped(structures[:SHOWN]))
    return {"structures": shown.found, "is_cut": len(structures) > SHOWN, "counted_at": shown.at}


def equipped(structures: list[Structure]) -> list[dict]:
    """Each structure with `people`, `equipped` and their `share` in percent; one grouped query for all."""
    boxes = Entry.objects.published().filter(person_id=OuterRef("person__rpps"))
    there = Affiliation.objects.current().filter(structure__in=structures, person__rpps__isnull=False)
    counts = (
        there.order_by()
        .annotate(has_box=Exists(boxes))
        .values("structure")
        .annotate(
            people=Count("person", distinct=True), equipped=Count("person", filter=Q(has_box=True), distinct=True)
        )
        .values_list("structure", "people", "equipped")
    )
    told = {pk: (people, equipped) for pk, people, equipped in counts}
    rows = [(structure.name, *told.get(structure.pk, (0, 0))) for structure in structures]
    return [
        {"name": name, "people": people, "equipped": equipped, "share": 100 * equipped / people if people else None}
        for name, people, equipped in rows
    ]
