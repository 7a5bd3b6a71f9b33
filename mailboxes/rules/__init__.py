"""What the domain refuses, each rule once.

A rule is a `check_…` function that raises `Refused` or returns nothing. Actions call it under a lock before they write;
screens ask `allows(check_…, …)` to know which buttons to show. No form, serializer, admin or task states one.
"""

from mailboxes.rules.claims import check_answer, check_ask_person, check_remind_person
from mailboxes.rules.delegations import check_delegate, check_end_delegation
from mailboxes.rules.gaps import (
    check_accept,
    check_adopt,
    check_ask_operator,
    check_gap,
    check_gap_stands,
    check_ignore,
)
from mailboxes.rules.holders import (
    MAX_COTITULAIRES,
    check_add_cotitulaire,
    check_can_hold,
    check_name_principal,
    check_remove_cotitulaire,
    check_repair_orphan,
    check_transfer_principal,
)
from mailboxes.rules.imports import (
    check_apply_import,
    check_columns,
    check_file_kept,
    check_import,
    check_nothing_later,
    check_preview,
    check_undo_import,
    check_within,
)
from mailboxes.rules.moves import (
    check_act,
    check_annuaire_fresh,
    check_attested,
    check_depublished_first,
    check_move,
    check_open_request,
    check_read_history,
    check_replacement,
    check_role,
    check_seen_absent,
)
from mailboxes.rules.notices import (
    check_answer_notice,
    check_ask_use,
    check_channel,
    check_given,
    check_mend_notice,
    check_prefer,
    check_reachable,
    check_still_due,
)
from mailboxes.rules.refusals import NotAllowed, Refused, allows, check_row, check_values
from mailboxes.rules.register import check_record_person, check_register, check_register_somewhere
from mailboxes.rules.requests import (
    check_escalate,
    check_refusal_told,
    check_remind,
    check_seen,
    check_step,
    check_write_layout,
    verb_of,
)
from mailboxes.rules.software import MAX_KEY_DAYS, check_key_days, check_key_stands, check_software
from mailboxes.rules.usage import check_reading, check_reading_dates, is_new_activity, is_use_while_leaving, quota_level
from mailboxes.rules.webhooks import check_webhook, check_webhook_url

__all__ = [
    "MAX_COTITULAIRES",
    "MAX_KEY_DAYS",
    "NotAllowed",
    "Refused",
    "allows",
    "check_accept",
    "check_act",
    "check_add_cotitulaire",
    "check_adopt",
    "check_annuaire_fresh",
    "check_answer",
    "check_answer_notice",
    "check_apply_import",
    "check_ask_operator",
    "check_ask_person",
    "check_ask_use",
    "check_attested",
    "check_can_hold",
    "check_channel",
    "check_columns",
    "check_delegate",
    "check_depublished_first",
    "check_end_delegation",
    "check_escalate",
    "check_file_kept",
    "check_gap",
    "check_gap_stands",
    "check_given",
    "check_ignore",
    "check_import",
    "check_key_days",
    "check_key_stands",
    "check_mend_notice",
    "check_move",
    "check_name_principal",
    "check_nothing_later",
    "check_open_request",
    "check_prefer",
    "check_preview",
    "check_reachable",
    "check_read_history",
    "check_reading",
    "check_reading_dates",
    "check_record_person",
    "check_refusal_told",
    "check_register",
    "check_register_somewhere",
    "check_remind",
    "check_remind_person",
    "check_remove_cotitulaire",
    "check_repair_orphan",
    "check_replacement",
    "check_role",
    "check_row",
    "check_seen",
    "check_seen_absent",
    "check_software",
    "check_step",
    "check_still_due",
    "check_transfer_principal",
    "check_undo_import",
    "check_values",
    "check_webhook",
    "check_webhook_url",
    "check_within",
    "check_write_layout",
    "is_new_activity",
    "is_use_while_leaving",
    "quota_level",
    "verb_of",
]
