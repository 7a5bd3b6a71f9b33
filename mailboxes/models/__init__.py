"""The BAL and all that stands around them, cut by the domain's nouns."""

from mailboxes.models.bals import Bal
from mailboxes.models.calls import Call
from mailboxes.models.gaps import Claim, GapDecision
from mailboxes.models.holders import Cotitulaire, Delegataire
from mailboxes.models.imports import ColumnMapping, Import, ImportLine
from mailboxes.models.journal import AccessTrace, JournalEntry, Notice
from mailboxes.models.layouts import RequestLayout
from mailboxes.models.openings import NamingPolicy, OpeningDraft
from mailboxes.models.people import Affiliation, Person, situations_by_rpps
from mailboxes.models.requests import Request
from mailboxes.models.software import Software, SoftwareKey
from mailboxes.models.structures import Domain, Membership, Operator, Structure, managed_identifiers
from mailboxes.models.system import SYSTEM, Signatory, System
from mailboxes.models.usage import Reading
from mailboxes.models.webhooks import Delivery, Webhook

__all__ = [
    "SYSTEM",
    "AccessTrace",
    "Affiliation",
    "Bal",
    "Call",
    "Claim",
    "ColumnMapping",
    "Cotitulaire",
    "Delegataire",
    "Delivery",
    "Domain",
    "GapDecision",
    "Import",
    "ImportLine",
    "JournalEntry",
    "Membership",
    "NamingPolicy",
    "Notice",
    "OpeningDraft",
    "Operator",
    "Person",
    "Reading",
    "Request",
    "RequestLayout",
    "Signatory",
    "Software",
    "SoftwareKey",
    "Structure",
    "System",
    "Webhook",
    "managed_identifiers",
    "situations_by_rpps",
]
