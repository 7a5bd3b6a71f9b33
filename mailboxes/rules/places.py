"""What may be written of structures and operators."""

from typing import Any

from directory.typography import of, quoted
from mailboxes.lifecycle import Act
from mailboxes.models import Bal, Domain, Operator, Structure
from mailboxes.rules.moves import check_explained
from mailboxes.rules.refusals import NAMED, Refused
from mailboxes.rules.roles import check_may

LEVELS = 3  # group, establishment, site: what `StructureQuerySet` looks through
NUMBERS = ("finess_ej", "finess_et", "siret", "rpps_rang")


def check_standing(structure: Structure) -> None:
    """Refuse what is new for a structure that is closed."""
    if structure.closed_on:
        into = f", et réunie à {quoted(structure.merged_into)}" if structure.merged_into else ""
        raise Refused(
            f"{quoted(structure)} est fermée depuis le {structure.closed_on:%d/%m/%Y}{into} : choisissez-en une autre.",
            "closed",
        )


def check_record_structure(structure: Structure, *, by) -> None:
    """Below a structure that one manages; at the top, by who looks after the whole."""
    check_may(Act.RECORD_STRUCTURE, structure=structure.parent, by=by)
    if structure.parent:
        check_standing(structure.parent)
    if any(getattr(structure, name) for name in NUMBERS):
        check_number_structure(by=by)
    check_place(structure, structure.parent)


def check_no_such_structure(structure: Structure) -> None:
    """Two windows, or a page sent again, enter no second one: in lists nothing would tell the two apart. Two sites of
    one name have a FINESS each, or a town."""
    for other in Structure.objects.standing().filter(parent=structure.parent, name__iexact=structure.name):
        if all(getattr(other, one) == getattr(structure, one) for one in ("finess_et", "finess_ej", "siret", "town")):
            raise Refused(
                f"{quoted(structure)} est déjà inscrite au même endroit. Si c’est un autre site, donnez sa commune ou "
                "un nom qui les distingue.",
                "twice",
            )


def check_describe_structure(structure: Structure, changed: dict[str, Any], why: str, *, by) -> None:
    """`changed`: what is said otherwise than the register has it."""
    check_may(Act.DESCRIBE_STRUCTURE, structure=structure, by=by)
    if changed.keys() & set(NUMBERS):
        check_number_structure(by=by)
        check_finess_free(structure, changed.get("finess_et", ""), by=by)
        check_still_eligible(structure, changed)
    if changed.keys() & {"name", *NUMBERS}:
        check_explained(Act.DESCRIBE_STRUCTURE, why)
    if "parent" in changed:
        # Whoever manages above also manages below: to move it is to give it and to take it away.
        for above in (structure.parent, changed["parent"]):
            check_may(Act.RECORD_STRUCTURE, structure=above, by=by)
        check_place(structure, changed["parent"])


def check_finess_free(structure: Structure, number: str, *, by) -> None:
    if number and (other := Structure.objects.filter(finess_et=number).exclude(pk=structure.pk).first()):
        is_ours = Structure.objects.visible_to(by).filter(pk=other.pk).exists()
        whose = f"de {quoted(other)}" if is_ours else "d’une autre structure"
        raise Refused(
            f"Le FINESS {number} est déjà celui {whose} : corrigez d’abord celle qui se trompe ; si les deux n’en font "
            "plus qu’une, fusionnez-les.",
            "finess",
        )


def check_still_eligible(structure: Structure, changed: dict[str, Any]) -> None:
    """A BAL organisationnelle that nobody with an RPPS holds stands by the structure's own number alone."""
    numbers = [changed.get(name, getattr(structure, name)) for name in ("finess_et", "finess_ej", "siret")]
    if any(numbers):
        return
    alone = structure.bals.live().filter(kind=Bal.Kind.ORGANISATIONNELLE, cotitulaires=None).order_by("address")
    if named := list(alone.values_list("address", flat=True)[:NAMED]):
        raise Refused(
            f"Sans FINESS ni SIRET, la structure ne peut plus avoir {', '.join(named)}, que personne ne tient : "
            "désignez-leur d’abord un principal, ou donnez un autre numéro.",
            "eligibility",
        )


def check_number_structure(*, by) -> None:
    check_may(Act.NUMBER_STRUCTURE, by=by)


def check_place(structure: Structure, parent: Structure | None) -> None:
    """Refuse a place under itself, or deeper than what the lists look through."""
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
            f"Le domaine {quoted(name)} est déjà celui {of(held.operator)} : retirez-le d’abord de là.", "held"
        )


def check_drop_domain(domain: Domain) -> None:
    """Refuse while live BAL of the operator are addressed there."""
    used = Bal.objects.live().filter(operator=domain.operator_id, address__endswith=f"@{domain.name}").count()
    if used:
        raise Refused(
            f"{used} BAL du registre ont une adresse en {quoted(domain.name)} chez {domain.operator} : "
            "retirez-les du registre avant le domaine.",
            "used",
        )


def check_pass_step(*, by) -> None:
    check_may(Act.PASS_STEP, by=by)
