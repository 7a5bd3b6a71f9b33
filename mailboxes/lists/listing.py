"""One list on its page: its columns, its filters as chips, its order, its pages, its total in words.

A list is an heir of `Listing` that says its name, its page, its columns and the template of one row; a view makes one
and hands it to `templates/_list/list.html`, which draws them all.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from directory.folding import as_read
from directory.typography import grouped
from mailboxes.lists.filters import ShownFilter, worded
from mailboxes.lists.models import QUERY_LENGTH, SIZES, SavedView, Taste, views_of
from mailboxes.lists.paging import KeyPaginator
from mailboxes.lists.place import place_of
from mailboxes.models import Structure

KEPT = "lists"  # in the session: name of a list -> how it was last asked


class Column(NamedTuple):
    name: str
    label: str
    order: tuple[str, ...] = ()  # what its rows are sorted by; empty where they are not
    is_usual: bool = True  # shown to who chose nothing
    is_number: bool = False


class Header(NamedTuple):
    column: Column
    sort: str  # what a click asks for; "": nothing
    order: str  # how it is sorted now, for ARIA


class Chip(NamedTuple):
    name: str
    label: str
    value: str
    url: str  # of the same list without it


LISTINGS: dict[str, type["Listing"]] = {}  # every list of the application, by its name


class Listing:
    name: ClassVar[str]
    view: ClassVar[str]  # the name of its page
    columns: ClassVar[tuple[Column, ...]]
    row: ClassVar[str]  # the template of its cells; `row` is the row
    nouns: ClassVar[tuple[str, str]]  # one, several
    inline: ClassVar[tuple[str, ...]] = ("q",)  # the filters that stand in sight
    sort_field: ClassVar[str] = ""  # the filter that sorts, where the filters do it themselves
    bulk_template: ClassVar[str] = "_list/bulk.html"
    implied: ClassVar[frozenset[str]] = frozenset()  # filters that hold where the address does not name them
    place_path: ClassVar[str] = "structure"  # from a row to its structure; "": none
    picks: ClassVar[str] = ""  # the field of the rows that are ticked; "": none is
    bulk_view: ClassVar[str] = ""  # the page that they are sent to
    bulk_more: ClassVar[str] = ""  # a template: other buttons for the same rows
    empty: ClassVar[str] = "_list/empty.html"  # what is shown where there is no row at all
    keeps_views: ClassVar[bool] = True  # not where it lists what belongs to one row of another list

    def __init_subclass__(cls):
        LISTINGS[cls.name] = cls

    form_template: ClassVar[str] = "_list/filters.html"

    def __init__(
        self,
        request: HttpRequest,
        rows: Any,
        *,
        form: BaseForm | None = None,
        loaded: QuerySet | None = None,
        acts: Sequence[tuple[str, str]] = (),
        count: int | None = None,
        view_args: Sequence = (),
    ):
        """`rows`: a QuerySet, or any list that counts and cuts itself; `loaded`: what a page loads of them."""
        self.request, self.form, self.loaded, self.acts = request, form, loaded, acts
        self.rows = self.within(rows, place_of(request))
        self.known_count, self.url = count, reverse(self.view, args=view_args)
        self.remember()

    # --- What is shown ------------------------------------------------------------------------------------------------
    @cached_property
    def taste(self) -> Taste:
        reader = self.request.user.pk
        assert reader  # noqa: S101 - whoever reads a list is logged in
        kept = Taste.objects.filter(user_id=reader, listing=self.name).first()
        return kept or Taste(user_id=reader, listing=self.name)

    @property
    def sizes(self) -> tuple[int, ...]:
        return SIZES

    @cached_property
    def shown(self) -> list[Column]:
        """The first column names the row, and stays."""
        chosen = self.taste.columns
        if chosen is None:
            return [column for column in self.columns if column.is_usual]
        return [column for column in self.columns if column.name in chosen or column == self.columns[0]]

    @cached_property
    def shows(self) -> dict[str, bool]:
        """Of every column, whether a row shows it: a name that a template does not find costs as much as ten."""
        return {column.name: column in self.shown for column in self.columns}

    @property
    def choices(self) -> list[tuple[Column, bool]]:
        return [(column, column in self.shown) for column in self.columns[1:]]

    # --- Its order ----------------------------------------------------------------------------------------------------
    @cached_property
    def sorts(self) -> dict[str, tuple[str, ...]]:
        """What may be asked of `sort`, and the order that it means; the filters' own, where they sort."""
        if self.form and self.sort_field:
            return {name: () for name, _ in getattr(self.form.fields[self.sort_field], "choices", [])}
        found = {}
        for column in self.columns:
            if column.order:
                found[column.name] = column.order
                found[f"-{column.name}"] = tuple(_reversed(name) for name in column.order)
        return found

    @cached_property
    def sort(self) -> str:
        asked = self.request.GET.get("sort", "")
        return asked if asked in self.sorts else ""

    @property
    def headers(self) -> Iterator[Header]:
        for column in self.shown:
            up, down = column.name, f"-{column.name}"
            order = {up: "ascending", down: "descending"}.get(self.sort, "")
            if up in self.sorts:
                yield Header(column, down if self.sort == up else up, order)
            else:
                yield Header(column, "", "")

    @property
    def sort_choices(self) -> list[tuple[str, str, bool]]:
        """Choices for a phone, where no header is clicked; none where the filters have their own."""
        if self.sort_field:
            return []
        labels = {column.name: column.label for column in self.columns}
        return [
            (name, labels[name.lstrip("-")] + (", à rebours" if name.startswith("-") else ""), name == self.sort)
            for name in self.sorts
        ]

    def ordered(self) -> Any:
        if not isinstance(self.rows, QuerySet):
            return self.rows
        order = self.sorts.get(self.sort, ())
        return as_read(self.rows.order_by(*order, "pk") if order else self.rows)

    # --- Its pages ----------------------------------------------------------------------------------------------------
    @cached_property
    def paginator(self) -> Paginator:
        rows = self.ordered()
        if isinstance(rows, QuerySet):
            paginator: Paginator = KeyPaginator(rows, self.taste.size, rows=self.loaded)
        else:
            paginator = Paginator(rows, self.taste.size)
        count = self.counted()
        if count is not None:
            paginator.count = count  # known already: not counted again
        return paginator

    @cached_property
    def page(self):
        return self.paginator.get_page(self.request.GET.get("page"))

    @property
    def count(self) -> int:
        return self.paginator.count

    def counted(self) -> int | None:
        """How many rows, where that is known without asking for it."""
        return self.known_count

    @property
    def count_words(self) -> str:
        return grouped(self.count)

    @property
    def bulk_url(self) -> str:
        return reverse(self.bulk_view)

    @property
    def total(self) -> str:
        """The total in words; an heir says what it is made of."""
        return f"{grouped(self.count)} {self.nouns[self.count > 1]}"

    # --- How it was asked ---------------------------------------------------------------------------------------------
    @cached_property
    def chips(self) -> list[Chip]:
        if self.form is None:
            return []
        self.form.is_valid()
        cleaned = getattr(self.form, "cleaned_data", {})
        return [
            Chip(name, str(self.form.fields[name].label), worded(self.form, name, value), self.without(name))
            for name, value in cleaned.items()
            if name != self.sort_field and value not in (None, "", []) and not self._is_unticked(name, value)
        ]

    def _is_unticked(self, name: str, value: Any) -> bool:
        """A box that nobody ticked reads as False, and asks for nothing."""
        return value is False and not self.request.GET.get(name)

    @property
    def is_filtered(self) -> bool:
        """Does it show fewer rows than it might?"""
        return any(self.request.GET.get(chip.name) for chip in self.chips)

    @property
    def query(self) -> str:
        """How it is asked, without its page."""
        asked = self._asked()
        asked.pop("page", None)
        return asked.urlencode()

    @property
    def address(self) -> str:
        return f"{self.url}?{self.query}" if self.query else self.url

    def without(self, name: str) -> str:
        asked = self._asked()
        asked.pop("page", None)
        if name in self.implied:
            asked[name] = ""
        else:
            asked.pop(name, None)
        return f"{self.url}?{asked.urlencode()}" if asked else self.url

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What its filters carry along when they are changed."""
        if self.sort_field:
            return []
        return [("sort", self.sort)] if self.sort else []

    @cached_property
    def inline_filters(self) -> list[ShownFilter]:
        return [ShownFilter(self.form[name]) for name in self.inline if self.form and name in self.form.fields]

    @cached_property
    def more_filters(self) -> list[ShownFilter]:
        return [ShownFilter(field) for field in self.form if field.name not in self.inline] if self.form else []

    @property
    def is_folded(self) -> bool:
        """Has it more than a phone shows at once: other filters than the first, or an order to choose?"""
        return len(self.inline_filters) > 1 or bool(self.sort_choices)

    def _asked(self) -> QueryDict:
        asked = self.request.GET.copy()
        for name in [name for name, value in asked.items() if value == "" and name not in self.implied]:
            del asked[name]
        return asked

    def remember(self) -> None:
        """So that who comes back from a row finds the list as it was."""
        kept = self.request.session.get(KEPT, {})
        asked = self._asked().urlencode()
        if kept.get(self.name, "") != asked and len(asked) <= QUERY_LENGTH:
            self.request.session[KEPT] = {**kept, self.name: asked}

    # --- Who reads it -------------------------------------------------------------------------------------------------
    @classmethod
    def within(cls, rows: Any, place: Structure | None) -> Any:
        """The rows of the structure that one acts for."""
        if place is None or not cls.place_path or not isinstance(rows, QuerySet):
            return rows
        return rows.filter(**{f"{cls.place_path}__in": Structure.objects.under(place).values("pk")})

    @cached_property
    def views(self) -> list[SavedView]:
        return views_of(user=self.request.user, listing=self.name)


def _reversed(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def last_asked(request: HttpRequest, listing: type[Listing]) -> str:
    """The address of a list as it was last read in this session."""
    asked = request.session.get(KEPT, {}).get(listing.name, "")
    return reverse(listing.view) + (f"?{asked}" if asked else "")
