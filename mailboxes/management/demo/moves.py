"""The nursing home changes operator: some of its BAL have arrived, some wait for the new operator, one is late."""

from datetime import timedelta

from django.utils import timezone

from mailboxes.actions import step
from mailboxes.lifecycle import Act
from mailboxes.management.demo.foundation import Foundation
from mailboxes.management.demo.places import COMPANY_DOMAIN, Places
from mailboxes.models import Bal, Request
from mailboxes.moves.actions import launch_migration, prepare_migration
from mailboxes.moves.models import Migration
from mailboxes.moves.reads import preview
from mailboxes.moves.switching import switch_each

BAL_MOVED, BAL_OPENED = 8, 5
WHY = "Le contrat avec l’opérateur régional prend fin pour l’EHPAD."


def tell(foundation: Foundation) -> None:
    time, places, gisele = foundation.time, foundation.places, foundation.gisele
    time.on(38, _prepare, places, gisele)
    time.on(26, _open, gisele)
    time.on(20, _switch, gisele)


def _prepare(places: Places, gisele) -> None:
    planned_on = timezone.localdate() + timedelta(days=18)
    row = Migration(structure=places.ehpad, operator=places.company, domain=COMPANY_DOMAIN, planned_on=planned_on,
                    overlap_days=60, auto_reply="Écrivez désormais à {adresse}.", why=WHY)  # fmt: skip
    bals = Bal.objects.filter(structure=places.ehpad).in_service().with_users()
    free = preview(row, bals, {}, by=gisele).free[:BAL_MOVED]
    prepare_migration(row, {line.bal.pk: line.address for line in free}, by=gisele)
    launch_migration(row, by=gisele)


def _open(gisele) -> None:
    openings = Migration.objects.get().rows.order_by("pk").values_list("opening", flat=True)[:BAL_OPENED]
    for opening in Request.objects.filter(pk__in=list(openings)):
        step(opening, Act.RECORD_DONE, by=gisele, answer="Ouverte.")


def _switch(gisele) -> None:
    switch_each(Migration.objects.get().rows.ready(), by=gisele)
