"""Which column says what: guessed from the headers, then from the cells, corrected by a person."""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence

from directory.folding import fold
from directory.identifiers import PATIENT_DOMAIN, is_mssante
from directory.readers import dates, sizes, words
from directory.readers.address import INS, names_patient, read_address
from directory.readers.texts import is_nothing
from mailboxes.imports.fields import FIELDS, Field, is_address
from mailboxes.imports.rows import Cell, Row

UNIT = r"(?:kilo|m[ée]ga|giga|t[ée]ra)[- ]?(?:octets?|bytes?)?|octets?|bytes?|[kmg]i?[ob]|ti?b|(?-i:Ti?[oO])"
UNIT_OF_HEADER = re.compile(rf"[(\[]?\b(?:(?:en|in) )?({UNIT})\b[)\]]?|[(\[]([kmgt])[)\]]", re.IGNORECASE)
# « TAILLE_GO », « QuotaGB », « TotalItemSizeInMB »: how programs write what has no blanks.
JOINED = re.compile(r"_|(?<=[a-zé])(?=(?:In)?[KMGT]i?[oOB]\b)|(?<=In)(?=[KMGT]i?[oOB]\b)")
# What a model says of a column beside its name: « 2. Liste rouge (O/N) * », and Google's « [Required] ».
ASIDE = re.compile(
    r"^\s*\d{1,2}\s?[.)]\s+|\s*\[(?:required|read only|optional)\]|\s*\*+(?=[\s:]*$)|"
    r"\s*\((?:facultati\w+|obligatoires?|optionnel\w*|requise?|si connue?|texte|o(?:ui)?\s?/\s?n(?:on)?|"
    r"\d+ (?:chiffres|caract[eè]res)|jj/mm/aaaa[^()]*)\)",
    re.IGNORECASE,
)
NO_HEADER = re.compile(r"colonne \d+")  # as we number those of a list without headers
BY_CELLS = ("address", "rpps")  # whatever stands above, a cell of these is nothing else
SIZE_UNITS = sizes.SIZE_UNITS
PROTOCOL = re.compile(r"\b(?:imap|pop3?|smtp|webmail|web|mobile|activesync|ews)\b")
# What a header may say around the word that asks for a yes or a no: « Le compte de la BAL est-il actif ? »
OF_THE_MAILBOX = re.compile(
    r"\b(?:compte|bal|boite|aux|lettres|mssante|messagerie|mailbox|account|user|utilisateur|is|est|en|de|du|la|le|l|il|"
    r"elle|operateur|chez|service|a|ete|courant|actuel|acces|date|credential|oui|non|ou|o|n)\b"
)
HIDDEN = "•••"
OF_A_SECRET = re.compile(r"\b(?:mots? ?de ?passe|mdp|pass ?word|passwd|pwd|passphrase|secret|hash)\b")
OF_A_PATIENT = f"patient@{PATIENT_DOMAIN}"
SURE = 0.8  # of the cells that say something


def bare(header: str) -> str:
    """A header without its unit, folded: what is compared and remembered."""
    named = UNIT_OF_HEADER.sub(" ", JOINED.sub(" ", ASIDE.sub("", header)))
    return fold(named.replace("%", " pour cent ")) or fold(header)


def unit_of(header: str) -> str:
    """The only unit that a header names: « (Mo ou Go) » says none."""
    found = {(word or letter).lower() for word, letter in UNIT_OF_HEADER.findall(JOINED.sub(" ", header))}
    return re.sub("[- ]", "", found.pop().replace("é", "e")) if len(found) == 1 else ""


def signature_of(headers: Iterable[str]) -> str:
    """What a set of headers is remembered by, whatever their order."""
    return hashlib.sha256("\n".join(sorted(map(bare, headers))).encode()).hexdigest()


def guess(
    headers: Sequence[str],
    saved: dict[str, str] | None = None,
    sample: Sequence[Row] = (),
    fields: Sequence[Field] | None = None,
) -> list[str]:
    """The field of each column, "" for none: as it was once saved, else by the surest header, else by its cells.

    `fields`: those of another sort of list than one of BAL.
    """
    offered = FIELDS if fields is None else fields
    wide = [row for row in sample if sum(map(bool, row.cells)) > 1]
    sample = wide if len(wide) * 2 >= len(sample) else sample  # alone on its line, a cell is the heading of a group
    names = [bare(header) for header in headers]
    found = [(saved or {}).get(name, "") for name in names]
    for one in offered:
        if one.name in found:
            continue
        free = [rank for rank, name in enumerate(names) if name not in (saved or {}) and not found[rank]]
        sure = [(one.headers.index(names[rank]), rank) for rank in free if names[rank] in one.headers]
        if one.name == "address" and sample:
            sure = [(place, rank) for place, rank in sure if _share(sample, rank, is_address) != 0]
            sure = _best_addresses(sure, [rank for rank in free if not _is_of_another(one, names[rank])], sample)
        if one.name == "local":  # « Nom de BAL » may hold the whole address
            sure = [(place, rank) for place, rank in sure if not _share(sample, rank, is_address)]
        best = min(sure, default=None)
        for place, rank in sure:
            if best and place == best[0]:
                found[rank] = one.name  # the same header twice: both, and the person is asked
    if not saved and sample:
        _guess_by_cells(offered, names, found, sample)
        _add_the_protocols(offered, names, found, sample)
    if "given" not in found and fields is not None:  # there, « Nom » alone is the whole name of a person
        found = ["holder" if one == "family" and "holder" not in found else one for one in found]
    elif "given" not in found:  # « Nom » alone is as often that of the BAL
        found = ["" if name == "nom" and one == "family" else one for name, one in zip(names, found, strict=True)]
    if "family" not in found:
        found = ["" if name == "birth" else name for name in found]
    if "address" in found:
        found = ["" if name in ("local", "domain") else name for name in found]
    return found


def _guess_by_cells(offered: Sequence[Field], names: list[str], found: list[str], sample: Sequence[Row]) -> None:
    for one in offered:
        if one.name in found or one.fits is None or (one.name == "address" and {"local", "domain"} <= set(found)):
            continue
        free = [rank for rank, name in enumerate(found) if not name]
        fitting = [rank for rank in free if (_share(sample, rank, one.fits) or 0) >= SURE]
        hinted = [rank for rank in fitting if re.search(one.hint, names[rank]) and not _is_of_another(one, names[rank])]
        # A date or a size may be any, unless nothing stands above and it is the only one.
        bare_ones = [rank for rank in fitting if NO_HEADER.fullmatch(names[rank])]
        alone = fitting if one.name in BY_CELLS else bare_ones if one.name in ("kind", "last_used_at") else []
        chosen = hinted or (alone if len(alone) == 1 else [])
        if one.name == "address":
            chosen = _the_address(hinted or fitting, sample)
        if one.name == "state":
            chosen = [rank for rank in chosen if _asks_of_the_mailbox(one, names[rank], sample, rank)]
        if len(chosen) == 1:
            found[chosen[0]] = one.name


def _is_of_another(one: Field, name: str) -> bool:
    return bool(one.other) and re.search(one.other, name) is not None


def _asks_of_the_mailbox(one: Field, name: str, sample: Sequence[Row], rank: int) -> bool:
    """A yes below « Notification activée » says nothing of the mailbox; a word for a state mostly does."""
    if (_share(sample, rank, words.is_bare_answer) or 0) < SURE:
        return True
    rest = OF_THE_MAILBOX.sub("", re.sub(rf"\w*(?:{one.hint}|inactif|inactiv|desactiv)\w*", "", name))
    return not rest.strip()


def _best_addresses(sure: list[tuple[int, int]], free: list[int], sample: Sequence[Row]) -> list[tuple[int, int]]:
    """The columns, of those whose headers all fit, that hold addresses of the trusted space; where none does, and
    another column does, « Mail » is that of the ordinary ones."""
    within = [(place, rank) for place, rank in sure if _share(sample, rank, _is_within)]
    others = [rank for rank in free if (_share(sample, rank, _is_within) or 0) >= SURE] if sure and not within else []
    return within or [(0, rank) for rank in others[:1]] or sure


def _the_address(ranks: list[int], sample: Sequence[Row]) -> list[int]:
    """The only one, or the only one within the trusted space, or the first of those that say the same on every row."""
    if len(ranks) > 1:
        ranks = [rank for rank in ranks if _share(sample, rank, _is_within)] or ranks
    said = {tuple(as_text(row.cells[rank]).lower() for row in sample if rank < len(row.cells)) for rank in ranks}
    return ranks[:1] if len(said) == 1 else ranks


def _is_within(cell: str) -> bool:
    return is_mssante(read_address(cell).value or "")


def _add_the_protocols(offered: Sequence[Field], names: list[str], found: list[str], sample: Sequence[Row]) -> None:
    """Who reads by IMAP on one day and on the web on another used it on the latest of both."""
    for one in offered:
        for rank, name in enumerate(names) if one.is_several else ():
            if found[rank] or not PROTOCOL.search(name) or not re.search(one.hint, name) or _is_of_another(one, name):
                continue
            share = _share(sample, rank, lambda cell: not dates.read_date(cell).problem)
            if share is None or share >= SURE:  # of what the first rows say nothing, the next may
                found[rank] = one.name


def _share(sample: Sequence[Row], rank: int, fits: Callable[[str], bool]) -> float | None:
    """The share of the cells that fit, among those that say something; None where none does."""
    cells = [as_text(row.cells[rank]) for row in sample if rank < len(row.cells)]
    said = [cell for cell in cells if not is_nothing(cell)]
    return sum(map(fits, said)) / len(said) if said else None


def as_text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else f"{cell:%d/%m/%Y %H:%M}"


def as_kept(cell: Cell) -> str:
    """The value for our tables: of a patient nothing is kept, not even in what was rejected."""
    text = as_text(cell)
    return OF_A_PATIENT if names_patient(text) else text


def secret_ranks(headers: Iterable[Cell]) -> set[int]:
    """The columns of passwords, which consoles export too: nothing of them is kept."""
    return {rank for rank, header in enumerate(headers) if OF_A_SECRET.search(fold(str(header)))}


def all_kept(cells: Iterable[Cell], headers: Iterable[Cell]) -> list[str]:
    """The values of one row: an INS may stand in a column, and the patients' domain in another."""
    secret = secret_ranks(headers)
    kept = [HIDDEN if rank in secret and cell else as_kept(cell) for rank, cell in enumerate(cells)]
    if any(PATIENT_DOMAIN in text.lower() for text in kept):
        return [HIDDEN if INS.fullmatch(re.sub(r"\W", "", text)) else text for text in kept]
    return kept
