"""What one sees of each thing that a finding may be about, and what is followed of it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Model, QuerySet

from mailboxes.inbox.models import Todo, TodoQuerySet
from mailboxes.models import Bal, Engagement, Movement, Request, Sighting, Structure
from mailboxes.models.roles import seen_places

# By what a finding is about, where that is rows of a table: the column of `Todo`, and the table.
COLUMNS: dict[str, tuple[str, type[Model]]] = {
    "bals": ("bal", Bal),
    "movements": ("movement", Movement),
    "sightings": ("sighting", Sighting),
    "engagements": ("engagement", Engagement),
    "requests": ("request", Request),
}


@dataclass
class Seen:
    """What `user` sees, in all their structures or in one and those below it; or, of it, what is theirs to decide."""

    user: Any
    place: Structure | None = None
    is_theirs: bool = False  # of the structures that they manage alone

    @cached_property
    def within(self) -> QuerySet[Structure] | None:
        under = Structure.objects.under(self.place) if self.place else None
        if not self.is_theirs:
            return under
        managed = Structure.objects.managed_by(self.user)
        return managed if under is None else managed.filter(pk__in=under.values("pk"))

    @cached_property
    def structures(self) -> QuerySet[Structure]:
        seen = seen_places(self.user)
        return seen if self.within is None else seen.filter(pk__in=self.within.values("pk"))

    @cached_property
    def bals(self) -> QuerySet[Bal]:
        seen = Bal.objects.seen_by(self.user)
        return seen if self.within is None else seen.filter(structure__in=self.within.values("pk"))

    @cached_property
    def movements(self) -> QuerySet[Movement]:
        seen = Movement.objects.visible_to(self.user)
        return seen if self.within is None else seen.filter(stay__structure__in=self.within.values("pk"))

    @cached_property
    def sightings(self) -> QuerySet[Sighting]:
        seen = Sighting.objects.visible_to(self.user)
        return seen if self.within is None else seen.of_structures(self.within.values("pk"))

    @cached_property
    def engagements(self) -> QuerySet[Engagement]:
        seen = Engagement.objects.visible_to(self.user)
        return seen if self.within is None else seen.of_structures(self.within.values("pk"))

    @cached_property
    def requests(self) -> QuerySet[Request]:
        seen = Request.objects.visible_to(self.user)
        return seen if self.within is None else seen.filter(structure__in=self.within.values("pk"))

    def rows(self, about: str) -> QuerySet:
        """Rows that a finding may be about; not of gaps, which are computed."""
        return getattr(self, about)

    def todos(self) -> list[TodoQuerySet]:
        """The things followed that are seen, by what they are about: each list by its own index."""
        rows = Todo.objects.all()
        of_rows = [
            rows.filter(**{f"{column}__in": self.rows(about).values("pk")}) for about, (column, _) in COLUMNS.items()
        ]
        return [*of_rows, rows.filter(structure__in=self.structures.values("pk"))]
