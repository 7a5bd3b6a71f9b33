"""Which gaps with the annuaire may be mended, by whom and how."""

from django.utils import timezone

from directory.identifiers import domain_of
from directory.typography import quoted
from mailboxes.lifecycle import Act
from mailboxes.models import Bal, Operator, Structure
from mailboxes.rules.moves import check_annuaire_fresh
from mailboxes.rules.refusals import Refused
from mailboxes.rules.roles import check_may


def check_gap(structure: Structure, act: Act, remedies, *, by) -> None:
    """Who may mend it, and is this act a remedy there."""
    check_may(act, structure=structure, by=by)
    if act not in (*remedies, Act.RESUME_GAP):
        raise Refused(f"{quoted(act.label)} ne répond pas à cet écart : choisissez un des actes de sa page.", "remedy")


def check_gap_stands(stands: bool) -> None:
    if not stands:
        raise Refused("Cet écart n’existe plus : l’annuaire ou le registre a changé. Rien n’est à faire.", "gone")


def _check_operator(address: str, operator: Operator | None) -> None:
    if operator is None:
        raise Refused(
            f"Aucun opérateur du registre n’a le domaine {quoted(domain_of(address))} : qu’un "
            "administrateur l’inscrive d’abord.",
            "domain",
        )


def check_adopt(gap, operator: Operator | None) -> None:
    _check_operator(gap.address, operator)
    if gap.entry.kind == Bal.Kind.NOMINATIVE and len(gap.rpps) > 1:
        raise Refused(
            "L’annuaire donne plusieurs titulaires à cette BAL nominative : inscrivez-la vous-même.", "holder"
        )


def check_accept(differences) -> None:
    """The service alone is ours to change; who holds the BAL, its type and its structure are facts to be mended."""
    if not any(line.label == "Service de rattachement" for line in differences):
        raise Refused(
            "Seul le service se reprend de l’annuaire. Pour le type, la structure ou le titulaire, "
            "corrigez la fiche si c’est le registre qui se trompe, ou demandez la correction à l’opérateur.",
            "field",
        )


def check_ask_operator(gap, operator: Operator | None) -> None:
    check_annuaire_fresh()
    _check_operator(gap.address, operator)
    if gap.status == "asked":
        raise Refused(
            "C’est déjà demandé à l’opérateur, et l’annuaire n’a pas changé depuis : relancez-le, depuis les demandes.",
            "asked",
        )


def check_ignore(reason: str, until) -> None:
    if not reason.strip():
        raise Refused("Dites pourquoi cet écart est laissé de côté.", "reason")
    if until and until <= timezone.localdate():
        raise Refused(
            "La date jusqu’à laquelle l’écart est laissé de côté doit être à venir : choisissez demain ou après.",
            "until",
        )


def check_resume(status: str) -> None:
    if status != "ignored":
        said = "il est demandé à l’opérateur" if status == "asked" else "il est déjà à traiter"
        raise Refused(f"Cet écart n’est pas laissé de côté : {said}.", "status")
