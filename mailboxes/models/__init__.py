"""The BAL and all that stands around them, cut by the domain's nouns."""

from mailboxes.models.addresses import TakenAddress
from mailboxes.models.aliases import Alias
from mailboxes.models.anomalies import Anomaly
from mailboxes.models.applicative import ApplicativeFacts
from mailboxes.models.bal_sets import Use
from mailboxes.models.bals import Bal, read_together
from mailboxes.models.calls import Call
from mailboxes.models.contacts import Contact, ContactChange, contact_of
from mailboxes.models.engagements import Engagement
from mailboxes.models.gaps import Claim, FoundGap, GapDecision, GapSearch
from mailboxes.models.holders import Cotitulaire, Delegataire
from mailboxes.models.joining import Joining
from mailboxes.models.journal import AccessTrace, JournalEntry, Notice
from mailboxes.models.layouts import RequestLayout
from mailboxes.models.mailservers import AutoReply, MailAccess, MailServer, RestingServer
from mailboxes.models.measures import Measure
from mailboxes.models.movements import Movement, Step
from mailboxes.models.operators import Domain, Operator, Price
from mailboxes.models.people import Affiliation, Person, situations_by_rpps
from mailboxes.models.preferences import Preference
from mailboxes.models.requests import Request
from mailboxes.models.seals import Seal
from mailboxes.models.sightings import Sighting
from mailboxes.models.standings import Standing, standing_of, standings
from mailboxes.models.start import PassedStep
from mailboxes.models.structures import Membership, Structure, managed_identifiers
from mailboxes.models.system import SYSTEM, Signatory, System
from mailboxes.models.usage import Reading

__all__ = [
    "SYSTEM",
    "AccessTrace",
    "Affiliation",
    "Alias",
    "Anomaly",
    "ApplicativeFacts",
    "AutoReply",
    "Bal",
    "Call",
    "Claim",
    "Contact",
    "ContactChange",
    "Cotitulaire",
    "Delegataire",
    "Domain",
    "Engagement",
    "FoundGap",
    "GapDecision",
    "GapSearch",
    "Joining",
    "JournalEntry",
    "MailAccess",
    "MailServer",
    "Measure",
    "Membership",
    "Movement",
    "Notice",
    "Operator",
    "PassedStep",
    "Person",
    "Preference",
    "Price",
    "Reading",
    "Request",
    "RequestLayout",
    "RestingServer",
    "Seal",
    "Sighting",
    "Signatory",
    "Standing",
    "Step",
    "Structure",
    "System",
    "TakenAddress",
    "Use",
    "contact_of",
    "managed_identifiers",
    "read_together",
    "situations_by_rpps",
    "standing_of",
    "standings",
]
