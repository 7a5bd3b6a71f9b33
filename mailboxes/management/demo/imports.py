"""Three lists of the foundation's operator: one taken back, one applied with lines rejected, one that waits."""

from directory.dates import day_of
from mailboxes.imports.actions import apply_import, forecast_import, read_columns, receive_import, undo_import
from mailboxes.imports.models import Import
from mailboxes.imports.work import carry_on
from mailboxes.lifecycle import State
from mailboxes.management.demo.foundation import Foundation
from mailboxes.management.demo.places import COMPANY_DOMAIN, FOUNDATION_DOMAIN
from mailboxes.models import SYSTEM, Bal

TAKEN_BACK, APPLIED, WAITING = 34, 12, 0.6  # days ago
KNOWN = 12
HEADERS = "Adresse BAL;Type;RPPS titulaire;Service;Dernière connexion;Taille (Mo);Quota (Mo);Commentaire"


def tell(foundation: Foundation) -> None:
    time = foundation.time
    time.on(TAKEN_BACK, _take_back, foundation)
    time.on(APPLIED, _apply, foundation)
    time.on(WAITING, _forecast, foundation, "liste-bal-2.csv", grown=9)


def _take_back(foundation: Foundation) -> None:
    """The list of the trials, taken for that of the register, then taken back."""
    lines = [f"recette{n}@{FOUNDATION_DOMAIN};ORG;;Recette de la messagerie;;0;2048;" for n in (1, 2, 3)]
    run = _forecast(foundation, "bal-de-recette.csv", lines)
    carry_on(run := apply_import(run, by=foundation.gisele), by=SYSTEM)
    carry_on(undo_import(run, by=foundation.gisele), by=SYSTEM)


def _apply(foundation: Foundation) -> None:
    run = _forecast(foundation, "liste-bal.csv", grown=4)
    carry_on(apply_import(run, by=foundation.gisele), by=SYSTEM)


def _forecast(foundation: Foundation, name: str, lines: list[str] | None = None, grown: int = 0) -> Import:
    """A list as the console gives it, in cp1252; its last column is not read."""
    lines = [*_known(foundation, grown), *_others(foundation)] if lines is None else lines
    raw = "\r\n".join([HEADERS, *lines, ""]).encode("cp1252")
    where = {"operator": foundation.operator, "structure": foundation.places.hospital, "by": foundation.gisele}
    run = receive_import([raw], name, **where)
    chosen = {"size_unit": run.size_unit, "default_kind": "ORG", "by": foundation.gisele}
    run = forecast_import(read_columns(run, run.columns, **chosen), by=foundation.gisele)
    carry_on(run, by=SYSTEM)
    return run


def _known(foundation: Foundation, grown: int) -> list[str]:
    addresses = [holder.address for holder in foundation.nominatives[-KNOWN:]]
    bals = Bal.objects.filter(address__in=addresses, state=State.ACTIVE).with_holders().order_by("address")
    return [_line(bal, grown) for bal in bals]


def _line(bal: Bal, grown: int) -> str:
    used = day_of(bal.last_used_at) or "jamais"
    space = f"{(bal.used_mb or 0) + grown};{bal.quota_mb}"
    return f"{bal.address.upper()};PER;{bal.principal().rpps};{bal.service};{used};{space};"


def _others(foundation: Foundation) -> list[str]:
    """New ones, one doubtful, and what is wrong in every list."""
    here, (one, two) = FOUNDATION_DOMAIN, (holder.person.rpps for holder in foundation.nominatives[-2:])
    return [
        f"brancardage@{here};ORG;{one};Brancardage;;12;2048;",
        f"hotellerie@{here};ORG;{two};Hôtellerie;;3;2048;créée en mars",
        f"sterilisation@{here};Service;{one};Stérilisation;46000;5;2048;",
        f"dietetique@{here};ORG;{one};Diététique;31/02/2026;8;2048;",
        f"ergotherapie@{here};ORG;10009999991;Ergothérapie;;6;2048;",
        f"hotellerie@{here};ORG;{two};Hôtellerie;;3;2048;en double",
        f"archives@{COMPANY_DOMAIN};ORG;;Archives médicales;;4;2048;autre opérateur",
        f"vaguemestre@{here};ORG;;Vaguemestre;;beaucoup;2048;",
    ]
