"""Our copy of the annuaire: what it says today, what it said, and every run that brought it here."""

from directory.models.activities import Activity, place_key_in_sql
from directory.models.copied import Copied, current_in_sql
from directory.models.domains import TrustedDomain, outside_in_sql
from directory.models.entries import Entry, public_in_sql, published_in_sql
from directory.models.runs import Change, Figure, RejectedLine, SourceState, SyncRun

__all__ = [
    "Activity",
    "Change",
    "Copied",
    "Entry",
    "Figure",
    "RejectedLine",
    "SourceState",
    "SyncRun",
    "TrustedDomain",
    "current_in_sql",
    "outside_in_sql",
    "place_key_in_sql",
    "public_in_sql",
    "published_in_sql",
]
