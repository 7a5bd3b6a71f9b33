"""Find the columns of a published file by their normalised names, whatever their order and small variants."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from directory.sources import UnreadableSource
from directory.typography import quoted

PARTICLES = {"d", "de"}  # which the ANS's files put or leave out


def find_columns(
    header: str, labels: Iterable[str], aliases: Mapping[str, str] | None = None, optional: Iterable[str] = ()
) -> list[int | None]:
    """The place of each label in the header; None for an optional one that is not there.

    `aliases` gives other labels seen for one of ours.
    """
    known = {compact(other): compact(label) for other, label in (aliases or {}).items()}
    names = [known.get(name, name) for name in map(compact, header.rstrip("|").split("|"))]
    labels, allowed = list(labels), set(optional)
    missing = [label for label in labels if compact(label) not in names and label not in allowed]
    if missing:
        raise UnreadableSource(f"Ligne 1 : colonne absente de l’en-tête : {', '.join(map(quoted, missing[:3]))}"
                               f"{f' et {len(missing) - 3} autres' if len(missing) > 3 else ''}.")  # fmt: skip
    for label in labels:
        if names.count(compact(label)) > 1:
            raise UnreadableSource(f"Ligne 1 : la colonne {quoted(label)} figure deux fois dans l’en-tête.")
    return [names.index(compact(label)) if compact(label) in names else None for label in labels]


def compact(label: str) -> str:
    """The header without accents, capitals, punctuation or particles."""
    plain = unicodedata.normalize("NFKD", label.replace("’", "'")).encode("ascii", "ignore").decode().lower()
    return "".join(word for word in re.findall(r"[a-z0-9]+", plain) if word not in PARTICLES)
