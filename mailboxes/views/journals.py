"""The journal as a list: of one BAL, of one person, of what one follows."""

from typing import ClassVar

from mailboxes.lists.listing import Listing


class JournalList(Listing):
    """A list whose rows are lines of prose: it has no columns."""

    name, view, nouns = "bal-journal", "bal-journal", ("ligne", "lignes")
    row, empty = "mailboxes/journal/_row.html", "mailboxes/journal/_none.html"
    columns, place_path, keeps_views = (), "", False
    shows_subject: ClassVar[bool] = False
    shows_person: ClassVar[bool] = False
    with_notices: ClassVar[bool] = True


class PersonJournalList(JournalList):
    name, view, shows_subject = "person-journal", "person-journal", True
