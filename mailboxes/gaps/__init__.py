"""Where the register and the annuaire disagree, as one table: situation, sentence, remedies; each a set found in SQL.

A gap is computed; only what was decided of it is stored (`GapDecision`), with a digest of the fact it was decided on:
when the fact changes, the gap is open again. Those of many BAL are kept a quarter of an hour (`FoundGap`) by the same
query. Nothing is concluded from an absence in a stale annuaire.
"""

from mailboxes.gaps.facts import COLUMNS, Gap, request_for, spoken
from mailboxes.gaps.listing import Gaps
from mailboxes.gaps.table import BY_NAME, REMEDIES, SITUATIONS, STATUSES, Situation

__all__ = [
    "BY_NAME",
    "COLUMNS",
    "REMEDIES",
    "SITUATIONS",
    "STATUSES",
    "Gap",
    "Gaps",
    "Situation",
    "request_for",
    "spoken",
]
