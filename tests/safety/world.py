"""Two establishments that know nothing of each other, each with all that the application keeps.

`build(word, number)` makes one, its rows by the name that the routes have for them; `word` stands in all that somebody
may write of it. `fill` puts a word in every text of every row there is, whoever wrote it.
"""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import models
from django.utils import timezone

from balmanager.accounts.models import AccountEntry, Invitation
from directory import search_index
from directory.models import Activity, Entry, SyncRun
from mailboxes import actions
from mailboxes.campaigns.actions import launch_campaign
from mailboxes.campaigns.models import Campaign
from mailboxes.imports.actions import apply_import, forecast_import, receive_import
from mailboxes.imports.work import carry_on
from mailboxes.lifecycle import Act, CampaignKind, RequestKind, Verb
from mailboxes.lists.actions import begin, save_view, share_view
from mailboxes.lists.bulk import KINDS
from mailboxes.models import (
    SYSTEM,
    Affiliation,
    Alias,
    Anomaly,
    ApplicativeFacts,
    AutoReply,
    Bal,
    Claim,
    ContactChange,
    Cotitulaire,
    Delegataire,
    Engagement,
    GapDecision,
    Joining,
    JournalEntry,
    MailAccess,
    MailServer,
    Membership,
    Notice,
    Operator,
    Person,
    Preference,
    Reading,
    Request,
    RequestLayout,
    Sighting,
    Structure,
)
from mailboxes.models.own_words import OwnWords
from mailboxes.moves.actions import prepare_migration
from mailboxes.moves.models import Migration, PlaceMove
from mailboxes.offers.models import Rating
from mailboxes.openings.models import OpeningDraft
from mailboxes.protocol.models import ProtocolText
from mailboxes.software.actions import add_webhook, declare_software
from mailboxes.software.models import Delivery
from mailboxes.software.scim.models import ScimUser

ROLES = {"gestionnaire": "gestionnaire", "lecteur": "reader"}
NAMES = ("principal", "cotitulaire", "delegataire", "titulaire", *ROLES)
SCOPES = ("read", "usage", "resolve", "manage", "identities")
# A text that is read by its form, or written by us alone.
NOT_FREE = {
    "rpps", "finess_et", "finess_ej", "siret", "email", "url", "salt", "digest", "key", "code", "what", "stage",
    "stored", "signature", "prefix", "username", "password", "address", "mssante_address", "request_email", "postcode",
    "replaced_by", "situation", "status", "source", "name_id", "place_key", "figure", "national_id", "person_id",
    "structure_id", "person_id_type", "structure_id_type", "finess_site", "domain", "size_unit", "date_order", "verb",
    "first_seen", "channel_code", "rank", "department", "separator", "last_used_source", "sheet", "view", "open_kind",
    "kind", "sha256", "act", "back", "listing", "former_email", "former_mssante_address",
    "former_address", "new_address", "former_finess",
}  # fmt: skip
# Of these the text is not a structure's own.
COMMON = {"operator", "mailserver", "domain", "price", "entry", "activity"}


@dataclass
class Side:
    """One establishment."""

    number: int
    word: str
    parent: Structure
    structure: Structure
    operator: Operator
    people: dict[str, Person]
    rows: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)  # of the keys of its software, by scope

    @property
    def users(self) -> dict[str, Any]:
        return {name: person.user for name, person in self.people.items()}

    def address(self, local: str) -> str:
        return f"{local}@maison{self.number}.mssante.fr"


def build(word: str, number: int) -> Side:
    side = _establish(word, number)
    by, today = side.users["gestionnaire"], timezone.localdate()
    org, per, app = (_bal(side, kind) for kind in ("ORG", "PER", "APP"))
    rows = side.rows = {"org": org, "per": per, "app": app}
    _hold(side, org, "principal", "cotitulaire")
    _hold(side, per, "titulaire")
    delegation = {"bal": org, "person": side.people["delegataire"], "under": side.people["principal"]}
    rows["delegation"] = Delegataire.objects.create(reason=word, **delegation)
    rows["anomaly"] = Anomaly.objects.create(bal=org, kind=Anomaly.Kind.PASSWORD, noted_on=today)
    ApplicativeFacts.objects.create(bal=app, software=word, answers=org)
    rows["reading"] = Reading.objects.create(bal=org, at=timezone.now(), source="push", used_mb=90, quota_mb=100)
    _journal(side)
    _of_requests(side, by)
    _of_people(side, by)
    _of_the_annuaire(side, by)
    _of_campaigns(side, by)
    _of_software(side, by)
    _of_imports(side, by)
    _of_accounts(side, by)
    _of_mail_servers(side)
    _of_moves(side, by)
    _of_lists(side, by)
    rows["draft"] = OpeningDraft.objects.create(
        user=side.users["titulaire"], answers={"usage": {"structure": side.structure.pk, "purpose": word}}
    )
    ProtocolText.objects.create(structure=side.structure, section="purpose", text=word, by=by)
    OwnWords.objects.create(structure=side.structure, kind="alert_idle", text=word, by=by)
    return side


def _establish(word: str, number: int) -> Side:
    operator = Operator.objects.create(code=f"op{number}", name=f"Opérateur {number}", request_email="a@op.invalid")
    operator.domains.create(name=f"maison{number}.mssante.fr")
    parent = Structure.objects.create(name=word, kind=Structure.Kind.ORGANISME, finess_ej=f"{number}10000001")
    facts = {"kind": Structure.Kind.HOSPITAL, "parent": parent, "finess_et": f"{number}10000002", "town": word}
    structure = Structure.objects.create(name=word, **facts)
    people = {name: _person(word, number, rank, name, structure) for rank, name in enumerate(NAMES)}
    for name, role in ROLES.items():
        Membership.objects.create(user=people[name].user, structure=structure, role=role)
    return Side(number, word, parent, structure, operator, people)


def _person(word: str, number: int, rank: int, name: str, structure: Structure) -> Person:
    facts = {"email": f"{name}{number}@exemple.invalid", "first_name": word[:30], "last_name": word[:30]}
    user = get_user_model().objects.create(username=f"{name}{number}", **facts)
    rpps = None if name == "delegataire" else f"{number}000000{rank:04}"
    person = Person.objects.create(
        user=user, given_name=word, family_name=word, rpps=rpps, has_cps=bool(rpps), profession=word, email=user.email
    )
    Affiliation.objects.create(person=person, structure=structure, function=word)
    return person


def _bal(side: Side, kind: str) -> Bal:
    facts = {"structure": side.structure, "operator": side.operator, "state": "active", "purpose": side.word}
    facts |= {"service": side.word, "description": side.word, "auto_reply": side.word, "percent_full": 97}
    return Bal.objects.create(kind=kind, address=side.address(kind.lower()), **facts)


def _hold(side: Side, bal: Bal, *names: str) -> None:
    for name in names:
        holder = Cotitulaire.objects.create(bal=bal, person=side.people[name], is_principal=name != "cotitulaire")
        side.rows["holder"] = holder


def _journal(side: Side) -> None:
    """Once written, nothing fills it."""
    word, org = side.word, side.rows["org"]
    facts = {"before": word, "after": word, "note": word, "by": side.users["gestionnaire"]}
    entry = JournalEntry.objects.create(bal=org, what="describe", **facts)
    JournalEntry.objects.create(person=side.people["principal"], what="prefer_channel", **facts)
    person = side.people["principal"]
    notice = {"entry": entry, "bal": org, "person": person, "recipient": word, "text": word, "party": "holders"}
    notice |= {"channel": "email", "address": person.email, "attempts": 2, "error": word}
    side.rows["notice"] = Notice.objects.create(key=f"stuck{side.number}", stage=Verb.ALERT_IDLE, **notice)
    told = Notice.objects.create(key=f"told{side.number}", stage=Verb.ALERT_IDLE, **notice)
    Notice.objects.filter(pk=told.pk).update(sent_at=timezone.now(), how=word)
    side.rows["entry"] = entry
    AccountEntry.objects.create(
        what="granted", account=side.users["lecteur"], structure=side.structure, before=word, after=word, note=word
    )


def _of_requests(side: Side, by) -> None:
    about = {"structure": side.structure, "operator": side.operator, "entry": side.rows["entry"], "by": by}
    said = {"detail": side.word, "reason": side.word, "answer": side.word, "stage": "sent"}
    facts = {"bal": side.rows["org"], "address": side.rows["org"].address, "kind": RequestKind.CHANGE}
    request = Request.objects.create(**about, **said, **facts, due_on=timezone.localdate(), sent_at=timezone.now())
    layout = {"structure": side.structure, "operator": side.operator, "kind": RequestKind.OPEN}
    side.rows |= {
        "request": request,
        "layout": RequestLayout.objects.create(**layout, subject=side.word, body=side.word, columns=side.word),
    }


def _of_people(side: Side, by) -> None:
    """One who leaves, and whose file is open."""
    stay = side.people["cotitulaire"].affiliations.get()
    planned_on = timezone.localdate() + timedelta(days=9)
    side.rows |= {"stay": stay, "movement": actions.open_movement(stay, "departure", planned_on=planned_on, by=by)}
    side.rows["movement"].steps.create(name="auto_reply", outcome="done", note=side.word, by=by)
    side.rows["engagement"] = Engagement.objects.create(
        structure=side.structure, programme=side.word, target="opened", number=9, due_on=planned_on, note=side.word
    )
    Rating.objects.create(structure=side.structure, operator=side.operator, criterion="price", words=side.word, by=by)
    side.rows["sighting"] = Sighting.objects.create(kind=Sighting.Kind.GONE, stay=stay, seen_at=timezone.now())
    person, now = side.people["titulaire"], timezone.now()

    def told(act):
        return {"asked_by": by, "person": person, "entry": JournalEntry.objects.create(person=person, what=act, by=by)}

    side.rows |= {
        "contact": ContactChange.objects.create(
            channel="email", email=f"autre{side.number}@exemple.invalid", former_channel="email",
            former_email=person.email, due_at=now + timedelta(days=7), **told(Act.ASK_CONTACT),
        ),
        "joining": Joining.objects.create(
            structure=side.parent, function=side.word, expires_at=now + timedelta(days=9), **told(Act.ASK_JOINING)
        ),
    }  # fmt: skip


def _of_the_annuaire(side: Side, by) -> None:
    now, word = timezone.now(), side.word
    seen = {"source": "extraction", "first_seen_at": now, "changed_at": now, "digest": "x"}
    titulaire, orphan = side.people["titulaire"], side.address("inconnue")
    finess = side.structure.finess_et
    # Published, and so everybody's: no word of this side.
    Entry.objects.create(kind="ORG", address=orphan, structure_id=finess, structure_name="PUBLIC", **seen)
    Entry.objects.create(
        kind="PER", address=side.address("ailleurs"), person_id=titulaire.rpps, person_id_type="8",
        family_name="PUBLIC", **seen,
    )  # fmt: skip
    Activity.objects.create(
        **(seen | {"source": "activities"}), national_id=f"8{titulaire.rpps}", ordinal=1, finess_site=finess,
        structure_name="PUBLIC",
    )  # fmt: skip
    entry = JournalEntry.objects.create(person=titulaire, what=Act.ASK_PERSON, by=by)
    facts = {"stage": Act.ASK_PERSON, "party": "holders", "channel": "email", "address": titulaire.email}
    side.rows["asked"] = Notice.objects.create(
        key=f"asked{side.number}", entry=entry, person=titulaire, recipient=word, text=word, **facts
    )
    side.rows["claim"] = Claim.objects.create(
        person=titulaire, address=side.address("ailleurs"), answer="other", at=now, asked_at=now
    )
    GapDecision.objects.create(
        structure=side.structure, address=orphan, situation="inconnue", decision="ignored", reason=word, by=by
    )
    Preference.objects.create(
        person=titulaire, situation=finess, place=word, address=side.rows["per"].address, by=titulaire.user
    )
    side.rows["orphan"] = orphan


def _of_campaigns(side: Side, by) -> None:
    campaign = Campaign(kind=CampaignKind.CLEANUP, title=side.word, structure=side.structure)
    launch_campaign(campaign, Bal.objects.filter(structure=side.structure), by=by)
    target = campaign.targets.exclude(person=None).first()
    side.rows |= {"campaign": campaign, "target": target}


def _of_lists(side: Side, by) -> None:
    view = save_view("bals", side.word[:60], "kind=ORG", pinned=True, by=by)
    side.rows["view"] = share_view(view, side.structure, by=by)
    keys = [side.rows["org"].pk, side.rows["per"].pk]
    side.rows["batch"] = begin(KINDS["bals"], Act.ASK_USE, keys, back="/bal/", by=by)


def _of_software(side: Side, by) -> None:
    for scope in SCOPES:
        facts = {"name": side.word, "structures": [side.structure], "scopes": [scope], "days": 30}
        software, side.tokens[scope] = declare_software(by=by, **facts)
        side.rows["key"] = software.keys.get()
    side.rows["scim"] = ScimUser.objects.create(
        software=software, stay=side.people["cotitulaire"].affiliations.get(), user_name=f"scim{side.number}",
        family_name=side.word, given_name=side.word,
    )  # fmt: skip
    hook = add_webhook(structure=side.structure, url=f"https://dpi{side.number}.exemple.fr/", events=["state"], by=by)
    delivery = Delivery.objects.create(
        webhook=hook, entry=side.rows["entry"], body=json.dumps({"address": side.word}), error=side.word
    )
    side.rows |= {"webhook": hook, "delivery": delivery}


def _of_imports(side: Side, by) -> None:
    quoted = side.word.replace('"', '""')
    listed = (
        f'Adresse;Type;Service;{side.number}"{quoted}"\n'
        f'{side.address("importee")};ORG;"{quoted}";"{quoted}"\n'
        f'{side.address("importee2")};"{quoted}";"{quoted}";x\n'
    )
    for stage in ("received", "previewed", "applied"):
        where = {"operator": side.operator, "structure": side.structure, "by": by}
        run = receive_import([listed.encode()], f"{side.word}.csv", **where)
        if stage != "received":
            carry_on(forecast_import(run, by=by), by=SYSTEM)
        if stage == "applied":
            run.refresh_from_db()
            if run.stage == "previewed":
                carry_on(apply_import(run, by=by), by=SYSTEM)
        run.refresh_from_db()
        side.rows[f"import-{stage}"] = run


def _of_mail_servers(side: Side) -> None:
    now, today = timezone.now(), timezone.localdate()
    MailServer.objects.create(
        operator=side.operator, host="imap.op.invalid", login="releve", sets_replies=True, reads_space=True
    )
    failed = {"failing_since": now, "failure": side.word}
    MailAccess.objects.create(bal=side.rows["org"], **failed)
    AutoReply.objects.create(bal=side.rows["org"], text=side.word, starts_on=today, ends_on=today, **failed)


def _of_accounts(side: Side, by) -> None:
    side.rows["invitation"] = Invitation.objects.create(
        address=f"invite{side.number}@exemple.invalid", role="reader", structure=side.structure, invited_by=by,
        digest=f"digest{side.number}", expires_at=timezone.now() + timedelta(days=3),
    )  # fmt: skip
    side.rows["membership"] = side.users["lecteur"].memberships.get()


def _of_moves(side: Side, by) -> None:
    """A BAL on its way to another operator, which takes its domain over; a service that came from above."""
    app, today = side.rows["app"], timezone.localdate()
    other = Operator.objects.create(code=f"vers{side.number}", name=f"Autre opérateur {side.number}")
    migration = Migration(structure=side.structure, operator=other, planned_on=today, why=side.word)
    side.rows["migration"] = prepare_migration(migration, {app.pk: app.address}, by=by)
    side.rows["migrated"] = migration.rows.get()
    org = side.rows["org"]
    side.rows["alias"] = Alias.objects.create(bal=org, operator=org.operator, address=side.address("alias"))
    facts = {"kind": "service", "structure": side.parent, "into": side.structure, "service": side.word}
    side.rows["place_move"] = PlaceMove.objects.create(**facts, why=side.word, by=by)


# --- A word everywhere ------------------------------------------------------------------------------------------------
def fill(word: str, *, common: bool) -> int:
    """Put it in every free text of every row, as far as each is long; in how many columns. `common`: in what is public
    too."""
    filled = 0
    for model in apps.get_models():
        if model._meta.app_label not in ("mailboxes", "accounts", "directory") or model in WRITTEN_ONCE:
            continue
        if not common and model._meta.model_name in COMMON:
            continue
        columns = {name: word[:longest] for name, longest in free_texts(model)}
        if columns and model._default_manager.exists():
            model._default_manager.update(**columns)
            filled += len(columns)
    if common:
        search_index.level()
    return filled


WRITTEN_ONCE = (JournalEntry, AccountEntry, Notice, Delivery)


def free_texts(model) -> list[tuple[str, int | None]]:
    return [
        (column.name, column.max_length)
        for column in model._meta.concrete_fields
        if isinstance(column, models.CharField | models.TextField)
        and not (column.choices or column.unique or column.name in NOT_FREE or column.primary_key)
        and not isinstance(column, models.GeneratedField)
    ]


def stage(own: str, foreign: str) -> SimpleNamespace:
    """`here` and `there`, an annuaire of today, an administrator, and one who left `there` for `here`."""
    SyncRun.objects.create(source="extraction", status="applied", generated_at=timezone.now())
    there = build(foreign, 2)
    here = build(own, 1)
    accounts = get_user_model().objects
    root = accounts.create(username="root", email="root@exemple.invalid", is_superuser=True, is_staff=True)
    former = accounts.create(username="former", email="former@exemple.invalid")
    person = Person.objects.create(user=former, given_name="Anne", family_name="Partie", rpps="30000000012")
    yesterday = timezone.localdate() - timedelta(days=1)
    Affiliation.objects.create(person=person, structure=there.structure, left_on=yesterday, applied_at=timezone.now())
    return SimpleNamespace(here=here, there=there, root=root, former=former)
