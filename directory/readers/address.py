"""An address, however it was pasted: out of its display name, scheme and punctuation, in the one spelling we keep."""

import re
import unicodedata
from urllib.parse import unquote

import idna

from directory.identifiers import LONGEST, PATIENT_DOMAIN, is_patient
from directory.readers.texts import UNSEEN, Read, quoted, tidy, unguarded

MAIL_SCHEME = re.compile(r"(?:mailto|smtp)\s*:\s*", re.IGNORECASE)
# What is said of an address before it, « BAL du service : », « 1. », or a bullet; and after it, « – Cardiologie ».
LABEL = re.compile(r"^(?:[^@:]{1,60}:\s*|[^@]{0,60}(?<!\S)[-–—•·*]\s+|\d{1,3}[.)]\s+)(?=\S+@)")
COMMENT = re.compile(r"(@\S*\w)(?:\s+[-–—/:,]\s.*|[*/]+)$")
# Spelt out against those who gather addresses.
SPELT_AT = re.compile(
    r"\s*[(\[{]\s*(?:at|arobase|arobas|à|a|@|chez)\s*[)\]}]\s*|\s+(?:at|arobase|arobas)\s+|%40", re.IGNORECASE
)
ACCESS_LINK = re.compile(r"[^#]*#(?:mailto:)?([^#\s]+@[^#\s]+)#.*", re.IGNORECASE)  # as that database exports it
OTHER_SCHEME = re.compile(r"(sips?|x400|x500|eum|im|xmpp|ex|notes|ldaps?|https?|tel)\s*:", re.IGNORECASE)
ENCLOSED = re.compile(r"[<\[(«]\s*(?:mailto:|smtp:)?\s*([^<>\[\]()«»\s]+@[^<>\[\]()«»\s]+)\s*[>\])»]", re.IGNORECASE)
PLAIN = re.compile(r"[A-Za-z0-9]+(?:[._+-][A-Za-z0-9]+)*@[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*\.[A-Za-z]{2,}")  # mostly
LINK = re.compile(r"=?(?:HYPERLINK|LIEN_HYPERTEXTE)\(\s*\"([^\"]+)\"", re.IGNORECASE)
AT = re.compile(r"\s*@\s*")
APART = re.compile(r"[\s;|]+|,(?=[^\s@,]+@)|\+(?=\w+:)")  # between the addresses of one cell
AROUND = " \t<>«»“”\"'‘’()[]{},;:.!…"
LOOKS_LIKE_ONE = re.compile(
    r"[^\s@<>()\[\]{}|,;:\".\\*]+(\.[^\s@<>()\[\]{}|,;:\".\\*]+)*@\w[\w-]*(\.\w[\w-]*)*\.[a-z][\w-]+",
    re.IGNORECASE,
)
# What word processors put in place of the plain ones; no operator opens an address with them.
TYPED = str.maketrans(dict(zip("’‘ʼ´′＇`‐‑–−＠ﬀﬁﬂﬃﬄ", [*"'''''''----@", "ff", "fi", "fl", "ffi", "ffl"], strict=True)))
INS = re.compile(r"[1-478]\d{4}(\d\d|2[AB])\d{6}(\d\d)?", re.IGNORECASE)  # 13 characters, and its key of 2
OF_PATIENT = "adresse de patient : elle n’est jamais gardée."
IS_MENDED = "caractères invisibles ôtés"


def read_address(text: str) -> Read:
    """The address in lower case, its domain in ASCII; a patient's address is a problem, which does not repeat it."""
    if PLAIN.fullmatch(text) and len(text) <= LONGEST and not is_of_patient(text):
        return Read(text.lower())
    said, remarks = tidy(unguarded(text.strip())), []
    if names_patient(text):
        return Read(problem=OF_PATIENT)
    address = taken_out(text)
    if isinstance(address, Read):
        return address
    if is_of_patient(address):
        return Read(problem=OF_PATIENT)
    if not address.isascii() and (sign := _foreign_sign(address)):
        what = "une lettre d’un autre alphabet" if sign.isalpha() else "un signe qu’aucune adresse ne porte"
        return Read(problem=f"{quoted(said)} contient {what}, {quoted(sign)}.")
    if not LOOKS_LIKE_ONE.fullmatch(address) or len(address) > LONGEST or "\ufffd" in address:
        return Read(problem=f"{quoted(said)} n’est pas une adresse.")
    if address != said.lower():
        remarks.append(f"{quoted(said)} lu {address}")
    if UNSEEN.search(text):
        remarks.append(f"{IS_MENDED} : {address}" if not remarks else IS_MENDED)
    return Read(address, ", ".join(remarks))


def taken_out(text: str) -> str | Read:
    """What of the text may be the address, well formed or not; a problem where that is not one thing."""
    said = tidy(unguarded(text.strip()))
    said = link[1] if (link := LINK.match(said)) else said
    said = link[1] if (link := ACCESS_LINK.fullmatch(said)) else said
    found = _taken_out(with_its_at(said.translate(TYPED)))
    return found if isinstance(found, Read) else spelt(AT.sub("@", found))


def with_its_at(said: str) -> str:
    """« cardio (at) chu.mssante.fr », where no « @ » stands."""
    return said if "@" in said else SPELT_AT.sub("@", said)


def spelt(address: str) -> str:
    """The one spelling of an address: lower case, and its domain as the DNS has it."""
    local, at, domain = address.lower().rpartition("@")
    return f"{local}{at}{spelt_domain(domain)}"


def spelt_domain(domain: str) -> str:
    """The domain in ASCII: « hôpital.mssante.fr » and « xn--hpital-0ta.mssante.fr » are one domain."""
    bare = domain.strip().lower().rstrip(".")
    return bare if bare.isascii() else ".".join(map(_spelt_label, bare.split(".")))


def is_of_patient(address: str) -> bool:
    """True by its domain, or by a local part that is an INS: under a mistyped domain it is a patient's still."""
    return is_patient(address) or (address[:1].isdigit() and INS.fullmatch(address.partition("@")[0]) is not None)


def names_patient(text: str) -> bool:
    """Does a patient's address stand anywhere in it?"""
    if "@" not in text and PATIENT_DOMAIN not in text.lower():
        return False
    said = with_its_at(tidy(text)).lower()
    return f"@{PATIENT_DOMAIN}" in said.replace(" ", "") or any(is_of_patient(w.strip(AROUND)) for w in said.split())


def _foreign_sign(address: str) -> str:
    """A Cyrillic « а » looks like a Latin one: two addresses that nobody can tell apart. Beyond ASCII, only Latin
    letters are for an address: no « 😀 », no « € », no accent alone."""
    return next((c for c in address if not c.isascii() and not _is_latin(c)), "")


def _is_latin(letter: str) -> bool:
    return letter.isalpha() and unicodedata.name(letter, "").startswith("LATIN")


def _taken_out(said: str) -> str | Read:
    enclosed = {match.lower() for match in ENCLOSED.findall(said)}
    outside = ENCLOSED.sub(" ", said)
    words = [word.strip("{}") for word in APART.split(outside) if "@" in word.strip("@")]
    primary = [word for word in words if word.startswith("SMTP:")]  # Exchange writes its other ones « smtp: »
    mails = [word for word in primary or words if not OTHER_SCHEME.match(word)]
    others = {MAIL_SCHEME.sub("", word.strip(AROUND)).lower() for word in mails}
    if len(enclosed | others) > 1:
        return Read(problem=f"{quoted(said)} contient plusieurs adresses.")
    if enclosed or (others and len(words) > 1):
        return (enclosed | others).pop().partition("?")[0].strip(AROUND)
    if other := OTHER_SCHEME.match(said):
        return Read(problem=f"{quoted(said)} n’est pas une adresse de messagerie ({other[1].lower()}).")
    bare = re.sub(r"(@\S+)\s\([^()@]*\)$", r"\1", said)  # alice@x.fr (Alice MOREL)
    bare = COMMENT.sub(r"\1", bare.strip(AROUND)).strip(AROUND)
    if (label := LABEL.match(bare)) and not MAIL_SCHEME.match(bare):
        bare = bare[label.end() :]
    if scheme := MAIL_SCHEME.match(bare):
        bare = bare[scheme.end() :]
        bare = unquote(bare) if "%" in bare else bare
    local, at, domain = bare.partition("@")
    bare = local + at + domain.partition("?")[0]
    return bare.strip(AROUND)


def _spelt_label(label: str) -> str:
    try:
        return label if label.isascii() else idna.encode(label, uts46=True).decode()
    except idna.IDNAError:
        return label
