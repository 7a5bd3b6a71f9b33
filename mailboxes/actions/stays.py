"""The end of a stay: its day said, taken back, and carried out; the hand-over asked for beforehand."""

from datetime import date

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.holders import leave_bal
from mailboxes.actions.journal import write_about
from mailboxes.actions.people import lock_stay
from mailboxes.lifecycle import Act
from mailboxes.models import Affiliation, Bal, JournalEntry, standing_of

ON_THE_DAY = "Départ de la personne."


@transaction.atomic
def record_departure(stay: Affiliation, left_on: date | None, *, by, note: str = "") -> Affiliation:
    """Record that the person leaves on `left_on`; on that day they lose their last accesses."""
    hold_bals_of(stay)
    stay = lock_stay(stay)
    rules.check_record_departure(standing_of(stay), left_on, by=by)
    stay.left_on = left_on
    stay.save(update_fields=["left_on"])
    about = {"person": stay.person, "structure": stay.structure}
    write_about(Act.RECORD_DEPARTURE, by=by, about=about, after=f"{left_on:%d/%m/%Y}", note=note)
    if stay.is_over:
        _apply(stay, by=by)
    return stay


@transaction.atomic
def cancel_departure(stay: Affiliation, *, by, note: str = "") -> Affiliation:
    """Undo a departure. Accesses already taken away are not given back: those who gave them must do so again."""
    stay = lock_stay(stay)
    rules.check_cancel_departure(stay, by=by)
    undo_departure(stay, by=by, note=note)
    return stay


@transaction.atomic
def apply_departure(stay: Affiliation, *, by) -> Affiliation:
    """Carry out a departure on its day: the person is no longer cotitulaire, and the delegations they gave or had end.

    They stay on a BAL of which they became the principal in the meantime: it is shown among the orphans.
    """
    hold_bals_of(stay)
    stay = lock_stay(stay)
    rules.check_apply_departure(stay, by=by)
    _apply(stay, by=by)
    return stay


@transaction.atomic
def ask_handover(stay: Affiliation, *, by) -> JournalEntry:
    """Ask the principal, who alone can hand over, to do so, with the list of what depends on them."""
    stay = lock_stay(stay)
    standing = standing_of(stay)
    rules.check_ask_handover(standing, is_handover_asked_today(stay), by=by)
    addresses = ", ".join(row.bal.address for row in standing.blocking)
    about = {"person": stay.person, "structure": stay.structure}
    cycle = f"stay-{stay.pk}-{timezone.localdate():%Y%m%d}"
    return write_about(Act.ASK_HANDOVER, by=by, about=about, after=addresses, to=stay.person, cycle=cycle)


def is_handover_asked_today(stay: Affiliation) -> bool:
    asked = JournalEntry.objects.filter(what=Act.ASK_HANDOVER, person=stay.person_id, structure=stay.structure_id)
    return asked.filter(at__date=timezone.localdate()).exists()


def _apply(stay: Affiliation, *, by) -> None:
    standing = standing_of(stay)
    lent = {row.bal_id for row in [*standing.given, *standing.received]}
    held = {row.bal_id for row in standing.shared if not row.is_principal}
    for pk in sorted(lent | held):  # in order: two at once wait for each other
        leave_bal(Bal(pk=pk), stay.person, by=by, note=ON_THE_DAY)
    stay.applied_at = timezone.now()
    stay.save(update_fields=["applied_at"])


def hold_bals_of(stay: Affiliation) -> None:
    """Lock the person's BAL before the stay, in the order that naming them on a BAL takes: two at once wait for each
    other."""
    person = stay.person_id
    held = Q(cotitulaires__person=person) | Q(delegataires__person=person) | Q(delegataires__under=person)
    bals = Bal.objects.locked().filter(pk__in=Bal.objects.filter(held).values("pk"))
    list(bals.order_by("pk").values_list("pk", flat=True))


def undo_departure(stay: Affiliation, *, by, note: str) -> None:
    if stay.is_over:
        rules.check_agreed(stay.person, stay.structure, by=by)
    before = f"{stay.left_on:%d/%m/%Y}"
    stay.left_on = stay.applied_at = None
    stay.save(update_fields=["left_on", "applied_at"])
    about = {"person": stay.person, "structure": stay.structure}
    write_about(Act.CANCEL_DEPARTURE, by=by, about=about, before=before, note=note)
