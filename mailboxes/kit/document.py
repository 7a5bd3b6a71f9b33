"""What makes a BAL known: signature, letterhead, prescription line, QR code and vCard, letter to partners, poster.

It speaks of an address and of who reads it, never of a patient. Nothing here is loaded from elsewhere when it is read.
"""

import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

import segno
from django.template.loader import render_to_string
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Image, Paragraph, SimpleDocTemplate, Spacer, Table
from segno import helpers

from directory.controls import without_controls
from directory.dates import day_in_words
from directory.plain import plain_text
from mailboxes.models import Alias, Bal
from mailboxes.views.pdf import BODY, MARGIN, TITLE, WIDTH, printed

QR_SIDE = 32 * mm
LETTER = ParagraphStyle("letter", BODY, fontSize=10.5, leading=16, spaceAfter=8)
ADDRESS = ParagraphStyle("address", LETTER, fontName="Vera-Bold", fontSize=12, spaceBefore=4, spaceAfter=12)
NAME = ParagraphStyle("name", LETTER, fontName="Vera-Bold", fontSize=13, leading=18, spaceAfter=2)
LINE = ParagraphStyle("line", LETTER, leading=14, spaceAfter=0)
POSTER_TITLE = ParagraphStyle("poster-title", TITLE, fontSize=27, leading=34, alignment=TA_CENTER, spaceAfter=9 * mm)
POSTER = ParagraphStyle("poster", BODY, fontSize=14, leading=20, alignment=TA_CENTER, spaceAfter=5 * mm)


@dataclass(frozen=True)
class Kit:
    """One BAL made known, as of a day. The BAL comes with its holders."""

    bal: Bal
    day: date
    is_published: bool = False
    successor: str = ""  # the address to write to instead, where this one leaves
    former: tuple[Alias, ...] = ()  # the addresses that it had, and that still receive

    @property
    def address(self) -> str:
        return self.bal.address

    @property
    def answering(self) -> str:
        """The address that is read."""
        return self.successor or self.address

    @property
    def closing(self) -> list[str]:
        """The former addresses that will be closed."""
        return [alias.address for alias in self.former if alias.nature == Alias.Nature.FORMER]

    @property
    def closes_on(self) -> date | None:
        """The day from which what is sent there may be lost."""
        days = [alias.due_on for alias in self.former if alias.nature == Alias.Nature.FORMER and alias.due_on]
        return min(days, default=None)

    @property
    def kept(self) -> list[str]:
        return [alias.address for alias in self.former if alias.nature == Alias.Nature.KEPT]

    @property
    def is_shared(self) -> bool:
        return self.bal.is_shared

    @property
    def is_leaving(self) -> bool:
        return self.bal.is_to_be_left

    @property
    def holder(self):
        return None if self.is_shared else self.bal.principal()

    @property
    def name(self) -> str:
        return one_line(self.holder or self.bal.service or self.bal.description or self.bal.structure)

    @property
    def lines(self) -> list[str]:
        """What stands under the name, without what it already says."""
        bal, structure = self.bal, self.bal.structure
        known = [self.holder.profession if self.holder else "", bal.service, structure.name]
        town = f"{structure.postcode} {structure.town}".strip()
        return [line for line in map(one_line, [*known, town]) if line and line != self.name]

    @property
    def folder(self) -> str:
        """The address as the name of a file, which no extractor of archives takes for a path."""
        return re.sub(r"[^a-z0-9.@'_-]", "-", self.address).lstrip(".") or "bal"


def one_line(text) -> str:
    """A line break typed in a name would be a new line of the vCard."""
    return without_controls(" ".join(str(text).split()))


# --- The pieces -------------------------------------------------------------------------------------------------------
def vcard(kit: Kit) -> str:
    """vCard 3.0; segno escapes commas and semicolons, but neither backslashes nor the structured name."""
    if kit.holder:
        structured = ";".join(_escaped(one_line(part)) for part in (kit.holder.family_name, kit.holder.given_name))
    else:
        structured = _escaped(kit.name)
    structure = kit.bal.structure
    facts = {
        "org": structure.name,
        "title": kit.holder.profession if kit.holder else "",
        "email": kit.answering,
        "zipcode": structure.postcode,
        "city": structure.town,
        "memo": "MSSanté : à écrire depuis une boîte MSSanté.",
    }
    clean: dict[str, Any] = {name: _backslashed(one_line(value)) for name, value in facts.items()}
    return helpers.make_vcard_data(structured, _backslashed(kit.name), **clean)


def _backslashed(text: str) -> str:
    return text.replace("\\", "\\\\")


def _escaped(text: str) -> str:
    return _backslashed(text).replace(",", "\\,").replace(";", "\\;")


def qr(kit: Kit) -> segno.QRCode:
    """The vCard: a telephone that reads it offers to keep the contact."""
    return segno.make(vcard(kit), error="m", micro=False)


def _qr_file(kit: Kit, form: str) -> bytes:
    content = BytesIO()
    qr(kit).save(content, kind=form, scale=8, border=4)
    return content.getvalue()


def text_of(kit: Kit, piece: str) -> str:
    """The words of a piece, for a preview or a text file."""
    name = "changement" if piece == "lettre" and kit.is_leaving else piece
    return plain_text(f"mailboxes/kit/pieces/{name}.txt", {"kit": kit})


def html_of(kit: Kit, piece: str) -> str:
    return render_to_string(f"mailboxes/kit/pieces/{piece}.html", {"kit": kit})


def _html_file(kit: Kit, piece: str) -> bytes:
    context = {"kit": kit, "piece": BY_NAME[piece], "content": html_of(kit, piece)}
    return render_to_string("mailboxes/kit/pieces/page.html", context).encode()


def _letter(kit: Kit) -> bytes:
    subject, *paragraphs = text_of(kit, "lettre").strip().split("\n\n")
    named = {kit.address, kit.successor}
    day = f"Le {day_in_words(kit.day)}"
    parts = [*_head(kit), _words(day, LETTER), _words(subject, NAME), Spacer(0, 4 * mm)]
    parts += [_words(words.strip(), ADDRESS if words.strip() in named else LETTER) for words in paragraphs]
    return _sheet(subject, parts)


def _letterhead(kit: Kit) -> bytes:
    return _sheet("En-tête de lettre", _head(kit))


def _poster(kit: Kit) -> bytes:
    title, *paragraphs = text_of(kit, "affiche").strip().split("\n\n")
    parts = [Spacer(0, 14 * mm), _words(title, POSTER_TITLE), *[_words(words, POSTER) for words in paragraphs]]
    return _sheet(title, [*parts, Spacer(0, 4 * mm), _words(", ".join([kit.name, *kit.lines]), _centred(LINE))])


def _centred(style: ParagraphStyle) -> ParagraphStyle:
    return ParagraphStyle(f"{style.name}-centred", style, alignment=TA_CENTER)


def _head(kit: Kit) -> list[Flowable]:
    """Who writes, with the address that answers, and its QR code; a BAL that leaves gives the one that replaces it."""
    lines = [_words(kit.name, NAME), *[_words(line, LINE) for line in kit.lines]]
    lines.append(_words(f"MSSanté : {kit.answering}", LINE))
    code = Image(BytesIO(_qr_file(kit, "png")), QR_SIDE, QR_SIDE)
    table = Table([[lines, code]], [WIDTH - QR_SIDE, QR_SIDE], style=[("VALIGN", (0, 0), (-1, -1), "TOP")])
    return [table, Spacer(0, 12 * mm)]


def _words(text: str, style: ParagraphStyle) -> Flowable:
    return Paragraph(escape(printed(text)).replace("\n", "<br/>"), style)


def _sheet(title: str, parts: list[Flowable]) -> bytes:
    """A page without our frame: it goes out under the sender's name."""
    content = BytesIO()
    options: dict = {"leftMargin": MARGIN, "rightMargin": MARGIN, "topMargin": MARGIN, "bottomMargin": MARGIN}
    SimpleDocTemplate(content, pagesize=A4, title=title, creator="BAL Manager", lang="fr", **options).build(parts)
    return content.getvalue()


class Piece(NamedTuple):
    name: str
    title: str
    sentence: str  # what it is for
    forms: tuple[str, ...]
    shared_only: bool = False


# fmt: off
PIECES = [
    Piece("signature", "Signature de courriel", "À coller dans les réglages de votre messagerie.", ("txt", "html")),
    Piece("entete", "En-tête de lettre", "Pour vos lettres d’adressage et vos comptes rendus.", ("txt", "html", "pdf")),
    Piece("ordonnance", "Ligne d’ordonnance", "À ajouter au modèle d’ordonnance de votre logiciel.", ("txt", "html")),
    Piece("reseaux", "Réseaux professionnels", "Quelques mots pour une page ou un réseau professionnel.", ("txt",)),
    Piece("qr", "QR code", "Il contient la carte de visite : un téléphone qui le lit propose d’enregistrer le contact.",
          ("png", "svg")),
    Piece("carte", "Carte de visite (vCard)", "À joindre à un message, ou à importer dans un carnet d’adresses.",
          ("vcf",)),
    Piece("lettre", "Lettre aux partenaires", "Pour dire votre adresse à vos correspondants, ou qu’elle change.",
          ("txt", "pdf")),
    Piece("affiche", "Affiche pour les patients", "Pour informer les patients que l’équipe partage cette boîte.",
          ("txt", "pdf"), shared_only=True),
]
DRAWN: dict[tuple[str, str], Callable[[Kit], bytes]] = {
    ("qr", "png"):     lambda kit: _qr_file(kit, "png"),
    ("qr", "svg"):     lambda kit: _qr_file(kit, "svg"),
    ("carte", "vcf"):  lambda kit: vcard(kit).encode(),
    ("entete", "pdf"): _letterhead,
    ("lettre", "pdf"): _letter,
    ("affiche", "pdf"): _poster,
}
TYPES = {
    "txt": "text/plain; charset=utf-8", "html": "text/html; charset=utf-8", "vcf": "text/vcard; charset=utf-8",
    "png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf",
}
# fmt: on
BY_NAME = {piece.name: piece for piece in PIECES}


def pieces_of(kit: Kit) -> list[Piece]:
    """What may be handed out of it: of a BAL that leaves, the letter that says so."""
    if kit.is_leaving:
        return [BY_NAME["lettre"]] if kit.successor else []
    return [piece for piece in PIECES if kit.is_shared or not piece.shared_only]


def draw(kit: Kit, piece: str, form: str) -> bytes:
    """One piece as a file of that form."""
    if (piece, form) in DRAWN:
        return DRAWN[piece, form](kit)
    return text_of(kit, piece).encode() if form == "txt" else _html_file(kit, piece)


# --- Many files at once -----------------------------------------------------------------------------------------------
class _Sink:
    """A file to which the archive is written: it keeps what was not yet taken."""

    def __init__(self):
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def take(self) -> bytes:
        data, self._parts = b"".join(self._parts), []
        return data


def archive(kits: Iterable[Kit], note: str = "") -> Iterator[bytes]:
    """A ZIP as it is made, one folder per BAL; what could not be made is said by the note."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as file:
        for kit in kits:
            for piece in pieces_of(kit):
                for form in piece.forms:
                    file.writestr(f"{kit.folder}/{piece.name}.{form}", draw(kit, piece.name, form))
            yield sink.take()
        if note:
            file.writestr("A-LIRE.txt", note)
    yield sink.take()
