"""Structures one after the other: all where they are few, else by pages, or those that some words name."""

from typing import Any

from django.core.paginator import Paginator

from directory.folding import as_read
from directory.typography import cut, quoted
from mailboxes.forms.structure_field import FEW


def structures_named(request, structures) -> dict[str, Any]:
    """What `mailboxes/_structures_named.html` draws; `page` holds the structures."""
    named = " ".join(request.GET.get("nom", "").replace("\0", "").split())
    found = structures.named(named) if named else structures
    page = Paginator(as_read(found.order_by("name", "pk")), FEW).get_page(request.GET.get("page"))
    none = f"Aucune structure ne répond à {quoted(cut(named, 60))}." if named and not page.object_list else ""
    return {"page": page, "named": named, "none": none, "is_long": bool(named) or page.has_other_pages()}
