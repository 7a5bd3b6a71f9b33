"""Invented files in the real formats, of any size: for demonstrations, tests and measures. Nobody in them exists."""

from directory.invented.activities import write_activities
from directory.invented.annuaire import write_annuaire
from directory.invented.whitelist import write_whitelist

__all__ = ["write_activities", "write_annuaire", "write_whitelist"]
