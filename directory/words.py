"""Words as people type them: without accents, capitals or punctuation, and how far two of them are apart."""

import re
import unicodedata

LIGATURES = str.maketrans({"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE"})
NOT_A_WORD = re.compile(r"[^a-z0-9]+")


def fold(text: str) -> str:
    """« N’Diaye, Éric » gives « n diaye eric »; what the search tables hold is folded alike, by SQL."""
    letters = unicodedata.normalize("NFKD", text.translate(LIGATURES))
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return NOT_A_WORD.sub(" ", plain.lower()).strip()


def readings(chunk: str) -> list[list[str]]:
    """How a piece typed without a space may stand in the annuaire: « n'diaye » is « n diaye » or « ndiaye »."""
    apart = fold(chunk).split()
    return [apart, ["".join(apart)]] if len(apart) > 1 else [apart] if apart else []


def distance(one: str, other: str, limit: int) -> int:
    """Letters added, lost, changed or swapped with their neighbour; any number above `limit` means "too far"."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]


def allowed_errors(word: str) -> int:
    """None in three letters, one up to five, two beyond."""
    return 0 if len(word) < 4 else 1 if len(word) < 6 else 2


def swapped(word: str) -> list[str]:
    """Two neighbouring letters exchanged: what a trigram index sees least."""
    return [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1) if word[i] != word[i + 1]]
