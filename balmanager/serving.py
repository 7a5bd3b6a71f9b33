"""What a process that serves does before its first reader comes, by either door."""

from django.urls import get_resolver

from directory.patience import limit_pages


def make_ready() -> None:
    """After Django is set up."""
    limit_pages()
    get_resolver().url_patterns  # noqa: B018 - read now, and not while the first reader waits
