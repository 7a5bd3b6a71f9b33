"""Which BAL may be taken elsewhere, and what each step of it demands."""

from collections import Counter

from django.db.models import Q
from django.utils import timezone

from directory.dates import day_of
from directory.readers.address import read_address
from directory.typography import how_many, of, quoted
from mailboxes.lifecycle import ANSWERED, AWAITED, HOLDING, IN_SERVICE, MOVABLE, Act, RequestKind, RequestStage
from mailboxes.models import SYSTEM, Alias, Bal, Notice, Request
from mailboxes.moves.models import LONGEST_OVERLAP, MigratedBal, Migration
from mailboxes.rules import Refused, check_act, check_may, check_standing

SAID = 5  # faults that one refusal names


def check_prepare(migration: Migration, *, by) -> None:
    check_may(Act.MIGRATE, structure=migration.structure, by=by)
    check_standing(migration.structure)
    if migration.planned_on < timezone.localdate():
        raise Refused("La date prévue est passée : donnez celle où les nouvelles BAL seront prêtes.", "date")
    if migration.overlap_days > LONGEST_OVERLAP:
        raise Refused(f"Le recouvrement est d’un an au plus ({LONGEST_OVERLAP} jours).", "overlap")


class Surroundings:
    """What stands in the way of these BAL going to these addresses, read in as many queries for a thousand as for one.

    The BAL come `with_holders`, and locked where it is for real.
    """

    def __init__(self, migration: Migration, wanted: dict[int, str]):
        self.migration, self.wanted = migration, wanted
        addresses = set(wanted.values())
        under_way = MigratedBal.objects.standing().filter(bal__in=wanted).select_related("migration__operator")
        self.under_way = {row.bal_id: row.migration for row in under_way}
        asked = Request.objects.filter(bal__in=wanted, stage__in=AWAITED)
        self.asked: dict[int, list[Request]] = {}
        for request in asked.select_related("operator"):
            self.asked.setdefault(request.bal_id or 0, []).append(request)
        self.taken = dict(Bal.objects.filter(address__in=addresses).values_list("address", "pk"))
        self.aliases = dict(Alias.objects.filter(address__in=addresses).values_list("address", "bal"))
        closing = Request.objects.awaited().filter(bal=None, kind=RequestKind.DELETE, operator=migration.operator)
        self.closing = set(closing.filter(address__in=addresses).values_list("address", flat=True))
        self.domains = migration.operator.domain_names
        self.twice = {address for address, count in Counter(wanted.values()).items() if count > 1}

    def check(self, bal: Bal, *, by) -> None:
        """Refused with the first thing in the way of this BAL."""
        check_act(bal, Act.MIGRATE, by=by)
        if other := self.under_way.get(bal.pk):
            raise Refused(
                f"{bal} est déjà dans la {other}, préparée le {day_of(other.created_at)} : suivez celle-là, ou "
                "retirez-en d’abord cette BAL.",
                "migrating",
            )
        if bal.state not in MOVABLE:
            raise Refused(f"{bal} est {bal.get_state_display()} : seule une BAL active change d’opérateur.", "state")
        if asked := self.asked.get(bal.pk):
            what = ", ".join(sorted({request.get_kind_display() for request in asked}))
            raise Refused(
                f"{bal} attend une réponse {of(asked[0].operator)} ({what}) : enregistrez-la, ou annulez la demande.",
                "asked",
            )
        self._check_address(bal, self.wanted[bal.pk])

    def _check_address(self, bal: Bal, address: str) -> None:
        read = read_address(address)
        if read.value != address:
            raise Refused(f"{bal} : {read.problem or 'ce n’est pas une adresse.'}", "malformed")
        if address == bal.address:
            if bal.operator_id == self.migration.operator_id:
                raise Refused(f"{bal} est déjà à cette adresse, chez cet opérateur.", "same")
        elif address.rpartition("@")[2] not in self.domains:
            domain = quoted(address.rpartition("@")[2])
            raise Refused(
                f"{bal} : {domain} n’est pas un domaine {of(self.migration.operator)}. Choisissez-en un des siens.",
                "domain",
            )
        holder = self.taken.get(address) or self.aliases.get(address)
        if holder and (holder != bal.pk or address in self.aliases):
            raise Refused(f"{bal} : {quoted(address)} est déjà prise. Donnez une autre adresse.", "taken")
        if address in self.closing:
            raise Refused(
                f"{bal} : la fermeture {of(address)} est demandée à {self.migration.operator}. Annulez cette demande, "
                "ou enregistrez sa réponse.",
                "asked",
            )
        if address in self.twice:
            raise Refused(f"{bal} : {quoted(address)} est donnée deux fois. Donnez une autre adresse.", "twice")


def check_launch(migration: Migration, *, by) -> None:
    check_may(Act.MIGRATE, structure=migration.structure, by=by)
    if migration.undone_at:
        raise Refused("Cette migration est annulée : préparez-en une autre.", "undone")
    if not migration.rows.to_ask().exists():
        raise Refused("Tout est déjà demandé au nouvel opérateur.", "asked")


def check_all_in_service(rows: list[MigratedBal]) -> None:
    """Nobody is asked to open a BAL that went, or is on its way out, since it was prepared."""
    if faults := [_why_out_of_service(row) for row in rows if row.bal.state not in IN_SERVICE]:
        raise Refused(first_of(faults), "state")


def first_of(faults: list[str]) -> list[str]:
    return faults[:SAID] + ([f"Et {how_many(len(faults) - SAID, 'autre')}."] if len(faults) > SAID else [])


def _why_out_of_service(row: MigratedBal) -> str:
    return f"{row.bal} est {row.bal.get_state_display()} : retirez-la de la migration."


def check_some(rows, why: str) -> None:
    """What is done to all those that are ready is refused where none is."""
    if not rows.exists():
        raise Refused(why, "empty")


def check_undo_migration(migration: Migration, *, by) -> None:
    """Until something of it was seen outside: a request passed on, or a mail to a titulaire."""
    check_may(Act.MIGRATE, structure=migration.structure, by=by)
    if migration.undone_at:
        raise Refused("Cette migration est déjà annulée.", "undone")
    openings = Request.objects.filter(pk__in=migration.rows.values("opening"))
    unsent = Q(sent_at=None, stage__in=(RequestStage.DRAFT, RequestStage.CANCELLED))
    seen = openings.exclude(unsent).order_by("created_at").first()
    if seen or Notice.objects.filter(entry__in=openings.values("entry"), sent_at__isnull=False).exists():
        when = f" le {day_of(seen.sent_at or seen.created_at)}" if seen else ""
        raise Refused(
            f"Les premières demandes sont parties{when} : la migration ne s’annule plus d’un coup. Retirez-en les BAL "
            "une à une, en disant pourquoi.",
            "outside",
        )


def check_leave(row: MigratedBal, why: str, *, by) -> None:
    check_may(Act.LEAVE_MIGRATION, bal=row.bal, by=by)  # whatever has become of it
    check_on_its_way(row)
    if not why.strip():
        raise Refused("Dites pourquoi, dans le motif : le journal le garde.", "reason")


def check_on_its_way(row: MigratedBal) -> None:
    if row.left_at or row.ended_at:
        how = "est déjà retirée de la migration" if row.left_at else "a terminé sa migration"
        raise Refused(f"{row.bal} {how}.", "over")


def check_switch(row: MigratedBal, asked: dict[int, int], *, by) -> None:
    """`asked`: by BAL, how many requests its present operator has still to answer."""
    check_act(row.bal, Act.SWITCH_BAL, by=by)
    check_on_its_way(row)
    if row.bal.state not in IN_SERVICE:
        raise Refused(_why_out_of_service(row), "state")
    if row.switched_at:
        raise Refused(f"{row.bal} est déjà basculée.", "switched")
    if row.opening is None or row.opening.stage not in ANSWERED:
        raise Refused(
            f"La nouvelle BAL {of(row.bal)} n’est pas encore ouverte : {row.migration.operator} ne l’a pas confirmé.",
            "opening",
        )
    if by is SYSTEM and row.migration.planned_on > timezone.localdate():
        raise Refused(
            f"La bascule est prévue le {row.migration.planned_on:%d/%m/%Y} : elle se fait ce jour-là ou après.", "date"
        )
    if asked.get(row.bal_id):
        raise Refused(
            f"{row.bal} attend encore une réponse {of(row.former_operator)} : enregistrez-la, ou annulez la demande.",
            "asked",
        )


def check_close_former(row: MigratedBal, *, by) -> None:
    check_act(row.bal, Act.CLOSE_FORMER, by=by)
    check_on_its_way(row)
    if row.switched_at is None:
        raise Refused(f"{row.bal} n’est pas encore basculée : son ancienne adresse sert.", "switched")
    if row.deletion and row.deletion.stage in HOLDING:
        raise Refused(
            f"La fermeture {of(row.former_address)} est déjà demandée : la réponse de l’opérateur est attendue.",
            "asked",
        )
    if row.due_on > timezone.localdate():
        raise Refused(
            f"{row.former_address} reste ouverte jusqu’au {row.due_on:%d/%m/%Y}, pour qui y écrit encore.", "overlap"
        )


def check_end(row: MigratedBal, *, by) -> None:
    check_may(Act.END_MIGRATION, bal=row.bal, by=by)
    check_on_its_way(row)
    if row.deletion is None or row.deletion.stage not in ANSWERED:
        raise Refused(
            f"{row.former_operator} n’a pas confirmé la fermeture {of(row.former_address)} : "
            "relancez-le, depuis les demandes.",
            "deletion",
        )
