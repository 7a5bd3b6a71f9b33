"""The indicators on paper, for a direction."""

from datetime import date

from mailboxes.documents.pdf import heading, note, pdf, room, table
from mailboxes.indicators import Indicators

UNKNOWN = "Une BAL dont l’usage ou le remplissage est inconnu est comptée à part : inconnu ne veut pas dire inactif."


def printed(asked: Indicators, structure: str, day: date) -> bytes:
    parts = [note(UNKNOWN)]
    for figure, lines in asked.sections():
        header = [figure.label, "Nombre"]
        rows: list[list] = [[label, now] for _, label, now, _ in lines]
        if asked.first != asked.last:
            header.append(f"Depuis le {asked.first:%d/%m/%Y}")
            rows = [[label, now, f"{now - (before or 0):+d}"] for _, label, now, before in lines]
        parts += [room(40), heading(figure.label), table(header, rows, widths=[3, 1, 1.3][: len(header)])]
    if len(parts) == 1:
        parts.append(note("Aucune mesure n’a encore été prise."))
    return pdf("Indicateurs des BAL MSSanté", parts, structure=structure, day=day)
