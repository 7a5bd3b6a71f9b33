"""Everything anyone can do to a BAL. Each action locks it, checks its rule, writes, and leaves a line in the journal.

`by` is who acts: an account, or `SYSTEM`; never None.
"""

from mailboxes.actions.delegations import delegate, end_delegation
from mailboxes.actions.holders import add_cotitulaire, name_principal, remove_cotitulaire, transfer_principal
from mailboxes.actions.moves import Tally, move, move_each
from mailboxes.actions.register import describe_bal, record_person, register_bal
from mailboxes.actions.traces import trace
from mailboxes.actions.usage import declare_use, record_usage, update_quota_warning

__all__ = [
    "Tally",
    "add_cotitulaire",
    "declare_use",
    "delegate",
    "describe_bal",
    "end_delegation",
    "move",
    "move_each",
    "name_principal",
    "record_person",
    "record_usage",
    "register_bal",
    "remove_cotitulaire",
    "trace",
    "transfer_principal",
    "update_quota_warning",
]
