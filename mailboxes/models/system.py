"""The application acting by itself."""


class System:
    """The `by` of an action that no human asked for: a job, an import, the first load."""

    pk = None

    def __str__(self):
        return "automate"


SYSTEM = System()
