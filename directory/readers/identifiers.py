"""RPPS, FINESS, SIRET, SIREN, RPPS-rang, ADELI, as forms and spreadsheets leave them: mended when that is sure."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import partial

from directory.identifiers import KEYED, malformed
from directory.readers.texts import Read, quoted, tidy, unguarded
from directory.typography import how_many

LABEL = re.compile(
    r"^(?:n(?:um[eé]ro)?\s*[°ºo.]?\s*)?(?:id(?:entifiant)?\s*)?"
    r"(rpps|finess|siret|siren|adeli)\s*(?:\+|et|ej|g[eé]ographique|juridique)?\s*(?:n\s*[°ºo.]|num[eé]ro)?\s*[:=#-]*\s*",
    re.IGNORECASE,
)
SCIENTIFIC = re.compile(r"(\d)(?:[.,](\d+))?\s*e\s*\+?(\d{1,3})", re.IGNORECASE)
ONE_MARK = re.compile(r"\d+[.,]\d+")
NUMBER_SIGN = re.compile(r"^n(?:um[eé]ro)?\s*[°ºo.]\s*(?=[\d(])|^e[tj]\s*:?\s*(?=\d)", re.IGNORECASE)
# What is said of a number before it, « IDNPS : », « N° du titulaire », and after it, « (ET) », « – CHU ».
SAID_BEFORE = re.compile(
    r"^(?:(?:n[°ºo.]|num[eé]ro|code|id\w*|nat\w*|ps|pp|du|de|la|titulaire|structure|[eé]tablissement|g[eé]ographique|"
    r"juridique|fr|e[tj])[\s:.-]+){1,6}(?=\d)",
    re.IGNORECASE,
)
SAID_AFTER = re.compile(r"(?<=\d)\s*(?:[(\[–,;]|\s-\s)\s*[^\W\d][^\d]*$|(?<=\d)\s*\*+$")
AROUND = ' "()[]«»'
DECIMALS = re.compile(r"(.*\d)[.,]0+")
APART = re.compile(r"[\s.\-_/'’]")
LENGTHS = {"RPPS": 11, "FINESS": 9, "SIRET": 14, "SIREN": 9, "RPPS-rang": 14, "ADELI": 9}
BY_SPREADSHEET = "un tableur l’avait abîmé"


def read_identifier(name: str, text: str) -> Read:
    """`name`: a key of LENGTHS."""
    if len(text) == LENGTHS[name] and text.isascii() and text.isdigit() and not malformed(name, text):
        return Read(text)
    said = unicodedata.normalize("NFKC", tidy(unguarded(tidy(text))))  # figures of full width are figures
    said = NUMBER_SIGN.sub("", said.strip(AROUND))
    if (label := LABEL.match(said)) and (label[1].upper() in (name, name.partition("-")[0])):
        said = said[label.end() :].strip()
    said = SAID_BEFORE.sub("", SAID_AFTER.sub("", said)).strip()
    undone = _without_exponent(name, said) if SCIENTIFIC.fullmatch(said) else said
    if undone is None:
        return _spoilt(name, said)
    whole = DECIMALS.fullmatch(undone)
    # Only where the rest has its length: « 810.900.015.870 » is no number followed by decimals.
    is_decimal = whole is not None and len(APART.sub("", whole[1])) in _lengths(name)
    bare = APART.sub("", whole[1] if is_decimal and whole else undone).upper()
    if ONE_MARK.fullmatch(undone) and not is_decimal:  # « 8109000158.70 » is a number no more
        return _spoilt(name, said)
    is_damaged = is_decimal or undone != said
    value, cause = _completed(name, bare)
    if sentence := _fault(name, value):
        return Read(problem=sentence)
    if cause or is_damaged:
        return Read(value, f"{quoted(said)} lu {value} : {cause or BY_SPREADSHEET}")
    return Read(value)


READERS: dict[str, Callable[[str], Read]] = {name: partial(read_identifier, name) for name in LENGTHS}


def read_structure_number(text: str) -> Read:
    """A FINESS, a SIRET or an RPPS-rang: by its label, else by its length. Of fourteen figures no key is asked."""
    return _first_of(("RPPS-rang", "SIRET", "FINESS"), text)


def read_number(text: str) -> Read:
    """The number of a person or of a structure, whichever it is."""
    return _first_of(("RPPS", "FINESS", "RPPS-rang", "SIRET"), text)


def _first_of(names: Iterable[str], text: str) -> Read:
    """The first that reads; where none does, what is wrong for the one that the text names, or for the last."""
    found = {name: read_identifier(name, text) for name in names}
    label = LABEL.match(tidy(unguarded(text)))
    named = found.get(label[1].upper()) if label else None
    return next((read for read in found.values() if not read.problem), named or list(found.values())[-1])


def _spoilt(name: str, said: str) -> Read:
    return Read(problem=f"{quoted(said)} : un tableur a abîmé ce numéro {name}. Mettez la colonne au format texte.")


def _lengths(name: str) -> set[int]:
    """Lengths of a number with all its digits, or short of a leading zero, or led by the 8 of the national
    identifier."""
    length = LENGTHS[name]
    return {length, length + 1} if name == "RPPS" else {length, length - 1}


def _without_exponent(name: str, said: str) -> str | None:
    """All its digits, where the notation kept them all."""
    found = SCIENTIFIC.fullmatch(said)
    assert found  # noqa: S101 - asked by the only caller
    digits, length = found[1] + (found[2] or ""), int(found[3]) + 1
    return digits if len(digits) == length and length in _lengths(name) else None


def _completed(name: str, bare: str) -> tuple[str, str]:
    """What a spreadsheet took off is put back where the key proves it; a FINESS of the first nine départements has none
    that always holds, and then it is told.
    """
    if name == "RPPS" and re.fullmatch(r"8\d{11}", bare):
        return bare[1:], "8 est le type d’identifiant"
    if name in ("FINESS", "SIRET", "SIREN", "ADELI") and re.fullmatch(rf"\d{{{LENGTHS[name] - 1}}}", bare):
        zeroed = f"0{bare}"
        if name not in KEYED or KEYED[name].is_valid(zeroed):
            return zeroed, "un tableur avait ôté le zéro"
    return bare, ""


def _fault(name: str, value: str) -> str:
    if not (sentence := malformed(name, value)):
        return ""
    if name == "RPPS" and re.fullmatch(r"\d[0-9AB]\d{7}", value):
        return f"{sentence[:-1]} ; il a la forme d’un ADELI, qui n’existe plus."
    if value.isdigit() and len(value) < LENGTHS[name]:
        missing = LENGTHS[name] - len(value)
        return f"{sentence[:-1]} ; il y manque {how_many(missing, 'chiffre')}."
    return sentence
