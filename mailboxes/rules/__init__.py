"""What the domain refuses, each rule once.

A rule is a `check_…` function that raises `Refused` or returns nothing. Actions call it under a lock before they write;
screens ask `allows(check_…, …)` to know which buttons to show. No form, serializer, admin or task states one.
"""

from mailboxes.rules.claims import check_answer, check_ask_person, check_remind_person
from mailboxes.rules.delegations import check_delegate, check_end_delegation, check_take_over
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
    check_stays,
    check_transfer_principal,
    has_left,
)
from mailboxes.rules.moves import (
    check_act,
    check_annuaire_fresh,
    check_attested,
    check_depublished_first,
    check_move,
    check_open_request,
    check_read_history,
    check_role,
    check_seen_absent,
)
from mailboxes.rules.people import (
    check_apply_departure,
    check_ask_handover,
    check_cancel_departure,
    check_close_movement,
    check_describe_person,
    check_describe_stay,
    check_movement_open,
    check_open_movement,
    check_person_act,
    check_read_person,
    check_record_departure,
    check_record_person,
    check_settle_step,
)
from mailboxes.rules.refusals import NotAllowed, Refused, allows, check_row
from mailboxes.rules.register import check_register, check_register_somewhere
from mailboxes.rules.software import MAX_KEY_DAYS, check_key_days, check_key_stands, check_software
from mailboxes.rules.usage import check_reading, is_new_activity, quota_level
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
    "check_apply_departure",
    "check_ask_handover",
    "check_ask_operator",
    "check_ask_person",
    "check_attested",
    "check_can_hold",
    "check_cancel_departure",
    "check_close_movement",
    "check_delegate",
    "check_depublished_first",
    "check_describe_person",
    "check_describe_stay",
    "check_end_delegation",
    "check_gap",
    "check_gap_stands",
    "check_ignore",
    "check_key_days",
    "check_key_stands",
    "check_move",
    "check_movement_open",
    "check_name_principal",
    "check_open_movement",
    "check_open_request",
    "check_person_act",
    "check_read_history",
    "check_read_person",
    "check_reading",
    "check_record_departure",
    "check_record_person",
    "check_register",
    "check_register_somewhere",
    "check_remind_person",
    "check_remove_cotitulaire",
    "check_repair_orphan",
    "check_role",
    "check_row",
    "check_seen_absent",
    "check_settle_step",
    "check_software",
    "check_stays",
    "check_take_over",
    "check_transfer_principal",
    "check_webhook",
    "check_webhook_url",
    "has_left",
    "is_new_activity",
    "quota_level",
]
