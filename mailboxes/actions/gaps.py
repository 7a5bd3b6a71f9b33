"""What mends a gap between the register and the annuaire, or sets it aside."""

from datetime import date

from django.db import transaction
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.journal import write, write_about
from mailboxes.actions.measures import mend_gap, reopen_gap, settle_gap
from mailboxes.actions.people import record_person
from mailboxes.actions.register import describe_bal, register_bal
from mailboxes.actions.requests import ask, cancel
from mailboxes.gaps import Gap, Gaps, request_for
from mailboxes.lifecycle import Act
from mailboxes.models import Bal, GapDecision, JournalEntry, Operator, Person, Request, Structure


@transaction.atomic
def adopt(gap: Gap, *, by, attested: bool = False) -> Bal:
    """Enter in the register what the annuaire shows; a holder unknown here is entered too, from its names.

    `attested`: who adopts vouches that this new holder has a CPS or an e-CPS, which the annuaire does not say.
    """
    gap, operator = _held(gap, Act.ADOPT, by=by)
    rules.check_adopt(gap, operator)
    assert operator and gap.structure and gap.entry  # noqa: S101, PT018 - the rules have seen to it
    entry = gap.entry
    mend_gap(gap)
    return register_bal(
        structure=gap.structure,
        operator=operator,
        kind=entry.kind,
        address=gap.address,
        principal=_holder(gap, attested=attested, by=by),
        exists=True,
        service=entry.service,
        note="Reprise de l’annuaire.",
        by=by,
    )


def _holder(gap: Gap, *, attested: bool, by) -> Person | None:
    """The titulaire of a PER. A shared BAL listed under several names has none here: the annuaire does not tell the
    principal."""
    if len(gap.rpps) != 1:
        return None
    entry = next(entry for entry in gap.entries if entry.person_id == gap.rpps[0])
    known = Person.objects.filter(rpps=entry.person_id).first()
    return known or record_person(
        Structure.objects.get(pk=gap.structure_id),
        by=by,
        rpps=entry.person_id,
        family_name=entry.family_name.title(),
        given_name=entry.given_name,
        profession=entry.profession[:100],
        has_cps=attested,
    )


@transaction.atomic
def accept_annuaire(gap: Gap, *, by) -> Bal:
    """Write in the register what the annuaire says, where the register's own form could."""
    gap, _ = _held(gap, Act.ACCEPT_ANNUAIRE, by=by)
    rules.check_accept(gap.differences)
    assert gap.bal and gap.entry  # noqa: S101, PT018 - the rule has seen to it
    mend_gap(gap)
    return describe_bal(gap.bal, by=by, service=gap.entry.service)


@transaction.atomic
def ask_operator(gap: Gap, *, by, reason: str = "") -> Request:
    """Ask the operator for what the situation calls for, once per fact; a request about an earlier fact is
    cancelled."""
    gap, operator = _held(gap, Act.ASK_OPERATOR, by=by)
    rules.check_ask_operator(gap, operator)
    assert gap.situation.asks  # noqa: S101 - as every situation whose remedies hold this act
    kind = gap.situation.asks
    same = Request.objects.awaited().filter(structure=gap.structure_id, address=gap.address, kind=kind)
    cancel(same, by=by, reason="Remplacée par une demande plus récente.")
    about = {"bal": gap.bal} if gap.bal else {"structure": gap.structure, "operator": operator, "address": gap.address}
    request = ask(kind, by=by, detail=request_for(gap), reason=reason, **about)
    _decide(gap, GapDecision.Decision.ASKED, by=by, reason=reason)
    return request


@transaction.atomic
def ignore_gap(gap: Gap, *, by, reason: str, until: date | None = None) -> GapDecision:
    gap, _ = _held(gap, Act.IGNORE_GAP, by=by)
    rules.check_ignore(reason, until)
    same = {"decision": GapDecision.Decision.IGNORED, "digest": gap.digest, "reason": reason, "until": until}
    if known := _decided(gap).filter(**same).first():
        return known
    day = f" jusqu’au {until:%d/%m/%Y}" if until else ""
    _write(gap, Act.IGNORE_GAP, by=by, note=f"{reason}{day}")
    return _decide(gap, GapDecision.Decision.IGNORED, by=by, reason=reason, until=until)


@transaction.atomic
def resume_gap(gap: Gap, *, by) -> None:
    """What was set aside is to be mended again; its reason stays in the journal."""
    gap, _ = _held(gap, Act.RESUME_GAP, by=by)
    rules.check_resume(gap.status)
    _decided(gap).delete()
    reopen_gap(gap)
    _write(gap, Act.RESUME_GAP, by=by, note="")


def _held(gap: Gap, act: Act, *, by) -> tuple[Gap, Operator | None]:
    """The gap as it stands now, its structure held, and the operator of its address."""
    structure = Structure.objects.select_for_update(no_key=True).filter(pk=gap.structure_id)
    rules.check_gap(structure.get(), act, gap.situation.remedies, by=by)
    now = Gaps(Structure.objects.filter(pk=gap.structure_id)).narrowed(situation=gap.situation.name)
    found = now.keyed([gap.key])
    rules.check_gap_stands(bool(found))
    operator = found[0].bal.operator if found[0].bal else Operator.objects.for_address(gap.address).first()
    return found[0], operator


def _decide(gap: Gap, decision: str, *, by, **facts) -> GapDecision:
    settle_gap(gap)
    facts = {"until": None, **facts, "decision": decision, "digest": gap.digest, "by": by, "at": timezone.now()}
    return GapDecision.objects.update_or_create(
        structure=gap.structure, situation=gap.situation.name, address=gap.address, defaults=facts
    )[0]


def _decided(gap: Gap):
    return GapDecision.objects.filter(structure=gap.structure_id, situation=gap.situation.name, address=gap.address)


def _write(gap: Gap, act: Act, *, by, note: str) -> JournalEntry:
    """Write in the BAL's journal; where the register has no such BAL, in the structure's, about the address."""
    title = gap.situation.title
    if gap.bal:
        return write(gap.bal, act, by=by, before=title, note=note)
    about = {"structure": gap.structure, "address": gap.address}
    return write_about(act, by=by, before=title, note=note, about=about)
