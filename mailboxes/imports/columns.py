"""Which column says what: guessed from the headers, then from the cells, corrected by a person."""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from directory.folding import fold
from directory.identifiers import PATIENT_DOMAIN, is_mssante
from directory.readers import dates, identifiers, sizes, words
from directory.readers.address import INS, names_patient, read_address
from directory.readers.texts import is_nothing
from mailboxes.imports.rows import Cell, Row


class Field(NamedTuple):
    name: str
    label: str
    headers: list[str]  # folded, the surest first
    hint: str = ""  # a pattern that unknown headers of such a column fit
    fits: Callable[[str], bool] | None = None  # does a cell look like one of such a column
    is_size: bool = False
    is_date: bool = False
    is_name: bool = False
    other: str = ""  # a pattern of headers that speak of something else, « Dernier changement de mot de passe »
    is_several: bool = False  # several columns may say it, one by protocol: the latest counts


def is_date_cell(cell: str) -> bool:
    read = dates.read_date(cell)
    return not read.problem and (read.value is not None or is_nothing(cell) or not cell.isdigit())


def _is_size(cell: str) -> bool:
    return not sizes.read_size(cell, sizes.SizeColumn("o")).problem


def is_rpps(cell: str) -> bool:
    return not identifiers.read_identifier("RPPS", cell).problem


def _is_state(cell: str) -> bool:
    return words.read_state(cell).value != words.Said.UNCLEAR


def is_address(cell: Cell) -> bool:
    """Does this cell hold an address, whatever surrounds it."""
    return isinstance(cell, str) and re.search(r"[^\s@<>;,]+@[^\s@<>;,]+\.\w\w", cell) is not None


def headers(text: str) -> list[str]:
    return [header.strip() for header in text.split(",")]


# Of what else than the mailbox as a whole a number or a size is; a share is no size.
OF_OTHER_SIZES = (
    r"pour cent|percent|taux|archiv|corbeille|delet|supprim|trash|recover|messages?\b|envoi|send\b|recei|recept|piece|"
    r"attach|drive|count|items?\b|nombre|\bnb|seuil|alert|warn"
)

# fmt: off
FIELDS = [
    Field("address", "Adresse", headers("""
        adresse mssante, adresse bal, adresse de la bal, adresse de messagerie, adresse de messagerie securisee,
        primarysmtpaddress, primary smtp address, adresse, adresse mail, adresse email, adresse e mail,
        adresse electronique, adresse courriel, bal, boite aux lettres, boite, mssante, adresse mss, mss,
        messagerie, messagerie securisee, windowsemailaddress, emailaddress, email address, user principal name,
        userprincipalname, email, e mail, mail, courriel, identifiant de la bal, compte, compte de messagerie,
        nom du compte, login, identifiant, username, user name, mailbox, zimbraaccountname, account, address,
        name
    """), r"mail|adresse|address|mss|courriel|boite|bal\b|compte|account|login", is_address,
        other=r"secours|recov|referent|contact|gestion|redirec|forward|perso|alternat|second|notif|demand|respons|backup|"
        r"alias|crea|superv|manager|correspond"),
    Field("local", "Adresse : avant le @", headers("""
        partie locale, local part, localpart, local_part, nom de boite, nom de la boite, nom de bal, prefixe,
        alias
    """)),
    Field("domain", "Adresse : domaine", headers("""
        domaine, domain, domaine mssante, nom de domaine
    """)),
    Field("kind", "Type", headers("""
        type de bal, type bal, typebal, type de boite, type de messagerie, type de compte, recipienttypedetails,
        type, nature, categorie, genre, kind
    """), r"type|nature|categor|kind", lambda cell: not words.read_kind(cell).problem),
    Field("state", "État chez l’opérateur", headers("""
        etat, etat de la bal, statut, statut bal, statut de la bal, etat du compte, statut du compte,
        zimbraaccountstatus, status, state, active, actif, enabled, is active, account status, situation,
        suspended, accountdisabled, desactive, bloque, is deleted, deleted, supprime, supprimee, est supprimee,
        block credential, blockcredential, sign in blocked, blocked,
        supprimee le, supprime le, date de suppression, deleted date, desactivee le, desactive le,
        date de desactivation, fermee le, date de fermeture
    """), r"etat|statut|status|state|actif|activ|enabled|disabled|suspen|bloqu|block|verrou|lock", _is_state,
        other=r"notif|redirec|transf|repon|absen|sync|imap|pop|smtp|web|archiv|[m2]fa|2sv|spam|envoi|licen|contrat|alias|"
        r"deleg|mot de passe|passw|titulaire|profession|civil|director|cps|publi|juridi|owa|audit|forward|vacation|"
        r"rouge|annuaire|carte|droit|role|certif|sauveg|quota|chiffr|sign|hold|mapi|ews|depuis"),
    Field("rpps", "RPPS du titulaire", headers("""
        rpps du titulaire, rpps titulaire, rpps, numero rpps, n rpps, no rpps, rpps du responsable,
        rpps cotitulaire, identifiant rpps, identifiant pp, identifiantpp, identifiant national,
        identifiant national ps, idnat, id nat, idnatps
    """), r"rpps|idnat|identifiant", is_rpps),
    Field("holder", "Nom et prénom du titulaire", headers("""
        titulaire, nom du titulaire, titulaire de la bal, nom et prenom du titulaire, nom et prenom, nom prenom,
        prenom nom, prenom et nom, cotitulaire, professionnel, proprietaire, owner
    """), is_name=True),
    Field("family", "Nom de famille du titulaire", headers("""
        nom de famille, nom d exercice, nom d usage, nom, last name, lastname, surname, family name, sn
    """)),
    Field("given", "Prénom du titulaire", headers("""
        prenom, prenom du titulaire, prenom d exercice, prenoms, first name, firstname, given name, givenname
    """)),
    Field("role", "Rôle du titulaire", headers("""
        role, role du titulaire, qualite, titulaire ou cotitulaire, fonction sur la bal, statut du titulaire
    """)),
    Field("finess", "FINESS", headers("""
        finess etablissement, finess et, finess geographique, finess, numero finess, n finess, no finess,
        finess ej, finess juridique, code finess
    """)),
    Field("siret", "SIRET", headers("""
        siret, numero siret, n siret, no siret
    """)),
    Field("structure", "Structure", headers("""
        structure, etablissement, nom de la structure, nom structure, nom etablissement, raison sociale,
        organisme, entite, site, company, office
    """)),
    Field("service", "Service", headers("""
        service de rattachement, service, unite, unite fonctionnelle, pole, departement, department, ou
    """)),
    Field("description", "Description", headers("""
        description, libelle, nom affiche, display name, displayname, intitule, nom d affichage, nom complet,
        commentaire affiche, full name
    """)),
    Field("liste_rouge", "Liste rouge", headers("""
        liste rouge, en liste rouge, listerouge, masquee, non publiee, hiddenfromaddresslistsenabled,
        zimbrahideingal
    """)),
    Field("last_used_at", "Dernière authentification", headers("""
        derniere authentification, date derniere authentification, date de derniere authentification,
        derniere connexion, date derniere connexion, date de derniere connexion, dernier acces,
        date de dernier acces, derniere utilisation, derniere activite, derniere consultation,
        derniere ouverture, last login, last logon, lastlogin, lastlogontime, last logon time, last_imap_login,
        last imap login, lastuseractiontime, last activity date, zimbralastlogontimestamp, last sign in,
        last signed in, dernier login, last_login, lastlogontimestamp
    """),
        r"conne[xc]|cnx|authent|login|logon|acces|access|usage|utilis|activit|passage|consult|sign in|last (used|seen)|"
        r"vue? le",
        is_date_cell,
        is_date=True,
        other=r"crea|modif|maj|mise a jour|naissance|expir|fin|debut|supp|envoi|recu|received|sent|chang|mot de passe|"
        r"passw|initial|reset|premi|first|procha|next|echec|tentat|fail|nombre|nb|count|depuis|since|ouvertur|inacti|perdu",
        is_several=True
    ),
    Field("used_mb", "Espace occupé", headers("""
        espace occupe, espace utilise, espace consomme, taille, taille de la bal, taille de la boite, volume,
        volume occupe, occupation, utilise, used, size, volumetrie, totalitemsize, total item size, quota_used,
        quota used, storage used, storage used byte, bytes, mailbox size, stockage, stockage utilise,
        email usage, usedquota, zimbramailused, quota utilise, taille actuelle
    """),
        r"taille|size|usage|volum|occup|used|utilis|storage|stockage|consom|espace",
        _is_size,
        is_size=True,
        other=OF_OTHER_SIZES + r"|max|min|limit|total"
    ),
    Field("quota_mb", "Espace accordé", headers("""
        espace accorde, espace alloue, espace disque alloue, quota, quota alloue, quota accorde,
        taille maximale, taille max, capacite, espace total, limite, prohibitsendquota, prohibit send quota,
        prohibitsendreceivequota, prohibit send receive quota, zimbramailquota, mailquota,
        mailbox quota, quota max, max quota, maxquota, limit, storage limit, quota total
    """), r"quota|limit|capacit|maxim|accord|allou",
        _is_size, is_size=True,
        other=OF_OTHER_SIZES + r"|used|utilis|occup|consom"),
    Field("at", "Date du relevé", headers("""
        date du releve, date d extraction, date extraction, date de la liste, releve le, extrait le,
        report refresh date, date du rapport
    """), is_date=True),
]
# fmt: on
BY_NAME = {one.name: one for one in FIELDS}
UNIT_OF_HEADER = re.compile(r"\(?\b(?:en )?(octets?|bytes?|[kmgt]i?[ob])\)?\s*$", re.IGNORECASE)
ASIDE = re.compile(r"\s*\[(?:required|read only|optional)\]", re.IGNORECASE)  # Google's
NO_HEADER = re.compile(r"colonne \d+")  # as we number those of a list without headers
BY_CELLS = ("address", "rpps")  # whatever stands above, a cell of these is nothing else
SIZE_UNITS = sizes.SIZE_UNITS
PROTOCOL = re.compile(r"\b(?:imap|pop3?|smtp|webmail|web|mobile|activesync|ews)\b")
# What a header may say around the word that asks for a yes or a no: « Le compte de la BAL est-il actif ? »
OF_THE_MAILBOX = re.compile(
    r"\b(?:compte|bal|boite|aux|lettres|mssante|messagerie|mailbox|account|user|utilisateur|is|est|en|de|du|la|le|l|il|"
    r"elle|operateur|chez|service|a|ete|courant|actuel|acces|date|credential|oui|non|ou|o|n)\b"
)
OF_A_PATIENT = f"patient@{PATIENT_DOMAIN}"
SURE = 0.8  # of the cells that say something


def bare(header: str) -> str:
    """A header without its unit, folded: what is compared and remembered."""
    return fold(UNIT_OF_HEADER.sub("", ASIDE.sub("", header)).replace("%", " pour cent ")) or fold(header)


def unit_of(header: str) -> str:
    found = UNIT_OF_HEADER.search(header)
    return found[1].lower() if found else ""


def signature_of(headers: Iterable[str]) -> str:
    """Of a set of headers: their order is none of it."""
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
    names = [bare(header) for header in headers]
    found = [(saved or {}).get(name, "") for name in names]
    for one in offered:
        if one.name in found:
            continue
        free = [rank for rank, name in enumerate(names) if name not in (saved or {}) and not found[rank]]
        sure = [(one.headers.index(names[rank]), rank) for rank in free if names[rank] in one.headers]
        if one.name == "address" and sample:
            sure = _best_addresses(
                [(place, rank) for place, rank in sure if _share(sample, rank, is_address) != 0], sample
            )
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
    if (_share(sample, rank, lambda cell: not words.read_yes_no(cell).problem) or 0) < SURE:
        return True
    rest = OF_THE_MAILBOX.sub("", re.sub(rf"\w*(?:{one.hint}|inactif|inactiv|desactiv)\w*", "", name))
    return not rest.strip()


def _best_addresses(sure: list[tuple[int, int]], sample: Sequence[Row]) -> list[tuple[int, int]]:
    """Of columns that all may be it by their header, those of the trusted space."""
    within = [(place, rank) for place, rank in sure if _share(sample, rank, _is_within)]
    return within or sure


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
            if (_share(sample, rank, lambda cell: not dates.read_date(cell).problem) or 0) >= SURE:
                found[rank] = one.name


def _share(sample: Sequence[Row], rank: int, fits: Callable[[str], bool]) -> float | None:
    """Of its cells that say something; None where none does."""
    cells = [as_text(row.cells[rank]) for row in sample if rank < len(row.cells)]
    said = [cell for cell in cells if not is_nothing(cell)]
    return sum(map(fits, said)) / len(said) if said else None


def as_text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else f"{cell:%d/%m/%Y %H:%M}"


def as_kept(cell: Cell) -> str:
    """For our tables: of a patient nothing is kept, not even in what was rejected."""
    text = as_text(cell)
    return OF_A_PATIENT if names_patient(text) else text


def all_kept(cells: Iterable[Cell]) -> list[str]:
    """Those of one row: an INS may stand in a column, and the patients' domain in another."""
    kept = [as_kept(cell) for cell in cells]
    if any(PATIENT_DOMAIN in text.lower() for text in kept):
        return [OF_A_PATIENT if INS.fullmatch(re.sub(r"\W", "", text)) else text for text in kept]
    return kept
