"""Everything anyone can do to a BAL. Each action locks it, checks its rule, writes, and leaves a line in the journal.

`by` is who acts: an account, or `SYSTEM`; never None.
"""

from mailboxes.actions.claims import Answered, answer, ask_person, remind_person
from mailboxes.actions.delegations import delegate, end_delegation
from mailboxes.actions.gaps import accept_annuaire, adopt, ask_operator, ignore_gap
from mailboxes.actions.holders import add_cotitulaire, name_principal, remove_cotitulaire, transfer_principal
from mailboxes.actions.moves import Tally, move, move_each
from mailboxes.actions.register import describe_bal, record_person, register_bal
from mailboxes.actions.requests import open_request
from mailboxes.actions.software import OVERLAP_DAYS, declare_software, revoke_key, rotate_key
from mailboxes.actions.traces import trace
from mailboxes.actions.usage import ask_more_space, declare_use, record_usage, update_quota_warnings
from mailboxes.actions.webhooks import add_webhook, change_webhook, renew_secret, replay, try_webhook

__all__ = [
    "OVERLAP_DAYS",
    "Answered",
    "Tally",
    "accept_annuaire",
    "add_cotitulaire",
    "add_webhook",
    "adopt",
    "answer",
    "ask_more_space",
    "ask_operator",
    "ask_person",
    "change_webhook",
    "declare_software",
    "declare_use",
    "delegate",
    "describe_bal",
    "end_delegation",
    "ignore_gap",
    "move",
    "move_each",
    "name_principal",
    "open_request",
    "record_person",
    "record_usage",
    "register_bal",
    "remind_person",
    "remove_cotitulaire",
    "renew_secret",
    "replay",
    "revoke_key",
    "rotate_key",
    "trace",
    "transfer_principal",
    "try_webhook",
    "update_quota_warnings",
]
