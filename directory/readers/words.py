"""The words of operators and forms: yes and no, the state of a BAL, its type, who uses it and with what right."""

import re
from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from django.utils import timezone

from directory.readers.dates import read_date
from directory.readers.texts import Read, folded, tidy, unguarded
from directory.typography import cut, quoted

YES = {
    "oui", "o", "yes", "y", "true", "vrai", "1", "x", "on", "ok", "active", "actif", "activee", "coche", "enabled", "t",
}  # fmt: skip
NO = {
    "non", "n", "no", "false", "faux", "0", "off", "inactif", "inactive", "desactive", "desactivee", "disabled", "f",
}  # fmt: skip


class Said(Enum):
    """What an operator says of a BAL's state."""

    OPEN = "ouverte"
    PENDING = "en cours d’ouverture"
    SUSPENDED = "suspendue"
    LEAVING = "en cours de suppression"
    DELETED = "supprimée"
    UNCLEAR = "dans un état qui n’est pas compris"


# « Compte actif », « BAL suspendue le 12/01/2026 », « fermée définitivement »: what is said of it is the word between.
ABOUT = re.compile(
    r"^(?:bal|boite(?: aux lettres)?|compte|etat|statut|account|mailbox) | (?:le|depuis|since|on) .*$"
    r"| (?:def\w+|temporair\w+|provisoir\w+)$"
)
BESIDE = re.compile(r"(?<=\S)\s*\([^()]*\)$")
NO_ANSWER: Mapping[str, str] = {}
STATES = {
    **dict.fromkeys(
        ["active", "actif", "activee", "ouverte", "ouvert", "ok", "en service", "en ligne", "operationnelle",
         "operationnel", "creee", "cree", "enabled", "open", "opened", "publiee", "publie", "valide", "validee", "on",
         "alertee pour inactivite", "depubliee", "depublication demandee", "non publiee", "non publie", "liste rouge",
         "reactivee", "reactive", "reouverte", "re ouverte", "debloquee", "debloque", "deverrouillee", "deverrouille",
         "unlocked", "unblocked", "not disabled", "not deleted", "not suspended", "live",
         *(f"non {word}{end}" for word in ("supprime", "suspendu", "desactive", "bloque", "verrouille", "ferme")
           for end in ("", "e")),
         "en liste rouge", "normal", "normale", "running", "provisioned", "licensed", "en production", "utilisee"],
        Said.OPEN),
    **dict.fromkeys(
        ["en attente", "en cours", "en cours de creation", "en cours d ouverture", "demandee", "a creer", "a ouvrir",
         "pending", "en attente de validation", "en attente d activation", "creation en cours",
         "creation demandee", "ouverture demandee", "en creation", "staged"],
        Said.PENDING),
    **dict.fromkeys(
        ["suspendue", "suspendu", "desactivee", "desactive", "inactive", "inactif", "bloquee", "bloque", "verrouillee",
         "verrouille", "disabled", "locked", "suspended", "bloquee temporairement", "bloque temporairement", "off",
         "gelee", "hors service", "locked out", "verrouillee temporairement",
         "blocked", "deactivated", "temporairement suspendue", "lockout", "maintenance"],
        Said.SUSPENDED),
    **dict.fromkeys(
        ["a supprimer", "en cours de suppression", "suppression demandee", "suppression en cours", "a fermer",
         "en suppression", "pending deletion", "soft deleted", "softdeleted", "fermeture demandee", "a cloturer",
         "en cours de fermeture", "resiliation demandee"],
        Said.LEAVING),
    **dict.fromkeys(
        ["supprimee", "supprime", "fermee", "ferme", "cloturee", "cloture", "clos", "close", "resiliee", "resilie",
         "deleted", "closed", "detruite", "detruit", "removed", "effacee"],
        Said.DELETED),
}  # fmt: skip
# What a column asks of which cells say yes or no: the state of a yes, then that of a no.
ASKED = [
    (re.compile(r"suppr|delet|resili|\b(?:clos|clotur|ferm)"), (Said.DELETED, Said.OPEN)),
    (
        re.compile(r"desactiv|disabl|suspend|suspens|bloqu|block|verrouill|lock|\binactiv|\binactif|\bgel|\barchiv"),
        (Said.SUSPENDED, Said.OPEN),
    ),
    (re.compile(r"activ|actif|ouvert|enabl|servic"), (Said.OPEN, Said.SUSPENDED)),
]
# What asks of the account behind the mailbox: of a shared one, Exchange closes it to log-ins from the first day.
OF_THE_ACCOUNT = re.compile(
    r"\baccount ?(?:is ?)?(?:disabled|enabled)\b|\bblock(?:ed)? ?credential|\bsign ?in (?:is )?(?:blocked|allowed)\b"
)
OF_NOBODY = re.compile(
    r"(?:shared|room|equipment|scheduling|team|group|linked room|remote (?:shared|room|equipment)) ?mailbox"
)
REVERSED = re.compile(r"\b(?:non|not|pas|hors)\b|\b(?:un|de)(?=lock|block|bloqu|verrouill)")
IN_ONE_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")  # « AccountDisabled »
TICKS = {**dict.fromkeys("✓✔☑✅", "oui"), **dict.fromkeys(["☐", "✗", "✘", "❌", "[ ]"], "non")}
WHOLE = re.compile(r"^([01])[.,]0+$")  # as a spreadsheet leaves them
KINDS = {
    **dict.fromkeys(
        ["per", "pers", "nominative", "nominatif", "personnelle", "personnel", "individuelle", "perso", "usermailbox",
         "user mailbox",
         "personne", "professionnel", "user", "utilisateur"], "PER"),
    **dict.fromkeys(
        ["org", "organisationnelle", "organisationnel", "orga", "service", "generique", "partagee", "partage",
         "de service",
         "sharedmailbox", "shared mailbox", "shared", "collective", "collectif", "fonctionnelle",
         "organisation", "groupe"], "ORG"),
    **dict.fromkeys(["app", "applicative", "applicatif", "application", "logiciel", "logicielle", "appli"], "APP"),
    **dict.fromkeys(["cab", "cabinet", "de cabinet"], "CAB"),
}  # fmt: skip


class AccessRole(Enum):
    """Who a person is to a BAL, by the word of a list."""

    PRINCIPAL = "principal"
    COTITULAIRE = "cotitulaire"
    TITULAIRE = "titulaire"
    DELEGATAIRE = "délégataire"


# How a word for a role begins; of whoever held it once, or never did, it says nothing.
ROLES = [
    (re.compile(r"deleg(?:at|ue)"), AccessRole.DELEGATAIRE),
    (
        re.compile(r"(?:co ?)?titulaire principale?\b|principale?\b|responsable(?: operationnel\w*)?$"),
        AccessRole.PRINCIPAL,
    ),
    (re.compile(r"co ?tit(?:ulaires?)?\b"), AccessRole.COTITULAIRE),
    (re.compile(r"titulaires?\b|owner\b|proprietaire\b"), AccessRole.TITULAIRE),
]
FORMERLY = re.compile(r"\b(?:ancien\w*|ex|retire\w*|partie?|supprime\w*|plus|non|pas|future?)\b")
# The full access of Exchange opens a BAL, and sends nothing from it.
TO_READ = re.compile(r"full access|\b(?:lec\w*|lire|lit|consult\w*|read\w*)")
TO_SEND = re.compile(r"\b(?:envo\w*|emett\w*|emission|ecri\w*|send\w*|redig\w*)")
TO_ALL = re.compile(r"\bfull\b(?! access)|\btotal\w*|\bcomplet\w*|\btous\b|\btoutes?\b")
DENIED = re.compile(r"\b(?:sans|pas|ni|non|no|not|aucune?|interdi\w*|refus\w*|retire\w*|revoqu\w*|deny|denied|none)\b")
ANSWERED = re.compile(r"\b(?:oui|yes)\b|\b(?:non|no)$")  # « Lecture : non, envoi : oui » is told apart by nobody


class Rights(NamedTuple):
    can_read: bool
    can_send: bool


def read_role(text: str) -> Read:
    """The `AccessRole` of a person."""
    word = _word(text)
    role = next((role for said, role in ROLES if said.match(word)), None)
    if role and not FORMERLY.search(word):
        return Read(role)
    return Read(problem=f"{quoted(cut(text, 50))} n’est pas un rôle (principal, cotitulaire, titulaire, délégataire)")


def read_right(text: str) -> Read:
    """The `Rights` of somebody who is lent a BAL; « lecture, sans envoi » gives the first alone."""
    word = _word(IN_ONE_WORD.sub(" ", text))
    denied = DENIED.search(word)
    given = word[: denied.start()] if denied else word
    can_send = TO_SEND.search(given) is not None or TO_ALL.search(given) is not None
    can_read = TO_READ.search(given) is not None or TO_ALL.search(given) is not None
    if (can_read or can_send) and not ANSWERED.search(word):
        is_full = "full access" in given and not can_send
        return Read(Rights(can_read, can_send), f"{quoted(cut(text, 50))} ouvre la BAL sans l’envoi" if is_full else "")
    return Read(problem=f"{quoted(cut(text, 50))} n’est pas un droit (lecture, envoi, lecture et envoi)")


def read_yes_no(text: str) -> Read:
    word = _word(text)
    if word in YES or word in NO:
        return Read(word in YES)
    return Read(problem=f"{quoted(cut(text, 50))} n’est ni oui ni non.")


def is_bare_answer(text: str) -> bool:
    """A yes or a no that says nothing of what was asked, as « Active » does."""
    word = _word(text)
    return word in YES | NO and (word not in STATES or word in ("on", "off", "ok"))


def state_key(text: str) -> str:
    """The key by which a word for a state is remembered."""
    return _word(text) or tidy(text)


def read_state(text: str, header: str = "", answers: Mapping[str, str] = NO_ANSWER) -> Read:
    """`header` tells what a bare yes or no answers. A word that is not known concludes nothing.

    `answers`: of words that somebody explained, by their `state_key`, the name of a `Said`.
    """
    word = _word_of_state(text)
    if answers and (answer := answers.get(state_key(text))):
        return Read(Said[answer])
    if found := STATES.get(word) if word not in ("on", "off", "ok") else None:
        return Read(found)
    if word in YES or word in NO:
        yes, no = _asked(header) or (Said.OPEN, Said.SUSPENDED)
        found = yes if word in YES else no
        return Read(found, "" if found == Said.OPEN else f"{quoted(text)} lu {quoted(found.value)}")
    if found := _since(text, header):
        return Read(found, f"{quoted(text)} lu {quoted(found.value)}")
    return Read(Said.UNCLEAR, f"{quoted(cut(text, 50))} n’est pas compris : rien n’en est conclu")


def _since(text: str, header: str) -> Said | None:
    """Below « Supprimée le », a day is a yes; one to come, what is prepared."""
    yes, _ = _asked(header) or (Said.OPEN, None)
    day = read_date(text).value if yes != Said.OPEN else None
    if day is None or day <= timezone.now():
        return yes if day else None
    return Said.LEAVING if yes == Said.DELETED else None


def _word_of_state(text: str) -> str:
    """Without what a console writes around it; « Active (suspendue) » says two things, and is asked about."""
    said = tidy(unguarded(text))
    word = ABOUT.sub("", _word(BESIDE.sub("", said))) or _word(said)
    beside = BESIDE.search(said)
    found = beside and STATES.get(ABOUT.sub("", folded(beside[0])))
    return _word(said) if found and found != STATES.get(word) else word


def _asked(header: str) -> tuple[Said, Said] | None:
    """What a yes and a no answer to what this header asks."""
    asked = folded(IN_ONE_WORD.sub(" ", header))
    yes, no = next((poles for said, poles in ASKED if said.search(asked)), (None, None))
    if yes is None or no is None:
        return None
    return (no, yes) if REVERSED.search(asked) else (yes, no)


def asks_of_account(header: str) -> bool:
    return OF_THE_ACCOUNT.search(folded(IN_ONE_WORD.sub(" ", header))) is not None


def is_of_nobody(text: str) -> bool:
    """A mailbox of Exchange into which nobody logs in under its own name, by its `RecipientTypeDetails`."""
    return OF_NOBODY.fullmatch(folded(IN_ONE_WORD.sub(" ", tidy(unguarded(text))))) is not None


def read_kind(text: str) -> Read:
    word = _word(BESIDE.sub("", text))
    if len({KINDS[one] for one in word.split() if one in KINDS and len(one) == 3}) > 1:  # « ORG/CAB » says two things
        return Read(problem=f"{quoted(cut(text, 50))} dit plusieurs types de BAL.")
    for prefix in ("bal ", "boite ", "boite aux lettres ", "messagerie ", "mssante ", "type "):
        word = word.removeprefix(prefix)
    if kind := KINDS.get(word) or KINDS.get(
        word.partition(" ")[0] if word[:4] in ("per ", "org ", "app ", "cab ") else ""
    ):
        return Read(kind)
    return Read(problem=f"{quoted(cut(text, 50))} n’est pas un type de BAL (PER, ORG, APP, CAB).")


def _word(text: str) -> str:
    said = tidy(unguarded(text))
    return TICKS.get(said) or folded(WHOLE.sub(r"\1", said))
