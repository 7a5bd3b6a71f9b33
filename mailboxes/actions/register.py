"""What enters the register, and how it is described there."""

from django.db import transaction

from mailboxes import rules
from mailboxes.actions.journal import locked, shown, write
from mailboxes.actions.requests import write_requests
from mailboxes.lifecycle import Act, Party, State
from mailboxes.models import Bal, Cotitulaire, Operator, Person, Reading, Structure

LABELS = {field.name: field.verbose_name for field in Bal._meta.fields}
DESCRIBED = ("service", "description", "purpose", "liste_rouge", "responsable", "quota_mb")


@transaction.atomic
def register_bal(
    *,
    structure: Structure,
    operator: Operator,
    kind: str,
    address: str,
    by,
    principal: Person | None = None,
    exists: bool = False,
    note: str = "",
    **described,
) -> Bal:
    """Enter a BAL: one that exists at the operator (`exists`), or one that the operator is hereby asked to open."""
    address = address.strip().lower()
    rules.check_register(structure, operator, kind, address, principal, by=by)
    state = State.ACTIVE if exists else State.REQUESTED
    described.setdefault("quota_mb", operator.default_quota_mb)
    bal = Bal(structure=structure, operator=operator, kind=kind, address=address, state=state, **described)
    rules.check_row(bal)
    bal.save()
    if principal:
        Cotitulaire.objects.create(bal=bal, person=principal, is_principal=True)
    parties = frozenset() if exists else frozenset({Party.OPERATOR})
    entry = write(bal, Act.REGISTER, by=by, after=state, note=note, parties=parties)
    if not exists:
        write_requests([bal], [entry], Act.REGISTER, by=by, reason=note)
    return bal


@transaction.atomic
def describe_bal(bal: Bal, *, by, **facts) -> Bal:
    """Change what the register says of a BAL; each field changed leaves its own line."""
    bal = locked(bal)
    rules.check_act(bal, Act.DESCRIBE, by=by)
    unknown = facts.keys() - set(DESCRIBED)
    if unknown:
        raise TypeError(f"not a described field: {', '.join(sorted(unknown))}")
    changed = {name: value for name, value in facts.items() if getattr(bal, name) != value}
    befores = {name: getattr(bal, name) for name in changed}
    for name, value in changed.items():
        setattr(bal, name, value)
    if changed:
        rules.check_row(bal)
        if "quota_mb" in changed:
            bal.measure()  # at once, not at the next reading
            bal.foresee(Reading.objects.points_of([bal])[bal.pk])
        bal.save(update_fields=[*changed, "percent_full", "full_on"])
    for name, value in changed.items():
        label = LABELS[name]
        write(bal, Act.DESCRIBE, by=by, before=f"{label} : {shown(befores[name])}", after=f"{label} : {shown(value)}")
    return bal
