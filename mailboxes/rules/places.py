"""What may be written of structures and operators."""

from directory.typography import quoted
from mailboxes.lifecycle import Act
from mailboxes.models import Bal, Domain, Operator, Structure
from mailboxes.rules.refusals import Refused
from mailboxes.rules.roles import check_may

LEVELS = 3  # group, establishment, site: what `StructureQuerySet` looks through
NUMBERS = ("finess_ej", "finess_et", "siret", "rpps_rang")


def check_record_structure(structure: Structure, *, by) -> None:
    """Below a structure that one manages; at the top, by who looks after the whole."""
    check_may(Act.RECORD_STRUCTURE, structure=structure.parent, by=by)
    if any(getattr(structure, name) for name in NUMBERS):
        check_number_structure(by=by)
    check_place(structure, structure.parent)


def check_describe_structure(structure: Structure, facts: dict, *, by) -> None:
    check_may(Act.DESCRIBE_STRUCTURE, structure=structure, by=by)
    if any(facts.get(name, getattr(structure, name)) != getattr(structure, name) for name in NUMBERS):
        check_number_structure(by=by)
    parent = facts.get("parent", structure.parent)
    if parent != structure.parent:
        # Whoever manages above also manages below: to move it is to give it and to take it away.
        for above in (structure.parent, parent):
            check_may(Act.RECORD_STRUCTURE, structure=above, by=by)
        check_place(structure, parent)


def check_number_structure(*, by) -> None:
    check_may(Act.NUMBER_STRUCTURE, by=by)


def check_place(structure: Structure, parent: Structure | None) -> None:
    """Never under itself, and no deeper than what the lists look through."""
    if parent is None:
        return
    if structure.pk and structure.pk in parent.line():
        raise Refused(f"{quoted(parent)} dépend déjà de {quoted(structure)} : choisissez une autre structure.", "cycle")
    if len(parent.line()) + _height(structure) > LEVELS:
        raise Refused(
            f"Les structures ont {LEVELS} niveaux au plus (groupe, établissement, site) : "
            f"rattachez celle-ci plus haut que {quoted(parent)}.",
            "depth",
        )


def _height(structure: Structure) -> int:
    """How many levels it brings: its own, and those below it."""
    if not structure.pk:
        return 1
    below = Structure.objects.filter(parent=structure)
    if not below.exists():
        return 1
    return 3 if Structure.objects.filter(parent__in=below).exists() else 2


def check_record_operator(*, by) -> None:
    check_may(Act.RECORD_OPERATOR, by=by)


def check_describe_operator(*, by) -> None:
    check_may(Act.DESCRIBE_OPERATOR, by=by)


def check_domain_free(operator: Operator, name: str) -> None:
    """A domain is one operator's."""
    if held := Domain.objects.filter(name=name).exclude(operator=operator.pk).select_related("operator").first():
        raise Refused(
            f"Le domaine {quoted(name)} est déjà celui de {held.operator} : retirez-le d’abord de là.", "held"
        )


def check_drop_domain(domain: Domain) -> None:
    """Not while live BAL of the operator are addressed there."""
    used = Bal.objects.live().filter(operator=domain.operator_id, address__endswith=f"@{domain.name}").count()
    if used:
        raise Refused(
            f"{used} BAL du registre ont une adresse en {quoted(domain.name)} chez {domain.operator} : "
            "retirez-les du registre avant le domaine.",
            "used",
        )


def check_pass_step(*, by) -> None:
    check_may(Act.PASS_STEP, by=by)
