"""The cursor of a prepared question on PostgreSQL: it sends the values apart from the text."""

from django.db.backends.postgresql.base import ServerBindingCursor


class BindingCursor(ServerBindingCursor):
    """psycopg forgets the text of what is prepared: the log of queries would hold none."""

    def _send_query_prepared(self, name, pgq, **options):
        self._query = pgq
        super()._send_query_prepared(name, pgq, **options)  # type: ignore[misc]
