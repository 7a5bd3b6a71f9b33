"""How many a search finds, where that costs little: an annuaire has half a million lines."""

import hashlib

from django.core.cache import cache
from django.http import QueryDict

from directory.models import SyncRun
from mailboxes.api.fhir.parameters import CONTROLS
from mailboxes.api.fhir.searches import Search, found_keys

BOUND = 1_000  # beyond, a search by words or by moment has no total unless one is asked for
KEPT = 3600  # seconds; and no longer than the picture of the annuaire that was counted
COUNTED = CONTROLS - {"active", "_lastUpdated"}  # parameters that change nothing to the number


def total_of(search: Search) -> int | None:
    """`_total=accurate` counts now; `estimate`, once for a picture of the annuaire and an hour at most. Unless it is
    asked for, as nationally: that estimate, and none of a search that is long to count and finds many."""
    if search.total == "none":
        return None
    if search.total == "accurate":
        return found_keys(search).count()
    if search.total == "" and search.is_long_to_count:
        counted = found_keys(search)[: BOUND + 1].count()
        return counted if counted <= BOUND else None
    return _remembered(search)


def _remembered(search: Search) -> int | None:
    run = SyncRun.objects.latest_public()
    asked = sorted((name, *sorted(values)) for name, values in QueryDict(search.query).lists() if name not in COUNTED)
    said = repr((search.kind.name, asked, run and run.pk))
    name = f"fhir-total-{hashlib.sha256(said.encode()).hexdigest()}"
    counted: int | None = cache.get(name)
    if counted is None:
        counted = found_keys(search).count()
        cache.set(name, counted, KEPT)
    return counted
