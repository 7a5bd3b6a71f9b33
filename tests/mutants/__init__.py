"""Changes of the product, made on purpose, that a test must notice (docs/mutants.md)."""

from collections.abc import Callable
from typing import NamedTuple


class Mutant(NamedTuple):
    """`files`, `words`, `says` or `calls`: which tests could notice it."""

    table: str
    row: str
    change: str
    apply: Callable[[], object]
    files: tuple[str, ...] = ()  # those of these files,
    words: str = ""  # with these words in their ids
    says: str = ""  # those that name this
    calls: str = ""  # those that call this function
