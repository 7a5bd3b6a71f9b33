"""What French typography asks of a sentence: spaces at which no line breaks."""

import re

NO_BREAK, NARROW = "\u00a0", "\u202f"
LONGEST = 100  # characters of a value named in a sentence


# A plain space that stands before a sign, or after the quote that opens: where a line must not break.
BEFORE_A_HIGH_SIGN = re.compile(r" +(?=[;!?](?!\w))")
BEFORE_A_COLON = re.compile(r" +(?=:(?!\w)|»)")
AFTER_A_QUOTE = re.compile(r"« +")


def typeset(sentence: object) -> str:
    """The text as it is shown, from one with plain spaces: templates by their loader (`balmanager/typesetting.py`), the
    sentences of Python by the filter of the same name where a page shows them; the API, the journal and a refusal
    keep plain spaces, which software compares and people search."""
    text = BEFORE_A_HIGH_SIGN.sub(NARROW, str(sentence))
    return AFTER_A_QUOTE.sub(f"«{NO_BREAK}", BEFORE_A_COLON.sub(NO_BREAK, text))


def for_software(sentence: object) -> str:
    """The text as JSON says it: plain spaces alone. Who reads a `detail` finds it again with the keyboard's, compares
    it, or writes it to a log and a screen of which some know neither space; whoever shows it to people sets it anew."""
    return str(sentence).replace(NO_BREAK, " ").replace(NARROW, " ")


def cut(text: str, length: int) -> str:
    """A text that must fit: where it does not, its last character says that it went on."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def quoted(value: object) -> str:
    """Between French quotes, which stay on the line of what they hold; cut where it is long."""
    return f"«{NO_BREAK}{cut(str(value), LONGEST)}{NO_BREAK}»"


def grouped(number: int) -> str:
    """« 1 288 490 189 », on one line."""
    return f"{number:,}".replace(",", NARROW)


def signed(number: int) -> str:
    """« +25 », « −25 », « 0 »: what was added or taken away."""
    return grouped(number) if not number else f"{'+' if number > 0 else '−'}{grouped(abs(number))}"


def how_many(number: int, words: str) -> str:
    """« 1 demande », « 3 avis urgents », « 2 BAL closes »: each word takes its s, abbreviations aside."""
    said = [word if number < 2 or word.isupper() or word[-1] in "sx" else f"{word}s" for word in words.split()]
    return f"{grouped(number)}{NO_BREAK}{' '.join(said)}"


VOWELS = frozenset("aeiouyàâäéèêëîïôöùûüœæ")


def of(name: object) -> str:
    """« d’Alice Morel », « de Bruno Lefort »; before an h, which may be aspirated, the full form."""
    said = str(name)
    return f"d’{said}" if said[:1].lower() in VOWELS else f"de {said}"
