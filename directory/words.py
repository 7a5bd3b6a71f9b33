"""Words as people type them, and how far two of them are apart."""


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
    """How many errors a word may have: none in three letters, one up to five, two beyond."""
    return 0 if len(word) < 4 else 1 if len(word) < 6 else 2


def one_away(word: str, letters: str) -> set[str]:
    """Every spelling at a distance of one from `word`."""
    halves = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    lost = {left + right[1:] for left, right in halves if right}
    changed = {left + letter + right[1:] for left, right in halves if right for letter in letters}
    added = {left + letter + right for left, right in halves for letter in letters}
    return (lost | changed | added | set(swapped(word))) - {word}


def swapped(word: str) -> list[str]:
    """Two neighbouring letters exchanged: what a trigram index sees least."""
    return [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1) if word[i] != word[i + 1]]
