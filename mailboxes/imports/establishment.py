"""The people of the establishment's own directory (LDAP or Active Directory), as a list that waits for a gestionnaire.

Read, it becomes an import of people that is simulated and no more: what it would change is looked at, applied and taken
back like any list. An account that is closed there is no line of it: it proposes a departure, among those to confirm.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import NamedTuple

from celery import shared_task
from django.conf import settings
from django.db import transaction

from directory.folding import fold, name_key
from directory.sources.ldap import Ldap
from mailboxes.actions.sightings import see_accounts
from mailboxes.imports.actions import forecast_import, read_columns, receive_import
from mailboxes.imports.models import Import
from mailboxes.imports.sorts import ListSort
from mailboxes.models import SYSTEM, Affiliation, Structure
from mailboxes.rules import Refused

# Field of a list of people -> attribute, unless PEOPLE_LDAP_ATTRIBUTES says otherwise; nothing leaves a field out.
ATTRIBUTES = {
    "rpps": "", "family": "sn", "given": "givenName", "profession": "title", "function": "department", "email": "mail",
    "groups": "memberOf", "disabled": "userAccountControl",
}  # fmt: skip
COLUMNS = ["rpps", "family", "given", "profession", "function", "email"]
CLOSED_IN_AD = 0x2  # ACCOUNTDISABLE of userAccountControl
CLOSED = {"true", "oui", "yes", "disabled", "inactive", "inactif", "desactive", "locked", "closed", "ferme"}
NAME = "annuaire-de-l-etablissement.csv"


class DirectoryAccount(NamedTuple):
    line: list[str]  # in the order of COLUMNS
    is_closed: bool


def read_people(*, by=SYSTEM) -> Import | None:
    """Read the directory, propose the departures that it shows and forecast what it would change; None where its last
    reading said the same."""
    structure = _structure()
    accounts = list(_accounts())
    note_accounts(structure, accounts, by=by)
    raw = as_list(account.line for account in accounts if not account.is_closed)
    run = receive_import([raw], NAME, operator=None, structure=structure, sort=ListSort.PEOPLE, by=by)
    same = Import.objects.filter(sha256=run.sha256, structure=structure, sort=ListSort.PEOPLE).exclude(pk=run.pk)
    if same.filter(stage__in=(Import.Stage.READING, Import.Stage.PREVIEWED, Import.Stage.APPLIED)).exists():
        run.path.unlink(missing_ok=True)
        run.delete()
        return None
    run = read_columns(run, COLUMNS, size_unit="", default_kind="", by=by)
    return forecast_import(run, by=by)


def _structure() -> Structure:
    number = settings.PEOPLE_LDAP_STRUCTURE
    found = list(Structure.objects.numbered(number)[:2]) if number else []
    if len(found) != 1:
        raise Refused(
            "PEOPLE_LDAP_STRUCTURE ne désigne pas une structure du registre : donnez son FINESS ou son SIRET.", "where"
        )
    return found[0]


@transaction.atomic
def note_accounts(structure: Structure, accounts: Iterable[DirectoryAccount], *, by) -> None:
    """Compare the accounts with the people present: a closed one proposes a departure, an open one takes that back."""
    stays = Affiliation.objects.current().filter(structure__in=Structure.objects.under(structure))
    by_number: dict[str, list[Affiliation]] = defaultdict(list)
    by_name: dict[str, list[Affiliation]] = defaultdict(list)
    for stay in stays.select_related("person", "structure__parent"):
        by_number[stay.person.rpps or ""].append(stay)
        by_name[name_key(stay.person.family_name, stay.person.given_name)].append(stay)
    closed, opened = [], []
    for rpps, family, given, *_ in sorted(account.line for account in accounts if account.is_closed):
        closed += _of_one(by_number[rpps] if rpps else by_name[name_key(family, given)])
    for rpps, family, given, *_ in (account.line for account in accounts if not account.is_closed):
        opened += _of_one(by_number[rpps] if rpps else by_name[name_key(family, given)])
    still = {stay.pk for stay in opened}  # by another account
    see_accounts([stay for stay in closed if stay.pk not in still], opened, by=by)


def _of_one(stays: list[Affiliation]) -> list[Affiliation]:
    """Homonyms are nobody: a name proposes nothing of either."""
    return stays if len({stay.person_id for stay in stays}) == 1 else []


def as_list(lines: Iterable[list[str]]) -> bytes:
    text = StringIO()
    csv.writer(text, delimiter=";").writerows([COLUMNS, *sorted(lines)])  # sorted: the same people, the same file
    return text.getvalue().encode()


def _accounts() -> Iterator[DirectoryAccount]:
    fields = {name: attribute.lower() for name, attribute in (ATTRIBUTES | settings.PEOPLE_LDAP_ATTRIBUTES).items()}
    services = {fold(name.rpartition("=")[2]): service for name, service in settings.PEOPLE_LDAP_GROUPS.items()}
    source = Ldap(name="people", prefix="PEOPLE_LDAP", **settings.PEOPLE_LDAP)
    for _, values in source.texts(sorted(set(filter(None, fields.values())))):
        said = {name: values.get(attribute, []) if attribute else [] for name, attribute in fields.items()}
        first = {name: next(iter(texts), "") for name, texts in said.items()}
        service = next(filter(None, map(services.get, map(_name_of_group, said["groups"]))), "") or first["function"]
        said_of = [first["rpps"], first["family"], first["given"], first["profession"], service, first["email"]]
        yield DirectoryAccount(said_of, is_closed(first["disabled"]))


def _name_of_group(dn: str) -> str:
    """ "cn=cardio,ou=groups,dc=chu" is of the group "cardio"."""
    return fold(dn.partition(",")[0].rpartition("=")[2])


def is_closed(value: str) -> bool:
    """True by the bit of Active Directory, or by a word."""
    return bool(int(value) & CLOSED_IN_AD) if value.isdigit() else fold(value) in CLOSED


@shared_task
def read_establishment() -> None:
    """Each night, where the directory is configured."""
    if settings.PEOPLE_LDAP["url"]:
        read_people()
