"""What needs doing, as one table: each finding says what it is about, why it matters, and the way to mend it."""

from mailboxes.findings.counts import (
    FINDING,
    KEPT,
    Counted,
    KeptCount,
    are_many,
    asked_within,
    bals_within,
    count_findings,
    kept_of_many,
    measured_total,
    reach_of,
)
from mailboxes.findings.sets import SOON, as_of, what_findings_rest_on
from mailboxes.findings.table import (
    BY_NAME,
    FINDINGS,
    OF_BALS,
    OF_MOVEMENTS,
    OF_SIGHTINGS,
    Finding,
    about_these,
    narrow,
    narrowed,
)

__all__ = [
    "BY_NAME",
    "FINDING",
    "FINDINGS",
    "KEPT",
    "OF_BALS",
    "OF_MOVEMENTS",
    "OF_SIGHTINGS",
    "SOON",
    "Counted",
    "Finding",
    "KeptCount",
    "about_these",
    "are_many",
    "as_of",
    "asked_within",
    "bals_within",
    "count_findings",
    "kept_of_many",
    "measured_total",
    "narrow",
    "narrowed",
    "reach_of",
    "what_findings_rest_on",
]
