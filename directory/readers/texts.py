"""A text as people meant it: without what spreadsheets, mail software and copying add to it."""

import html
import re
import unicodedata
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from functools import lru_cache
from typing import Any, NamedTuple

from directory.folding import fold
from directory.typography import quoted

folded = lru_cache(4096)(fold)  # the same few words stand on every line

# Joiners, marks of direction, soft hyphens, BOM: seen by nobody, and two addresses differ by them.
UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f"
    "\ufeff\ufff9-\ufffb]+"
)
SPACES = re.compile("[\\s\x00-\x1f\x7f-\x9f\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
FORMULA_TEXT = re.compile(r'=\s*"+(.*?)"+', re.DOTALL)  # how exports keep a number from losing its zeros
ENTITY = re.compile(r"&(?:#\d{2,5}|#x[0-9a-f]{2,4}|[a-z]{2,8});", re.IGNORECASE)
ENCODED_WORD = re.compile(r"=\?[\w-]+\?[QB]\?[^?]+\?=", re.IGNORECASE)
LOST_LETTER = re.compile(r"(?<=[^\W\d_])\?(?=[^\W\d_])")
GUARDED = ("=", "+", "-", "@", "\t", "\r", "\n")  # what a spreadsheet takes for a formula: exports put ' before it
NOTHING = {"", "-", "--", "–", "—", "?", "n/a", "#n/a", "n.a.", "na", "null", "none", "nul", "(vide)", "vide", "néant"}


class Read(NamedTuple):
    value: Any = None  # None: the text says nothing
    remark: str = ""  # how it was read, where a person should know
    problem: str = ""  # why it cannot be read; there is then no value


def tidy(text: str) -> str:
    """The text on one line, without what is not seen, each accent one with its letter."""
    if text.isascii() and text.isprintable():
        return text.strip() if "  " not in text else " ".join(text.split())
    return SPACES.sub(" ", UNSEEN.sub("", unicodedata.normalize("NFC", text))).strip()


def unguarded(text: str) -> str:
    """Without what keeps a spreadsheet from reading it: `="…"`, or an apostrophe before a number or a formula."""
    if found := FORMULA_TEXT.fullmatch(text):
        return found[1].replace('""', '"')
    if text[:1] == "'" and (text[1:2].isdigit() or text[1:].startswith(GUARDED)):
        return text[1:-1] if len(text) > 2 and text.endswith("'") else text[1:]
    return text


def is_nothing(text: str) -> bool:
    return not text or (len(text) < 8 and text.strip().lower() in NOTHING)


def read_text(text: str, length: int) -> Read:
    said, remark = tidy(unguarded(text)), ""
    if "\ufffd" in said:
        return Read(problem=f"{quoted(said)} contient un caractère illisible.")
    if found := ("&" in said and ENTITY.search(said)) or ("=?" in said and ENCODED_WORD.search(said)):
        said, remark = _decoded(said), f"{quoted(found[0])} lu comme il s’affiche"
    elif "?" in said and LOST_LETTER.search(said):
        remark = f"dans {quoted(said)}, un point d’interrogation tient peut-être lieu d’une lettre perdue"
    if len(said) > length:
        return Read(said[:length].rstrip(), f"coupé à {length} caractères")
    return Read(said, remark)


def _decoded(said: str) -> str:
    """« P&eacute;diatrie » and « =?utf-8?Q?P=C3=A9diatrie?= », as a page and a message show them."""
    try:
        words = str(make_header(decode_header(said))) if ENCODED_WORD.search(said) else said
    except (LookupError, ValueError, HeaderParseError):
        words = said
    return tidy(html.unescape(words))
