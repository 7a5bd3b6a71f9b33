"""Everything anyone can do to a BAL. Each action locks it, checks its rule, writes, and leaves a line in the journal.

`by` is who acts: an account, or `SYSTEM`; never None.
"""

from mailboxes.actions.claims import Answered, answer, ask_person, remind_person
from mailboxes.actions.delegations import delegate, end_delegation
from mailboxes.actions.gaps import accept_annuaire, adopt, ask_operator, ignore_gap
from mailboxes.actions.holders import add_cotitulaire, name_principal, remove_cotitulaire, transfer_principal
from mailboxes.actions.imports import (
    apply_import,
    carry_on,
    forecast_import,
    forget_import,
    read_columns,
    receive_import,
    undo_import,
)
from mailboxes.actions.moves import Tally, move, move_each
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
    "apply_import",
    "ask_operator",
    "ask_person",
    "carry_on",
    "declare_use",
    "delegate",
    "describe_bal",
    "end_delegation",
    "forecast_import",
    "forget_import",
    "ignore_gap",
    "move",
    "move_each",
    "name_principal",
    "open_request",
    "read_columns",
    "receive_import",
    "record_person",
    "record_usage",
    "register_bal",
    "remind_person",
    "remove_cotitulaire",
    "trace",
    "transfer_principal",
    "undo_import",
    "update_quota_warning",
]
