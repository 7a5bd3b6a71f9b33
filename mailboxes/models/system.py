"""Who acts without an account logged in: the application itself, or a person by a signed link."""


class System:
    """The `by` of an action that no human asked for: a job, an import, the first load."""

    pk = None
    is_superuser = True  # sees all; what it may do, the rules say

    def __str__(self):
        return "automate"


SYSTEM = System()


class Signatory:
    """The `by` of who answers by the signed link of a mail, without logging in: a person, known by that link alone.

    `notice`: the one whose mail held the link, where what the link may do depends on the address it was sent to.
    """

    def __init__(self, person, notice=None):
        self.person, self.notice = person, notice
        self.pk = person.user_id

    def __str__(self):
        return f"{self.person}, par un lien signé"
