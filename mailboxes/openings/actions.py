"""A BAL asked of its operator with all who will use it; and how a structure names its BAL."""

from collections.abc import Iterable
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from mailboxes import rules
from mailboxes.actions.delegations import delegate
from mailboxes.actions.journal import write, write_about
from mailboxes.actions.people import recorded
from mailboxes.actions.requests import write_requests
from mailboxes.lifecycle import Act, Party, Role, State
from mailboxes.models import Bal, Cotitulaire, Operator, Person, Structure
from mailboxes.models.holders import rights_of
from mailboxes.openings.models import NAMING, NamingPolicy, OpeningDraft
from mailboxes.openings.rules import check_foreseen, check_request_opening, roles_to_be


class Foreseen(NamedTuple):
    """Someone to whom access will be lent."""

    person: Person
    reason: str
    can_read: bool = True
    can_send: bool = False

    def __str__(self):
        return f"{self.person} ({rights_of(self.can_read, self.can_send)}) : {self.reason}"


@transaction.atomic
def request_opening(
    *,
    structure: Structure,
    operator: Operator,
    kind: str,
    address: str,
    by,
    principal: Person | None = None,
    cotitulaires: Iterable[Person] = (),
    delegataires: Iterable[Foreseen] = (),
    detail: str = "",
    draft: OpeningDraft | None = None,
    **described,
) -> Bal:
    """Ask the operator to open a BAL; those named in the request hold it from the start.

    A professional lends access in their own name alone: what others foresee for them is told to them, not done.
    """
    address, cotitulaires, delegataires = address.strip().lower(), list(cotitulaires), list(delegataires)
    purpose = described.get("purpose", "")
    facts = {"purpose": purpose, "cotitulaires": cotitulaires}
    check_request_opening(structure, operator, kind, address, principal, by=by, **facts)
    check_foreseen(kind, [principal, *cotitulaires], [one.person for one in delegataires])
    roles = roles_to_be(structure, kind, principal, by)
    described.setdefault("quota_mb", operator.default_quota_mb)
    bal = Bal(structure=structure, operator=operator, kind=kind, address=address, state=State.REQUESTED, **described)
    rules.check_row(bal)
    bal.save()
    for rank, person in enumerate([principal, *cotitulaires] if principal else []):
        person = recorded(person, structure, roles=roles, by=by)
        Cotitulaire.objects.create(bal=bal, person=person, is_principal=rank == 0)
    is_own = bool(roles & {Role.TITULAIRE, Role.PRINCIPAL})
    # What the letter of an opening has no place for: it names the principal, the service and the use.
    others = [f"Cotitulaire : {person}, RPPS {person.rpps}" for person in cotitulaires]
    others += [f"Responsable de structure : {bal.responsable}"] if bal.responsable else []
    others += [f"Délégation prévue : {one}" for one in delegataires]
    parties = {Party.OPERATOR, Party.HOLDERS, *([] if Role.GESTIONNAIRE in roles else [Party.GESTIONNAIRES])}
    note = "\n".join(filter(None, [detail, *others]))
    entry = write(bal, Act.REQUEST_OPENING, by=by, after=bal.state, note=note, parties=frozenset(parties))
    write_requests([bal], [entry], Act.REQUEST_OPENING, by=by, reason=note)
    for one in delegataires if is_own else []:
        assert principal  # noqa: S101 - it is `by`
        delegate(
            bal, one.person, under=principal, reason=one.reason, by=by, can_read=one.can_read, can_send=one.can_send
        )
    if draft:
        draft.delete()
    return bal


def preview_opening(**facts) -> str:
    """What the operator would get; everything is done and undone, so that it is refused here for the same reasons."""
    with transaction.atomic():
        bal = request_opening(**facts)
        text = bal.notices.get(party=Party.OPERATOR).text
        transaction.set_rollback(True)
    return text


def begin_draft(*, by) -> OpeningDraft:
    rules.check_request_somewhere(by=by)
    return OpeningDraft.objects.create(user=by)


def save_draft(draft: OpeningDraft, step: str, answers: dict) -> OpeningDraft:
    """Keep what was answered at one step; its author's own notes, of which nobody else hears."""
    draft.answers = {**draft.answers, step: answers}
    draft.changed_at = timezone.now()
    draft.save(update_fields=["answers", "changed_at"])
    return draft


def drop_draft(draft: OpeningDraft) -> None:
    draft.delete()


@transaction.atomic
def set_naming(structure: Structure, *, by, **facts) -> NamingPolicy:
    """Fix how the structure, and all below it without a policy of their own, name their BAL from now on."""
    rules.check_set_naming(structure, by=by)
    if unknown := facts.keys() - set(NAMING):
        raise TypeError(f"not of a naming policy: {', '.join(sorted(unknown))}")
    policy = NamingPolicy.objects.select_for_update().own(structure)
    before = _told(policy) if policy.pk else ""
    for name, value in facts.items():
        setattr(policy, name, value)
    rules.check_row(policy)
    policy.save()
    if before != _told(policy):
        write_about(Act.SET_NAMING, by=by, about={"structure": structure}, before=before, after=_told(policy))
    return policy


def _told(policy: NamingPolicy) -> str:
    return ", ".join(str(getattr(policy, name)) for name in NAMING)
