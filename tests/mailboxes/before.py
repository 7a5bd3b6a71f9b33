"""Before an attempt: two structures and whoever acts there, then what each act wants to find."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import time_machine
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.test import Client
from django.utils import timezone

from directory.models import Activity, Entry, SyncRun
from mailboxes import actions
from mailboxes.actions.requests import ask
from mailboxes.campaigns.actions import launch_campaign
from mailboxes.campaigns.models import Campaign
from mailboxes.gaps import Gaps
from mailboxes.imports.models import Import, ImportLine
from mailboxes.lifecycle import (
    BY_VERB,
    Act,
    CampaignKind,
    RequestKind,
    RequestStage,
    Role,
    State,
    Verb,
)
from mailboxes.models import (
    SYSTEM,
    Affiliation,
    Alias,
    Anomaly,
    AutoReply,
    Bal,
    ContactChange,
    Cotitulaire,
    Delegataire,
    Engagement,
    Joining,
    JournalEntry,
    MailServer,
    Membership,
    Movement,
    Notice,
    Operator,
    Person,
    Request,
    Sighting,
    Step,
    Structure,
)
from mailboxes.models.checklists import STEPS
from mailboxes.moves.models import MigratedBal, Migration, PlaceMove
from mailboxes.software.actions import add_webhook, declare_software
from mailboxes.software.models import Software
from tests.mailboxes.conftest import make_people, make_professional

CHU, DOMAIN, ELSEWHERE, UNKNOWN = "010000002", "chu-exemple.mssante.fr", "paul@ailleurs.mssante.fr", "10000000090"
_R = Role
BOTH = {_R.PRINCIPAL, _R.COTITULAIRE}
HERE = {"gisele": {_R.GESTIONNAIRE}, "lea": set(), "eve": set(), "system": {_R.SYSTEM}}
BOXES = {"robot": {_R.LOGICIEL}, "stray": set()}  # the software of the structure, and that of the other one

# Whoever acts, by what is acted upon, and the roles that they have there: said here anew, not asked of the product.
CAST: dict[str, dict[str, set[Role]]] = {
    "ORG": {"alice": BOTH, "bruno": {_R.COTITULAIRE}, "delphine": {_R.DELEGATAIRE}, "paul": set(), **HERE, **BOXES},
    "PER": {"paul": {_R.TITULAIRE}, "delphine": {_R.DELEGATAIRE}, "alice": set(), **HERE, **BOXES},
    "APP": {**HERE, "gisele": {_R.GESTIONNAIRE, _R.RESPONSABLE}, "alice": set(), "idp": set(), **BOXES},
    "orphan": {"alice": {_R.COTITULAIRE}, "bruno": {_R.COTITULAIRE}, **HERE},
    "PER to be": {"paul": {_R.TITULAIRE}, "alice": set(), **HERE},
    "ORG to be": {"alice": BOTH, "bruno": set(), **HERE},
    "structure": {"alice": set(), "robot": set(), "idp": {_R.IDENTITES}, "root": {_R.ADMINISTRATEUR}, **HERE},
    "paul": {"paul": {_R.TITULAIRE}, "alice": set(), "robot": set(), "idp": {_R.IDENTITES}, **HERE},
    "alice": {"alice": {_R.TITULAIRE}, "paul": set(), "robot": set(), **HERE},
}


# --- The stage --------------------------------------------------------------------------------------------------------
@dataclass
class Stage:
    """Two structures, their people, a BAL of each kind; an annuaire of today that lists none of them."""

    structure: Structure
    operator: Operator
    people: SimpleNamespace
    bals: dict[str, Bal]
    users: dict[str, Any] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)

    def by(self, name: str):
        return SYSTEM if name == "system" else self.users[name]

    def whose(self, by) -> Person:
        return next((person for person in vars(self.people).values() if person.is_actor(by)), self.people.alice)

    def subject(self, on: str):
        if on == "orphan":
            self.bals["ORG"].cotitulaires.update(is_principal=False)
        bal = self.bals.get("ORG" if on == "orphan" else on)
        return bal or getattr(self.people, on, self.structure)


def set_stage() -> Stage:
    parent = Structure.objects.create(name="Fondation", kind=Structure.Kind.ORGANISME, finess_ej="010000001")
    here = Structure.objects.create(name="CHU", kind=Structure.Kind.HOSPITAL, parent=parent, finess_et=CHU)
    there = Structure.objects.create(name="Clinique voisine", finess_et="020000001")
    operator = Operator.objects.create(code="regional", name="Régional", request_email="demandes@op.invalid")
    operator.domains.create(name=DOMAIN)
    whose = dict.fromkeys(["alice", "bruno", "delphine", "paul", "gisele", "lea"], here) | {"eve": there}
    people = SimpleNamespace(**dict(zip(whose, make_people(whose), strict=True)))
    for name, role in {"gisele": "gestionnaire", "lea": "reader", "eve": "gestionnaire"}.items():
        Membership.objects.create(user=getattr(people, name).user, structure=whose[name], role=role)
    facts = {"structure": here, "operator": operator, "state": State.ACTIVE, "read_at": timezone.now()}
    kinds = Bal.Kind.values
    bals = {kind: Bal.objects.create(kind=kind, address=f"{kind.lower()}@{DOMAIN}", **facts) for kind in kinds}
    for kind, person, is_principal in [
        ("ORG", people.alice, True), ("ORG", people.bruno, False), ("PER", people.paul, True),
    ]:  # fmt: skip
        Cotitulaire.objects.create(bal=bals[kind], person=person, is_principal=is_principal)
    for kind, under in {"ORG": people.alice, "PER": people.paul}.items():
        Delegataire.objects.create(bal=bals[kind], person=people.delphine, under=under, reason="Secrétariat")
    SyncRun.objects.create(source="extraction", status="applied", generated_at=timezone.now() + timedelta(hours=1))
    users = {name: person.user for name, person in vars(people).items()}
    users["root"] = get_user_model().objects.create_superuser("root")
    for name, structure, manager, scope in [
        ("robot", here, people.gisele, "usage"), ("stray", there, people.eve, "usage"),
        ("idp", here, people.gisele, "identities"),
    ]:  # fmt: skip
        keyed = {"name": name, "structures": [structure], "scopes": [scope], "days": 30}
        users[name] = declare_software(by=manager.user, **keyed)[0].user
    return Stage(here, operator, people, bals, users)


# --- What stands before -----------------------------------------------------------------------------------------------
def contact_asked(stage: Stage, person: Person) -> ContactChange:
    given = {"channel": "email", "email": "nouvelle@exemple.invalid"}
    return actions.ask_contact(person, by=stage.people.gisele.user, **given)


def contact_due(stage: Stage, person: Person) -> ContactChange:
    change = contact_asked(stage, person)
    ContactChange.objects.update(due_at=timezone.now())
    return change


def joining_asked(stage: Stage, person: Person) -> Joining:
    """By the structure of eve, where nobody of the other may answer."""
    there = stage.people.eve.affiliations.get().structure
    return actions.ask_joining(person, there, by=stage.people.eve.user)


def joining_late(stage: Stage, person: Person) -> Joining:
    joining = joining_asked(stage, person)
    Joining.objects.update(expires_at=timezone.now())
    return joining


def listed(stage: Stage, address: str, kind="PER", **facts) -> None:
    now = timezone.now()
    facts |= {"digest": address[:32], "first_seen_at": now, "changed_at": now}
    if facts.get("person_id"):
        facts["person_id_type"] = "8"
    Entry.objects.create(source="extraction", address=address, kind=kind, **facts)


def practising(stage: Stage, rpps: str) -> None:
    now = timezone.now()
    Activity.objects.create(
        source="activities", national_id=f"8{rpps}", ordinal=1, finess_site=CHU, structure_name="CHU",
        family_name="NOUVEAU", given_name="Nils", first_seen_at=now, changed_at=now,
    )  # fmt: skip


def days_ago(days: int):
    return timezone.now() - timedelta(days=days)


def in_state(verb: Verb):
    """From where the table lets it start: of a deletion, from where the BAL is no longer published."""

    def make(stage: Stage, bal: Bal) -> Bal:
        state = sorted(BY_VERB[verb].before)[0]
        if verb == Verb.REQUEST_DELETION and bal.kind != "APP":
            state = State.DEPUBLISHED
        Bal.objects.filter(pk=bal.pk).update(state=state, clock_at=timezone.now())
        return bal

    return make


def depublished(stage: Stage, bal: Bal) -> Bal:
    Bal.objects.filter(pk=bal.pk).update(state=State.DEPUBLISHED, state_since=timezone.now())
    return bal


def unreached(stage: Stage, bal: Bal) -> Bal:
    """Alerted so long ago that its reminder is due; nobody was told."""
    since = days_ago(50)
    Bal.objects.filter(pk=bal.pk).update(state=State.IDLE_ALERTED, state_since=since, clock_at=days_ago(355))
    JournalEntry.objects.create(bal=bal, what=Verb.ALERT_IDLE, at=since)
    return bal


def alerted(stage: Stage, bal: Bal) -> Bal:
    """And delivered; so far without an answer."""
    entry = unreached(stage, bal).journal.latest("pk")
    facts = {"entry": entry, "bal": bal, "party": "holders", "stage": Verb.ALERT_IDLE, "sent_at": days_ago(49)}
    Notice.objects.create(person=stage.people.alice, key=f"alert-{bal.pk}", created_at=entry.at, **facts)
    return bal


def asked_of(kind: RequestKind, stage_of: RequestStage):
    """A request of this kind that the operator was sent long ago, and its BAL in the annuaire."""

    def make(stage: Stage, subject):
        listed(stage, getattr(subject, "address", ELSEWHERE), "ORG")
        by = stage.people.gisele.user
        about: dict = {"bal": subject}
        if not isinstance(subject, Bal):
            about = {"structure": subject, "operator": stage.operator, "address": ELSEWHERE}
        request = ask(kind, by=by, detail="2 Go de plus", **about)
        past = timezone.localdate() - timedelta(days=20)
        request.stage, request.due_on, request.reminded_at = stage_of, past, days_ago(9)
        request.save()
        return request

    return make


def with_a_third(stage: Stage, bal: Bal) -> Cotitulaire:
    return Cotitulaire.objects.create(bal=bal, person=make_professional(1))


def lent_by_a_third(stage: Stage, bal: Bal) -> Delegataire:
    under = with_a_third(stage, bal).person
    return Delegataire.objects.create(bal=bal, person=stage.people.lea, under=under, reason="Secrétariat")


def lent_until_soon(stage: Stage, bal: Bal) -> Delegataire:
    """By who answers for it: to its délégataire, where it has one."""
    lent = bal.delegataires.filter(ended_at=None).first()
    holder = bal.cotitulaires.get(is_principal=True).person
    lent = lent or Delegataire(bal=bal, person=stage.people.lea, under=holder, reason="Secrétariat")
    lent.ends_on = timezone.localdate() + timedelta(days=5)
    lent.save()
    return lent


def gap(situation: str, *, address: str = "", **facts):
    def make(stage: Stage, structure: Structure):
        Bal.objects.filter(kind="ORG").update(service="Cardiologie")
        listed(stage, address or stage.bals["ORG"].address, "ORG", structure_id=CHU, **facts)
        return next(iter(Gaps(Structure.objects.filter(pk=structure.pk)).narrowed(situation=situation)))

    return make


def set_aside(situation: str, **facts):
    def make(stage: Stage, structure: Structure):
        found = gap(situation, **facts)(stage, structure)
        actions.ignore_gap(found, by=stage.people.gisele.user, reason="Connu")
        return Gaps(Structure.objects.filter(pk=structure.pk)).keyed([found.key])[0]

    return make


def asked_person(stage: Stage, person: Person) -> Person:
    listed(stage, ELSEWHERE, person_id=person.rpps)
    actions.ask_person(person, by=SYSTEM)
    person.claims.update(asked_at=days_ago(20))
    return person


def listed_for(stage: Stage, person: Person) -> Person:
    listed(stage, ELSEWHERE, person_id=person.rpps)
    return person


def use_asked(stage: Stage, bal: Bal) -> Bal:
    with time_machine.travel(days_ago(20), tick=False):
        actions.ask_use(bal, by=SYSTEM)
    return bal


def stuck(stage: Stage, subject) -> Notice:
    """A notice that did not reach them."""
    if isinstance(subject, Bal):
        actions.note_anomaly(subject, Anomaly.Kind.PASSWORD, by=stage.people.gisele.user)
    else:
        asked_person(stage, subject)
    Notice.objects.update(attempts=1, created_at=days_ago(1))
    return Notice.objects.exclude(address="").latest("pk")


def noted(stage: Stage, bal: Bal) -> Anomaly:
    return Anomaly.objects.create(bal=bal, kind=Anomaly.Kind.PASSWORD, noted_on=timezone.localdate())


def certified(stage: Stage, bal: Bal):
    ends = timezone.localdate() + timedelta(days=5)
    return actions.describe_applicative(bal, by=stage.people.gisele.user, software="DPI", certificate_expires_on=ends)


def campaign(stage: Stage, subject) -> Campaign:
    """Launched two days ago, its people told."""
    structure = subject if isinstance(subject, Structure) else stage.structure
    row = Campaign(kind=CampaignKind.CLEANUP, structure=structure, title="Point d’automne")
    launch_campaign(row, Bal.objects.all(), by=stage.people.gisele.user)
    Notice.objects.update(sent_at=timezone.now())
    Campaign.objects.update(launched_at=days_ago(2))
    return Campaign.objects.get(pk=row.pk)


def question(stage: Stage, bal: Bal):
    return campaign(stage, bal).targets.get(bal=bal)


def question_to_person(stage: Stage, person: Person):
    practising(stage, person.rpps)
    row = Campaign(kind=CampaignKind.PREFERRED, structure=stage.structure, title="Privilégiées")
    row.launched_at = timezone.now()
    row.by = stage.people.gisele.user
    row.save()
    return row.targets.create(person=person, told=1)


def applied_import(stage: Stage, structure: Structure) -> Import:
    run = Import.objects.create(structure=structure, operator=stage.operator, file_name="x", stage=Import.Stage.APPLIED)
    ImportLine.objects.create(run=run, number=1, outcome=ImportLine.Outcome.CREATED, mark=1)
    return run


def stay(stage: Stage, person: Person) -> Affiliation:
    return person.affiliations.get()


ENGAGED = {"programme": "ESMS numérique", "target": "opened", "number": 40, "due_on": date(2099, 12, 31)}


def engaged(stage: Stage, structure: Structure) -> Engagement:
    return Engagement.objects.create(structure=structure, **ENGAGED)


def sighted(stage: Stage, structure: Structure) -> Sighting:
    return Sighting.objects.create(kind=Sighting.Kind.GONE, stay=stay(stage, stage.people.paul), seen_at=timezone.now())


def leaving(days: int):
    def make(stage: Stage, person: Person) -> Affiliation:
        left_on = timezone.localdate() + timedelta(days=days)
        person.affiliations.update(left_on=left_on)
        return stay(stage, person)

    return make


def gone_long_ago(stage: Stage, person: Person) -> Person:
    """They left everywhere, and neither hold nor lend anything since."""
    person.affiliations.update(left_on=timezone.localdate() - settings.PEOPLE_KEPT)
    Cotitulaire.objects.filter(person=person).delete()
    Delegataire.objects.filter(Q(person=person) | Q(under=person)).delete()
    get_user_model().objects.filter(pk=person.user_id).update(is_active=False)
    return person


def movement(*, settled: bool = False):
    def make(stage: Stage, person: Person) -> Movement:
        facts = {"kind": Movement.Kind.ARRIVAL, "planned_on": timezone.localdate()}
        row = actions.open_movement(stay(stage, person), by=SYSTEM, **facts)
        for task in STEPS if settled else ():
            if task.kind == row.kind:
                Step.objects.create(movement=row, name=task.name, outcome=Step.State.DONE)
        return row

    return make


def software_key(stage: Stage, structure: Structure):
    return Software.objects.get(user=stage.users["robot"]).keys.get()


def webhook(stage: Stage, structure: Structure):
    facts = {"url": "https://dpi.exemple.fr/", "events": ["state"]}
    return add_webhook(structure=structure, by=stage.people.gisele.user, **facts)


def let_in(stage: Stage, bal: Bal, auth: str = MailServer.Auth.MASTER) -> Bal:
    """Its operator opened its mail server to us."""
    facts = {"host": "imap.op.invalid", "login": "releve", "auth": auth}
    MailServer.objects.create(operator=stage.operator, sets_replies=True, **facts)
    return Bal.objects.get(pk=bal.pk)


def let_in_by_bal(stage: Stage, bal: Bal) -> Bal:
    return let_in(stage, bal, MailServer.Auth.OWN)


def reply_asked(stage: Stage, bal: Bal) -> AutoReply:
    today = timezone.localdate()
    let_in(stage, bal)
    return AutoReply.objects.create(bal=bal, text="Je suis en congé.", starts_on=today, ends_on=today)


# --- Moves ------------------------------------------------------------------------------------------------------------
def with_alias(stage: Stage, bal: Bal) -> Alias:
    return Alias.objects.create(bal=bal, operator=bal.operator, address=f"autre@{DOMAIN}")


def migrating(stage: Stage, bal: Bal) -> MigratedBal:
    """On its way, and its new box open."""
    operator, _ = Operator.objects.get_or_create(code="nouveau", name="Nouveau")
    today = timezone.localdate()
    row = Migration.objects.create(structure=bal.structure, operator=operator, planned_on=today)
    entry = JournalEntry.objects.create(bal=bal, what=Act.MIGRATE)
    facts = {"structure": bal.structure, "operator": operator, "address": f"neuve@{DOMAIN}", "entry": entry}
    opening = Request.objects.create(kind=RequestKind.OPEN, stage=RequestStage.DONE, bal=bal, **facts)
    about = {"former_operator": bal.operator, "former_address": bal.address, "new_address": f"neuve@{DOMAIN}"}
    return MigratedBal.objects.create(migration=row, bal=bal, due_on=today, opening=opening, **about)


def migrated(stage: Stage, bal: Bal) -> MigratedBal:
    row = migrating(stage, bal)
    row.switched_at = timezone.now()
    row.save()
    return row


def closing_former(stage: Stage, bal: Bal) -> MigratedBal:
    row = migrated(stage, bal)
    row.deletion = row.opening
    row.save()
    return row


def site_below(stage: Stage, structure: Structure) -> Structure:
    """Another structure of theirs, and a service of the first."""
    Bal.objects.filter(kind=Bal.Kind.NOMINATIVE).update(service="Cardiologie")
    for user in stage.users.values():
        user.__dict__.pop("_managed_structures", None)  # read before there was this one
    return Structure.objects.create(name="Site", parent=structure)


def closed_by_mistake(stage: Stage, structure: Structure) -> PlaceMove:
    mark = JournalEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return PlaceMove.objects.create(kind=PlaceMove.Kind.CLOSE, structure=structure, why="Erreur", mark=mark)
