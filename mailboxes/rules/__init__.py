"""What the domain refuses, each rule once.

A rule is a `check_…` function that raises `Refused` or returns nothing. Actions call it under a lock before they write;
screens ask `allows(check_…, …)` to know which buttons to show. No form, serializer, admin or task states one.
"""

from mailboxes.rules.anomalies import check_note_anomaly, check_resolve_anomaly
from mailboxes.rules.applicative import (
    CERTIFICATE_THRESHOLDS,
    certificate_level,
    check_describe_applicative,
    check_is_applicative,
)
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
from mailboxes.rules.protocol import check_write_protocol
from mailboxes.rules.refusals import NotAllowed, Refused, allows, check_row
from mailboxes.rules.register import check_record_person, check_register, check_register_somewhere
from mailboxes.rules.usage import check_reading, is_new_activity, quota_level

__all__ = [
    "CERTIFICATE_THRESHOLDS",
    "MAX_COTITULAIRES",
    "NotAllowed",
    "Refused",
    "allows",
    "certificate_level",
    "check_accept",
    "check_act",
    "check_add_cotitulaire",
    "check_adopt",
    "check_annuaire_fresh",
    "check_answer",
    "check_ask_operator",
    "check_ask_person",
    "check_attested",
    "check_can_hold",
    "check_delegate",
    "check_depublished_first",
    "check_describe_applicative",
    "check_end_delegation",
    "check_gap",
    "check_gap_stands",
    "check_ignore",
    "check_is_applicative",
    "check_move",
    "check_name_principal",
    "check_note_anomaly",
    "check_open_request",
    "check_read_history",
    "check_reading",
    "check_record_person",
    "check_register",
    "check_register_somewhere",
    "check_remind_person",
    "check_remove_cotitulaire",
    "check_repair_orphan",
    "check_resolve_anomaly",
    "check_role",
    "check_row",
    "check_seen_absent",
    "check_transfer_principal",
    "check_write_protocol",
    "is_new_activity",
    "quota_level",
]
