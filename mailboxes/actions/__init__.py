"""Everything anyone can do to a BAL. Each action locks it, checks its rule, writes, and leaves a line in the journal.

`by` is who acts: an account, or `SYSTEM`; never None.
"""

from mailboxes.actions.anomalies import note_anomaly, resolve_anomaly
from mailboxes.actions.applicative import describe_applicative, warn_certificate
from mailboxes.actions.claims import Answered, answer, ask_person, remind_person
from mailboxes.actions.delegations import delegate, end_delegation
from mailboxes.actions.gaps import accept_annuaire, adopt, ask_operator, ignore_gap
from mailboxes.actions.holders import add_cotitulaire, name_principal, remove_cotitulaire, transfer_principal
from mailboxes.actions.measures import keep_measures
from mailboxes.actions.moves import Tally, move, move_each
from mailboxes.actions.protocol import write_protocol
from mailboxes.actions.register import describe_bal, record_person, register_bal
from mailboxes.actions.requests import open_request
from mailboxes.actions.traces import trace
from mailboxes.actions.usage import declare_use, record_usage, update_quota_warning

__all__ = [
    "Answered",
    "Tally",
    "accept_annuaire",
    "add_cotitulaire",
    "adopt",
    "answer",
    "ask_operator",
    "ask_person",
    "declare_use",
    "delegate",
    "describe_applicative",
    "describe_bal",
    "end_delegation",
    "ignore_gap",
    "keep_measures",
    "move",
    "move_each",
    "name_principal",
    "note_anomaly",
    "open_request",
    "record_person",
    "record_usage",
    "register_bal",
    "remind_person",
    "remove_cotitulaire",
    "resolve_anomaly",
    "trace",
    "transfer_principal",
    "update_quota_warning",
    "warn_certificate",
    "write_protocol",
]
