"""Everything anyone can do to a BAL. Each action locks it, checks its rule, writes, and leaves a line in the journal.

`by` is who acts: an account, or `SYSTEM`; never None.
"""

from mailboxes.actions.accesses import object_access, record_access, request_access
from mailboxes.actions.aliases import add_alias, drop_alias
from mailboxes.actions.anomalies import note_anomaly, resolve_anomaly
from mailboxes.actions.answers import step, step_each
from mailboxes.actions.applicative import describe_applicative, warn_certificate, warn_certificates
from mailboxes.actions.batches import Tally, alone
from mailboxes.actions.claims import Answered, answer, ask_people, ask_person, remind_people
from mailboxes.actions.contacts import apply_contact, ask_contact, confirm_contact, object_contact, prefer_channel
from mailboxes.actions.corrections import ask_correction, correct_bal, correct_person
from mailboxes.actions.delegations import (
    ask_extension,
    asked_extension,
    asked_extensions,
    delegate,
    end_delegation,
    extend_delegation,
    is_extension_asked,
    take_over_delegation,
)
from mailboxes.actions.departures import Departure, depart, foresee_departure
from mailboxes.actions.gaps import accept_annuaire, adopt, ask_operator, ignore_gap, resume_gap
from mailboxes.actions.holders import add_cotitulaire, hand_over, name_principal, remove_cotitulaire, transfer_principal
from mailboxes.actions.idleness import (
    ask_deletion,
    ask_use,
    ask_use_each,
    escalate_idle_each,
    remind_idle_each,
    remind_use_each,
)
from mailboxes.actions.joining import accept_joining, ask_joining, expire_joining, refuse_joining
from mailboxes.actions.layouts import delete_layout, write_layout
from mailboxes.actions.measures import keep_gaps, keep_measures
from mailboxes.actions.movements import (
    cancel_movement,
    close_movement,
    open_movement,
    remind_movement,
    remind_movements,
    reopen_step,
    settle_step,
)
from mailboxes.actions.moves import move, move_each
from mailboxes.actions.notices import answer_notice, give_notice, resend_notice
from mailboxes.actions.own_words import write_words
from mailboxes.actions.people import describe_person, describe_stay, note_export, record_person, welcome_person
from mailboxes.actions.places import (
    describe_operator,
    describe_structure,
    pass_steps,
    record_operator,
    record_structure,
    reserve_domain,
)
from mailboxes.actions.preferences import prefer, request_preference
from mailboxes.actions.readings import Pushed, ReadingVerdict, Result, record_readings
from mailboxes.actions.register import describe_bal, register_bal
from mailboxes.actions.requests import open_request
from mailboxes.actions.sightings import dismiss_sighting, note_sightings
from mailboxes.actions.stays import apply_departure, ask_handover, cancel_departure, record_departure
from mailboxes.actions.thresholds import choose_threshold
from mailboxes.actions.traces import trace
from mailboxes.actions.usage import ask_more_space, declare_use, update_quota_warnings
from mailboxes.actions.wayout import request_depublication

__all__ = [
    "Answered",
    "Departure",
    "Pushed",
    "ReadingVerdict",
    "Result",
    "Tally",
    "accept_annuaire",
    "accept_joining",
    "add_alias",
    "add_cotitulaire",
    "adopt",
    "alone",
    "answer",
    "answer_notice",
    "apply_contact",
    "apply_departure",
    "ask_contact",
    "ask_correction",
    "ask_deletion",
    "ask_extension",
    "ask_handover",
    "ask_joining",
    "ask_more_space",
    "ask_operator",
    "ask_people",
    "ask_person",
    "ask_use",
    "ask_use_each",
    "asked_extension",
    "asked_extensions",
    "cancel_departure",
    "cancel_movement",
    "choose_threshold",
    "close_movement",
    "confirm_contact",
    "correct_bal",
    "correct_person",
    "declare_use",
    "delegate",
    "delete_layout",
    "depart",
    "describe_applicative",
    "describe_bal",
    "describe_operator",
    "describe_person",
    "describe_stay",
    "describe_structure",
    "dismiss_sighting",
    "drop_alias",
    "end_delegation",
    "escalate_idle_each",
    "expire_joining",
    "extend_delegation",
    "foresee_departure",
    "give_notice",
    "hand_over",
    "ignore_gap",
    "is_extension_asked",
    "keep_gaps",
    "keep_measures",
    "move",
    "move_each",
    "name_principal",
    "note_anomaly",
    "note_export",
    "note_sightings",
    "object_access",
    "object_contact",
    "open_movement",
    "open_request",
    "pass_steps",
    "prefer",
    "prefer_channel",
    "record_access",
    "record_departure",
    "record_operator",
    "record_person",
    "record_readings",
    "record_structure",
    "refuse_joining",
    "register_bal",
    "remind_idle_each",
    "remind_movement",
    "remind_movements",
    "remind_people",
    "remind_use_each",
    "remove_cotitulaire",
    "reopen_step",
    "request_access",
    "request_depublication",
    "request_preference",
    "resend_notice",
    "reserve_domain",
    "resolve_anomaly",
    "resume_gap",
    "settle_step",
    "step",
    "step_each",
    "take_over_delegation",
    "trace",
    "transfer_principal",
    "update_quota_warnings",
    "warn_certificate",
    "warn_certificates",
    "welcome_person",
    "write_layout",
    "write_words",
]
