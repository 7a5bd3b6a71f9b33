"""Our copy of the annuaire: what it says today, what it said, and every run that brought it here."""

from directory.models.activities import Activity, place_key_in_sql
from directory.models.copied import Copied
from directory.models.domains import TrustedDomain
from directory.models.entries import Entry
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
    "place_key_in_sql",
]
