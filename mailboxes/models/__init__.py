"""The BAL and all that stands around them, cut by the domain's nouns."""

from mailboxes.models.anomalies import Anomaly
from mailboxes.models.applicative import ApplicativeFacts
from mailboxes.models.bals import Bal, Use
from mailboxes.models.calls import Call
from mailboxes.models.campaigns import Campaign, CampaignTarget
from mailboxes.models.gaps import Claim, GapDecision
from mailboxes.models.holders import Cotitulaire, Delegataire
from mailboxes.models.imports import ColumnMapping, Import, ImportLine
from mailboxes.models.journal import AccessTrace, JournalEntry, Notice
from mailboxes.models.layouts import RequestLayout
from mailboxes.models.measures import Measure
from mailboxes.models.movements import Movement, Step
from mailboxes.models.openings import NamingPolicy, OpeningDraft
from mailboxes.models.people import Affiliation, Person, situations_by_rpps
from mailboxes.models.preferences import Preference
from mailboxes.models.protocol import ProtocolText
from mailboxes.models.requests import Request
from mailboxes.models.software import Software, SoftwareKey
from mailboxes.models.standings import Standing, standing_of, standings
from mailboxes.models.structures import Domain, Membership, Operator, Price, Structure, managed_identifiers
from mailboxes.models.system import SYSTEM, Signatory, System
from mailboxes.models.usage import Reading
from mailboxes.models.webhooks import Delivery, Webhook

__all__ = [
    "SYSTEM",
    "AccessTrace",
    "Affiliation",
    "Anomaly",
    "ApplicativeFacts",
    "Bal",
    "Call",
    "Campaign",
    "CampaignTarget",
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
    "Measure",
    "Membership",
    "Movement",
    "NamingPolicy",
    "Notice",
    "OpeningDraft",
    "Operator",
    "Person",
    "Preference",
    "Price",
    "ProtocolText",
    "Reading",
    "Request",
    "RequestLayout",
    "Signatory",
    "Software",
    "SoftwareKey",
    "Standing",
    "Step",
    "Structure",
    "System",
    "Use",
    "Webhook",
    "managed_identifiers",
    "situations_by_rpps",
    "standing_of",
    "standings",
]
