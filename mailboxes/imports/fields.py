"""The columns that lists of BAL have: the headers that name each, and what tells it by its cells."""

import re
from collections.abc import Callable
from typing import NamedTuple

from directory.readers import dates, identifiers, sizes, words
from directory.readers.texts import is_nothing
from mailboxes.imports.rows import Cell


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
    r"pour cent|percent|taux|archiv|corbeille|delet|supprim|trash|recover|messages?\b|envoi|send|recei|recept|piece|"
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
        nom boite, nom bal,
        alias
    """)),
    Field("domain", "Adresse : domaine", headers("""
        domaine, domain, domaine mssante, nom de domaine
    """)),
    Field("kind", "Type", headers("""
        type de bal, type bal, typebal, type de boite, type de messagerie, type de compte, recipienttypedetails,
        typ bal, type, nature, categorie, genre, kind
    """), r"\btyp|nature|categor|kind", lambda cell: not words.read_kind(cell).problem),
    Field("is_shared", "Boîte partagée", headers("""
        is shared, isshared, est partagee, boite partagee, bal partagee, boite aux lettres partagee, partagee ?
    """)),
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
        prenom nom, prenom et nom, beneficiaire, cotitulaire,
        titulaire nom prenom, titulaire nom et prenom, professionnel, proprietaire, owner
    """), is_name=True),
    Field("family", "Nom de famille du titulaire", headers("""
        nom d exercice, nom d usage, nom usuel, nom marital, nom de famille, nom du ps, nom ps, nom,
        last name, lastname, surname, family name, sn
    """)),
    Field("given", "Prénom du titulaire", headers("""
        prenom, prenom du ps, prenom ps,
        prenom du titulaire, prenom d exercice, prenoms, first name, firstname, given name, givenname
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
        service de rattachement, service, lib service, libelle service, libelle du service,
        service d affectation, unite d affectation, unite, unite fonctionnelle, pole, departement, department, ou
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
        last signed in, dernier login, last_login, lastlogondate, last logon date, lastlogontimestamp, lastlogon,
        lastuseraccesstime
    """),
        r"conne[xc]|cnx|authent|login|logon|acces|access|usage|utilis|activit|passage|consult|sign in|last (used|seen)|"
        r"\bvue? (?:le|pour)|visite",
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
        r"taille|size|usage|volum|occup|used|utilis|storage|stockage|conso|espace",
        _is_size,
        is_size=True,
        other=OF_OTHER_SIZES + r"|max|min|limit|total"
    ),
    Field("quota_mb", "Espace accordé", headers("""
        espace accorde, espace alloue, espace disque alloue, quota, quota alloue, quota accorde,
        taille maximale, taille max, capacite, espace total, limite, prohibitsendquota, prohibit send quota,
        prohibitsendreceivequota, prohibit send receive quota, zimbramailquota, mailquota,
        mailbox quota, quota max, max quota, maxquota, limit, storage limit, quota total
    """), r"quota|limit|capacit|max|accord|allou",
        _is_size, is_size=True,
        other=OF_OTHER_SIZES + r"|used|utilis|occup|consom"),
    Field("at", "Date du relevé", headers("""
        date du releve, date d extraction, date extraction, date de la liste, releve le, extrait le,
        report refresh date, date du rapport
    """), is_date=True),
]
# fmt: on
BY_NAME = {one.name: one for one in FIELDS}
