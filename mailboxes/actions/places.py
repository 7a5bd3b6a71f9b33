"""Structures and operators entered and described, each change with its line in the journal."""

from collections.abc import Iterable
from decimal import Decimal

from django.db import transaction

from mailboxes import rules
from mailboxes.actions.changes import differing, set_fields, told
from mailboxes.actions.journal import shown, write_about
from mailboxes.lifecycle import Act
from mailboxes.models import Domain, Operator, PassedStep, Price, Structure

OF_STRUCTURE = (
    "name", "kind", "parent", "finess_ej", "finess_et", "siret", "rpps_rang", "postcode", "town", "referent",
    "referent_phone",
)  # fmt: skip
OF_OPERATOR = (
    "name", "request_email", "can_auto_reply", "can_notify", "can_suspend", "has_api", "default_quota_mb",
    "alert_after_months", "end_after_months", "fresh_days", "answer_days", "yearly_cost",
)  # fmt: skip


# --- Structures ---------------------------------------------------------------------------------------------------
@transaction.atomic
def record_structure(structure: Structure, *, by) -> Structure:
    rules.check_record_structure(structure, by=by)
    rules.check_row(structure)
    if structure.parent:  # what two windows enter below it is entered one after the other
        Structure.objects.select_for_update(of=("self",), no_key=True).get(pk=structure.parent.pk)
    rules.check_no_such_structure(structure)
    structure.save()
    after = f"{structure}, rattachée à {structure.parent}" if structure.parent else structure
    write_about(Act.RECORD_STRUCTURE, by=by, about={"structure": structure}, after=after)
    return structure


@transaction.atomic
def describe_structure(structure: Structure, *, by, why: str = "", **facts) -> Structure:
    """Change what is known of a structure; each changed field leaves its own line. `why`: of a name or a number."""
    rows = Structure.objects.select_for_update(of=("self",)).select_related("parent__parent__parent")
    structure = rows.get(pk=structure.pk)
    rules.check_describe_structure(structure, differing(structure, facts, OF_STRUCTURE), why, by=by)
    _change(structure, facts, OF_STRUCTURE, Act.DESCRIBE_STRUCTURE, {"structure": structure}, by=by, why=why)
    return structure


# --- Operators ----------------------------------------------------------------------------------------------------
@transaction.atomic
def record_operator(
    operator: Operator, *, by, domains: Iterable[str] = (), prices: dict[str, Decimal | None] | None = None
) -> Operator:
    rules.check_record_operator(by=by)
    rules.check_row(operator)
    operator.save()
    rules.check_fits_thresholds()
    write_about(Act.RECORD_OPERATOR, by=by, about={"operator": operator}, after=operator)
    _set_domains(operator, domains, by=by)
    _set_prices(operator, prices or {}, by=by)
    return operator


@transaction.atomic
def describe_operator(
    operator: Operator,
    *,
    by,
    domains: Iterable[str] | None = None,
    prices: dict[str, Decimal | None] | None = None,
    **facts,
) -> Operator:
    """Change what is known of an operator. `domains` are all of them: one left out is taken away."""
    rules.check_describe_operator(by=by)
    operator = Operator.objects.select_for_update().get(pk=operator.pk)
    changed = _change(operator, facts, OF_OPERATOR, Act.DESCRIBE_OPERATOR, {"operator": operator}, by=by)
    if changed & {"alert_after_months", "end_after_months"}:
        rules.check_fits_thresholds()
    if domains is not None:
        _set_domains(operator, domains, by=by)
    if prices is not None:
        _set_prices(operator, prices, by=by)
    return operator


@transaction.atomic
def reserve_domain(domain: Domain, structure: Structure | None, *, by) -> Domain:
    """Every address of a reserved domain is that structure's."""
    rules.check_describe_operator(by=by)
    domain = Domain.objects.select_for_update(of=("self",)).select_related("structure", "operator").get(pk=domain.pk)
    if domain.structure != structure:
        before, domain.structure = domain.structure, structure
        domain.save(update_fields=["structure"])
        was, now = (f"{domain} : {f'réservé à {row}' if row else 'à tous'}" for row in (before, structure))
        write_about(Act.DESCRIBE_OPERATOR, by=by, about={"operator": domain.operator}, before=was, after=now)
    return domain


def _set_domains(operator: Operator, names: Iterable[str], *, by) -> None:
    wanted, held = set(names), {domain.name: domain for domain in operator.domains.select_related("operator")}
    for name in sorted(held.keys() - wanted):
        rules.check_drop_domain(held[name])
        held[name].delete()
        write_about(Act.DESCRIBE_OPERATOR, by=by, about={"operator": operator}, before=f"domaine {name}")
    for name in sorted(wanted - held.keys()):
        rules.check_domain_free(operator, name)
        domain = Domain(operator=operator, name=name)
        rules.check_row(domain)
        domain.save()
        write_about(Act.DESCRIBE_OPERATOR, by=by, about={"operator": operator}, after=f"domaine {name}")


def _set_prices(operator: Operator, prices: dict[str, Decimal | None], *, by) -> None:
    held = {price.offer: price for price in operator.prices.all()}
    for offer, cost in prices.items():
        row = held.get(offer)
        before = row.yearly_cost if row else None
        if cost == before:
            continue
        if cost is None:
            held[offer].delete()
        else:
            row = row or Price(operator=operator, offer=offer)
            row.yearly_cost = cost
            rules.check_row(row)
            row.save()
        label = f"coût annuel, BAL {Price.Offer(offer).label}"
        was, now = f"{label} : {shown(before)}", f"{label} : {shown(cost)}"
        write_about(Act.DESCRIBE_OPERATOR, by=by, about={"operator": operator}, before=was, after=now)


def _change(row, facts: dict, known: tuple[str, ...], act: Act, about: dict, *, by, why: str = "") -> set[str]:
    """The names of what changed."""
    changed = set_fields(row, differing(row, facts, known))
    for name, before in changed.items():
        write_about(act, by=by, about=dict(about), note=why, **told(row, name, before))
    return set(changed)


# --- The first day ------------------------------------------------------------------------------------------------
@transaction.atomic
def pass_steps(names: Iterable[str], *, by) -> None:
    """Leave these steps of the first day for later; passed twice, they are passed."""
    rules.check_pass_step(by=by)
    PassedStep.objects.bulk_create([PassedStep(name=name, by=by) for name in names], ignore_conflicts=True)
