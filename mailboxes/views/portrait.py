"""Everything that is kept on one person: what their page shows, and what they are handed on request.

A gestionnaire sees what concerns the structures they follow; of who has left them, only what these structures did
(stays, files, their BAL, journal and notices). The person sees all of it.
"""

import json

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q, QuerySet

from directory.sheets import Sheet, as_book
from mailboxes.models import (
    AccessTrace,
    Affiliation,
    AutoReply,
    Bal,
    Claim,
    Cotitulaire,
    Delegataire,
    JournalEntry,
    Movement,
    Notice,
    Person,
    Structure,
)

KNOWN_TO_ALL = ("family_name", "given_name", "rpps")
RECORD = (*KNOWN_TO_ALL, "has_cps", "profession", "email", "channel", "mssante_address")
NOTICE_SENT_ELSEWHERE = ("created_at", "sent_at", "channel", "text")
NOTICE = (*NOTICE_SENT_ELSEWHERE, "address")

# Of SCIM, a room above: read by its rows alone.
TOLD_BY_DIRECTORY = (
    "user_name", "external_id", "family_name", "given_name", "email", "title", "department", "active", "changed_at",
)  # fmt: skip


class Portrait:
    def __init__(self, person: Person, user):
        self.person, self.user = person, user
        self.sees_all = person.is_actor(user) or user.is_superuser
        self.is_here = self.sees_all or Person.objects.visible_to(user).filter(pk=person.pk).exists()
        self._bals = Bal.objects.visible_to(user).values("pk")
        self._structures = Structure.objects.visible_to(user).values("pk")

    def stays(self) -> QuerySet[Affiliation]:
        return self._of_structures(self.person.affiliations.select_related("structure__parent").order_by("-pk"))

    def held(self) -> QuerySet[Cotitulaire]:
        return self._of_bals(self.person.held.select_related("bal__structure").order_by("bal__address"))

    def received(self) -> QuerySet[Delegataire]:
        lent = self.person.delegations.select_related("bal__structure", "under")
        return self._of_bals(lent.order_by("ended_at", "bal__address"))

    def given(self) -> QuerySet[Delegataire]:
        lent = self.person.delegations_given.select_related("bal__structure", "person")
        return self._of_bals(lent.order_by("ended_at", "bal__address"))

    def replies(self) -> QuerySet[AutoReply]:
        """The automatic replies that they asked for, while they are kept."""
        return self._of_bals(AutoReply.objects.filter(by=self.person.user_id).exclude(by=None).select_related("bal"))

    def claims(self) -> QuerySet[Claim]:
        """What they answered of addresses that no other structure's register holds."""
        others = Bal.objects.exclude(pk__in=self._bals).values("address")
        claims = self.person.claims.all() if self.is_here else self.person.claims.none()
        return claims if self.sees_all else claims.exclude(address__in=others)

    def movements(self) -> QuerySet[Movement]:
        files = Movement.objects.filter(stay__person=self.person).visible_to(self.user)
        return files.select_related("stay__person", "stay__structure").order_by("-pk")

    def journal(self) -> QuerySet[JournalEntry]:
        lines = self.person.journal.select_related("by", "signatory", "bal", "structure", "person")
        return self._about_what_is_seen(lines)

    def notices(self) -> QuerySet[Notice]:
        notices = self.person.notices.select_related("bal", "entry__structure")
        if self.sees_all:
            return notices
        if not self.is_here:
            return notices.filter(Q(bal=None, entry__structure__in=self._structures) | Q(bal__in=self._bals))
        of_structure = Q(entry__structure=None) | Q(entry__structure__in=self._structures)
        return notices.filter(Q(bal=None) | Q(bal__in=self._bals), of_structure)

    def told(self) -> QuerySet[Notice]:
        """The notices to show beside the lines of the journal. Of a line about an access that was lent to them, the
        person reads what they were told: how another is reached, and the operator's letters, are for who holds the BAL
        or follows its structure."""
        if not self.person.is_actor(self.user) or self.user.is_superuser:
            return Notice.objects.all()
        held = Cotitulaire.objects.filter(person=self.person).values("bal")
        followed = Q(bal__structure__in=self._structures) | Q(entry__structure__in=self._structures)
        return Notice.objects.filter(Q(person=self.person) | Q(bal__in=held) | followed)

    def traces(self) -> QuerySet[AccessTrace]:
        """What the person looked at: told to them alone."""
        return AccessTrace.objects.filter(user=self.person.user_id if self.sees_all else None).order_by("-pk")

    def _of_structures(self, rows):
        return rows if self.sees_all else rows.filter(structure__in=self._structures)

    def _of_bals(self, rows):
        return rows if self.sees_all else rows.filter(bal__in=self._bals)

    def _about_what_is_seen(self, rows):
        if self.sees_all:
            return rows
        if not self.is_here:
            return rows.filter(Q(bal=None, structure__in=self._structures) | Q(bal__in=self._bals))
        seen = Q(structure=None) | Q(structure__in=self._structures)
        return rows.filter(Q(bal=None) | Q(bal__in=self._bals), seen)

    # --- Handed out ---------------------------------------------------------------------------------------------------
    def tables(self) -> dict[str, list[dict]]:
        """The tables by name, each a list of rows; the columns are in French, for the person who reads them."""
        account = self.person.user if self.is_here else None
        return {
            "Fiche": [_fields(self.person, *(RECORD if self.is_here else KNOWN_TO_ALL))],
            "Compte": [_fields(account, "username", "email", "date_joined", "last_login")] if account else [],
            "Rattachements": [
                {"structure": str(stay.structure), **_fields(stay, "function", "arrived_on", "left_on")}
                for stay in self.stays()
            ],
            "Situations d’exercice": [
                {"lieu": row.place, "profession": row.profession, "mode": row.mode, "commune": row.town}
                for row in (self.person.situations() if self.is_here else [])
            ],
            "BAL tenues": [
                {
                    "adresse": row.bal.address,
                    "type": row.bal.kind,
                    "état": row.bal.get_state_display(),
                    **_fields(row, "is_principal", "since"),
                }
                for row in self.held()
            ],
            "Délégations reçues": [_delegation(row) for row in self.received()],
            "Délégations données": [_delegation(row) for row in self.given()],
            "Réponses automatiques": [
                {
                    "adresse": row.bal.address,
                    "étape": row.get_stage_display(),
                    **_fields(row, "text", "starts_on", "ends_on", "asked_at", "set_at", "ended_at"),
                }
                for row in self.replies()
            ],
            "Réponses sur des adresses": [
                {
                    "adresse": row.address,
                    "réponse": row.get_answer_display() if row.answer else "",
                    **_fields(row, "asked_at", "reminded_at", "at"),
                }
                for row in self.claims()
            ],
            "BAL privilégiées": [
                {"pour": row.get_purpose_display(), **_fields(row, "place", "address", "wished_at")}
                for row in (self.person.preferences.all() if self.is_here else [])
            ],
            "Dit par l’établissement": [
                {"structure": str(stay.structure), **_fields(row, *TOLD_BY_DIRECTORY)}
                for stay in self.stays().prefetch_related("scim_users")
                for row in stay.scim_users.all()
            ],
            "Dossiers": [
                {
                    "dossier": file.get_kind_display(),
                    "structure": str(file.stay.structure),
                    **_fields(file, "planned_on", "opened_at", "closed_at", "is_cancelled"),
                    "étapes": "; ".join(
                        f"{step.name} : {step.get_outcome_display()}{f' ({step.note})' if step.note else ''}"
                        for step in file.steps.all()
                    ),
                }
                for file in self.movements().prefetch_related("steps")
            ],
            "Journal": [
                {
                    "le": line.at,
                    "quoi": line.get_what_display(),
                    "objet": str(line.subject),
                    "par": str(line.actor),
                    "avant": line.get_before_display(),
                    "après": line.get_after_display(),
                    "motif": line.note,
                }
                for line in self.journal()
            ],
            "Avis": [
                {
                    "étape": notice.get_stage_display(),
                    "bal": str(notice.bal or ""),
                    **_fields(notice, *(NOTICE if self.is_here else NOTICE_SENT_ELSEWHERE)),
                }
                for notice in self.notices()
            ],
            "Traces d’accès": [_fields(trace, "at", "what", "target") for trace in self.traces()],
        }

    def as_json(self) -> bytes:
        text = json.dumps(self.tables(), cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
        return text.encode()

    def as_xlsx(self) -> bytes:
        """A sheet per table; an empty one says so."""
        return as_book(
            Sheet(name, list(rows[0]) if rows else ["rien n’est gardé"], [map(_cell, row.values()) for row in rows])
            for name, rows in self.tables().items()
        )


def _fields(row, *names: str) -> dict:
    """The values of a row under its fields' own labels."""
    return {str(row._meta.get_field(name).verbose_name): getattr(row, name) for name in names}


def _delegation(row: Delegataire) -> dict:
    facts = _fields(row, "can_read", "can_send", "starts_on", "ends_on", "reason", "ended_at")
    return {"adresse": row.bal.address, "délégataire": str(row.person), "sous": str(row.under), **facts}


def _cell(value):
    """A spreadsheet has no time zones."""
    if isinstance(value, bool):
        return "oui" if value else "non"
    if getattr(value, "tzinfo", None):
        return value.isoformat(timespec="minutes")
    return value
