"""Which other addresses a BAL may have."""

from mailboxes.lifecycle import Act
from mailboxes.models import Alias, Bal
from mailboxes.rules.moves import check_act
from mailboxes.rules.refusals import Refused
from mailboxes.rules.register import check_domain


def check_add_alias(bal: Bal, address: str, *, by) -> None:
    check_act(bal, Act.ADD_ALIAS, by=by)
    check_domain(bal.operator, address)
    if address == bal.address:
        raise Refused("C’est déjà l’adresse de cette BAL.", "same")


def check_alias_there(alias: Alias | None) -> Alias:
    """Another window may have taken it out meanwhile."""
    if alias is None:
        raise Refused("Cette adresse est déjà retirée de la BAL : rien d’autre n’est à faire.", "gone")
    return alias


def check_drop_alias(alias: Alias, *, by) -> None:
    check_act(alias.bal, Act.DROP_ALIAS, by=by)
    if alias.nature != Alias.Nature.KEPT:
        raise Refused(
            f"C’est l’{alias.get_nature_display()} d’une BAL en migration : c’est la migration qui s’en occupe.",
            "migration",
        )
