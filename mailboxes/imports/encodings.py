"""In which characters a text file is written: by its own signs, by those of French, then by a detector."""

import re
from collections.abc import Iterable
from itertools import zip_longest
from typing import NamedTuple

from charset_normalizer import from_bytes

UTF_32 = {b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32"}
UTF_16 = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
LEGACY = {"cp1252": "Windows", "mac_roman": "Mac", "cp850": "DOS", "iso8859_15": "Unix"}
FRENCH = re.compile("[éèêëàâùûîïôçœÉÈÊÀÂÎÔÇŒ](?=[a-zéèêëàâùûîïôçœ’' ,;.)\\-]|$)|(?<=[a-zA-Z])[’°«»€]|(?<=[nN])°")
FOREIGN = re.compile("[^\x00-\x7féèêëàâùûîïôöçœæÉÈÊËÀÂÙÛÎÏÔÖÇŒÆ’‘“”«»°€–—…·•§\u00a0\u202f]")
# UTF-8 read as cp1252 and written as UTF-8 again: « Ã© » for é, « â€™ » for ’.
TWICE = re.compile("Ã[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€[\u0080-\u00bf™œ\u009d˜“”¦¢]|Â[\u00a0-\u00bf]|Å[“’]")
# The same letters and signs in UTF-8: in no other encoding do these bytes follow one another in French.
ENCODED = re.compile(rb"(?:\xc3[\x80-\xbf]|\xc2[\xa0-\xbf]|\xc5[\x92\x93]|\xe2\x80[\x80-\xbf]|\xe2\x82\xac)+")
# « GÇriatrie » is no word: a capital with an accent stands among capitals, or at the head of a word.
ASTRAY = re.compile("(?<=[a-zéèêëàâùûîïôç])[ÉÈÊËÀÂÎÏÔÛÇ]|(?<=[A-Z])[ÉÈÊËÀÂÎÏÔÛÇ](?=[a-z])")
TIMES = 3  # that accents are encoded over again at most
LONE = 200  # lines, not of ASCII nor of UTF-8, that are enough to know the rest


class Encoding(NamedTuple):
    name: str
    remark: str = ""  # "" where it is what consoles write


def of_head(head: bytes) -> str:
    """The encoding that the first bytes prove, "" where each line may have its own."""
    if name := UTF_32.get(head[:4]) or UTF_16.get(head[:2]):
        return name
    odd, even = head[1::2].count(0), head[::2].count(0)
    if odd > len(head) // 5 and even < len(head) // 50:
        return "utf-16-le"
    if even > len(head) // 5 and odd < len(head) // 50:
        return "utf-16-be"
    return ""


def legacy_of(lines: Iterable[bytes]) -> Encoding:
    """The encoding in which lines that are not UTF-8 read as French."""
    sample = b"".join(ENCODED.sub(b"", line) for line, _ in zip(lines, range(LONE), strict=False))
    if not sample:
        return Encoding("cp1252")
    scores = {name: _score(sample.decode(name, errors="replace")) for name in LEGACY}
    best = max(scores, key=lambda name: scores[name])  # of equals the first
    if scores[best] <= 0:
        match = from_bytes(sample, cp_isolation=[*LEGACY, "iso8859_15", "latin_1"]).best()
        best = match.encoding if match else "cp1252"
    if best == "cp1252":
        return Encoding(best)
    return Encoding(best, f"Accents lus comme ceux d’un {LEGACY.get(best, best)}")


def decoded(raw: bytes, legacy: Encoding) -> tuple[str, str]:
    """A line that is not UTF-8, and how it was read: some programs paste cells of UTF-8 beside others."""
    if not ENCODED.search(raw):
        return raw.decode(legacy.name, errors="replace"), legacy.remark
    parts = [part.decode(legacy.name, errors="replace") for part in ENCODED.split(raw)]
    encoded = [part.decode() for part in ENCODED.findall(raw)]
    return "".join(map("".join, zip_longest(parts, encoded, fillvalue=""))), "Accents de deux encodages sur une ligne"


def mended(text: str) -> str:
    """A text that was encoded twice or more, as it was first; the same where it was not."""
    for _ in range(TIMES):
        if not TWICE.search(text):
            break
        try:
            text = b"".join(map(_byte, text)).decode()
        except UnicodeError:
            break
    return text


def _byte(letter: str) -> bytes:
    try:
        return letter.encode("cp1252")
    except UnicodeEncodeError:
        return letter.encode("latin-1")  # the five bytes that cp1252 does not know pass as they are


def _score(text: str) -> int:
    return len(FRENCH.findall(text)) - 2 * len(FOREIGN.findall(text)) - 2 * len(ASTRAY.findall(text))
