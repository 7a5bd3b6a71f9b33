"""docs/benchmarks.md: a section for each module of tests.bench, then what was measured by hand."""

from collections.abc import Sequence

from tests.bench.row import Row

HEAD = """# Benchmarks

Written by `make bench`, a section as soon as it is measured. Ratios carry over to other machines, times do not.
"""
COLUMNS = "| work | measured | against | ratio | to reach | reached |\n|---|---|---|---|---|---|"


def section(title: str, machine: str, rows: Sequence[Row]) -> str:
    return "\n".join([f"## {title}", f"{machine}.", "", COLUMNS, *(row.line() for row in rows)]) + "\n"


def written(page: str, new: str, titles: Sequence[str]) -> str:
    """The page with this section in its place among `titles`; what is none of them was written by hand, and stays
    last."""
    sections = {_title(one): one for one in _sections(page)} | {_title(new): new}
    in_order = [title for title in titles if title in sections]
    in_order += [title for title in sections if title not in titles]
    return "\n".join([HEAD, *(sections[title] for title in in_order)])


def _sections(page: str) -> list[str]:
    return [f"## {text.strip()}\n" for text in page.split("\n## ")[1:]]


def _title(text: str) -> str:
    return text.partition("\n")[0].removeprefix("## ")
