"""What the first rows of a list tell: its sheets, where its headers stand, what each column holds."""

from directory.typography import cut
from mailboxes.imports.columns import all_kept, guess, secret_ranks, signature_of
from mailboxes.imports.lists import first_of, heading_among, open_list
from mailboxes.imports.models import ColumnMapping, Import
from mailboxes.imports.rows import Row
from mailboxes.imports.sorts import FIELDS_OF, ListSort, labels_of


def look_at(run: Import) -> None:
    """Read the file's sheets, first rows and headers; nothing is saved."""
    with open_list(run.path, run.sheet) as source:
        first = first_of(source.rows())
        run.sheets, run.sheet = source.sheets, source.sheet
    heading = next((row.cells for row in first if secret_ranks(row.cells)), [])
    run.head = [
        (row.number, [cut(cell, 200) for cell in all_kept(row.cells, [] if row.cells is heading else heading)])
        for row in first
    ]
    set_heading(run, None)


def set_heading(run: Import, number: int | None) -> None:
    """What each column holds, as far as its header and cells tell; `number`: of the line of headers, None to find it,
    0 where there is none. Unsaved."""
    first = [Row(row_number, cells) for row_number, cells in run.head]
    fields = None if run.sort == ListSort.BAL else FIELDS_OF[run.sort]
    heading = heading_among(first, number, fields)
    run.headers, run.header_number = heading.headers, heading.number
    run.sample = [(row.number, row.cells) for row in heading.sample]
    saved = mapping_of(run)
    rest = [row for row in first if row.number > heading.number]
    run.columns = guess(heading.headers, _saved_of(saved, run.sort), rest, fields)
    run.size_unit, run.date_order = (saved.size_unit, saved.date_order) if saved else ("", "")
    run.default_kind = saved.default_kind if saved else run.default_kind
    run.state_words = saved.state_words if saved else {}


def mapping_of(run: Import) -> ColumnMapping | None:
    """What the structure said of the columns of a list of this operator with these headers."""
    where = {"structure": run.structure, "operator": run.operator, "signature": signature_of(run.headers)}
    return ColumnMapping.objects.filter(**where).first()


def _saved_of(saved: ColumnMapping | None, sort: str) -> dict[str, str] | None:
    """Two sorts of lists may have the same headers."""
    known = {"", *labels_of(sort)}
    return saved.fields if saved and set(saved.fields.values()) <= known else None
