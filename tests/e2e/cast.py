"""The same cast as tests/mailboxes/conftest.py, with an annuaire and a history: `python -m tests.e2e.cast` writes it.

Run in the environment of an application (see `app_server`); the password of every account is PASSWORD.
"""

import itertools
import json
import os
import time
from datetime import timedelta
from pathlib import Path

import django

PASSWORD = "correct-cheval-pile"
SESSIONS = "sessions.json"


def write():
    """Gisele is the gestionnaire, alice principal, bruno cotitulaire, delphine délégataire, paul alone with a PER."""
    operator = Operator.objects.create(code="regional", name="Opérateur régional", request_email="demandes@op.invalid")
    operator.domains.create(name="chu-exemple.mssante.fr")
    operator.prices.create(offer="PER", yearly_cost=18)
    operator.prices.create(offer="APP_ET", yearly_cost=120)
    trust = Structure.objects.create(name="Fondation des Lilas", kind="organisme")
    Structure.objects.create(name="EHPAD des Lilas", kind="ehpad", parent=trust)
    chu = Structure.objects.create(
        name="CHU des Lilas", kind="hospital", finess_et="010000002", town="Lilas", parent=trust
    )
    people = {name: make_person(name, chu, rpps) for name, rpps in RPPS.items()}
    Membership.objects.create(user=people["gisele"].user, structure=trust, role="gestionnaire")
    User.objects.create_superuser("root", "root@exemple.invalid", PASSWORD)
    User.objects.create_user("nouveau", "nouveau@exemple.invalid", PASSWORD)
    now = timezone.now()

    def bal(kind, address, *holders, **facts):
        facts = {"state": "active", "structure": chu, "operator": operator, "read_at": now, **facts}
        row = Bal.objects.create(kind=kind, address=f"{address}@chu-exemple.mssante.fr", **facts)
        for index, holder in enumerate(holders):
            Cotitulaire.objects.create(bal=row, person=people[holder], is_principal=index == 0)
        return row

    org = bal(
        "ORG", "cardiologie.lilas", "alice", "bruno", service="Cardiologie", purpose="Comptes rendus d’hospitalisation."
    )
    actions.delegate(
        org,
        people["delphine"],
        under=people["alice"],
        by=people["alice"].user,
        reason="secrétariat de cardiologie",
        can_send=True,
        ends_on=timezone.localdate() + timedelta(days=90),
    )
    for week in range(40, 0, -1):
        at = now - timedelta(days=7 * week)
        facts = {"used_mb": 600 + 9 * (40 - week), "quota_mb": 1000, "last_used_at": at - timedelta(days=1)}
        actions.record_readings([actions.Pushed(org.address, at, **facts)], source="import", by=SYSTEM)
    idle = bal(
        "PER", "paul.exemple", "paul", clock_at=now - timedelta(days=330), last_used_at=now - timedelta(days=330)
    )
    Bal.objects.filter(pk=idle.pk).update(last_used_source="import")
    actions.move(idle, Verb.ALERT_IDLE, by=SYSTEM)
    own = bal("PER", "alice.exemple", "alice")
    actions.ask_use(own, by=SYSTEM)
    unreached = bal("PER", "chloe.exemple", "chloe")
    actions.ask_use(unreached, by=SYSTEM)
    lost = {"bounced_at": now, "sent_at": None, "attempts": 1, "error": "5.1.1 550 user unknown"}
    Notice.objects.filter(bal=unreached).update(**lost)
    bal("ORG", "orpheline.lilas", service="Urgences", percent_full=97, used_mb=970, quota_mb=1000)
    bal("APP", "no_reply")
    bal("ORG", "demandee.lilas", "alice", state="requested")
    asked = bal("ORG", "pneumologie.lilas", "bruno", service="Pneumologie", percent_full=84, used_mb=840, quota_mb=1000)
    actions.move(asked, Verb.REQUEST_DEPUBLICATION, by=people["gisele"].user, note="Remplacée par cardiologie.lilas.")
    actions.open_request(org, RequestKind.CHANGE, by=people["gisele"].user, detail="Porter l’espace à 4 Go.")
    dusty = bal("PER", "bruno.ancienne", "bruno")
    cleanup = Campaign(kind=CampaignKind.CLEANUP, title="Nettoyage d’automne", structure=chu)
    launch_campaign(cleanup, Bal.objects.filter(pk=dusty.pk), by=people["gisele"].user)
    layout = RequestLayout(structure=org.structure, operator=operator, kind="delete", subject="Suppression : {adresse}")
    layout.body, layout.columns = "Merci de supprimer {adresse}.", "BAL = {adresse}"
    actions.write_layout(layout, by=people["gisele"].user)
    for number in range(60):
        bal("PER", f"prenom.nom{number:02}", service="Médecine")
    runs = [
        SyncRun.objects.create(source="extraction", status="applied", generated_at=at, started_at=at, addresses=4)
        for at in (now - timedelta(days=2), now)
    ]
    seen = {"source": "extraction", "first_seen_at": now, "changed_at": now, "digest": "x"}
    Entry.objects.create(
        kind="ORG",
        address=org.address,
        structure_id="010000002",
        structure_name="CHU DES LILAS",
        service="Urgences",
        **seen,
    )
    Entry.objects.create(
        kind="PER", address=idle.address, family_name="EXEMPLE", given_name="PAUL", person_id=RPPS["paul"], **seen
    )
    for number, profession in (("10000000066", "Infirmier"), ("10000000074", "Médecin")):  # two homonyms
        Entry.objects.create(
            kind="PER",
            address=f"marie.exemple{number[-2:]}@masseur-kinesitherapeute.mssante.fr",
            family_name="EXEMPLE",
            given_name="Marie",
            person_id_type="8",
            person_id=number,
            profession=profession,
            structure_name="MAISON DE SANTÉ PLURIPROFESSIONNELLE DES LILAS",
            address_l6="93260 LES LILAS",
            department="Seine-Saint-Denis",
            **seen,
        )
    Entry.objects.create(
        kind="ORG",
        address="ancien.standard@chu-exemple.mssante.fr",
        structure_id="010000002",
        structure_name="CHU DES LILAS",
        service="Standard",
        **seen,
    )
    for local in ("alice.liberal", "alice.maison-de-sante"):
        Entry.objects.create(
            kind="PER",
            address=f"{local}@autre-operateur.mssante.fr",
            person_id_type="8",
            person_id=RPPS["alice"],
            family_name="EXEMPLE",
            given_name="ALICE",
            structure_name="CABINET LIBÉRAL",
            **seen,
        )
    actions.ask_person(people["alice"], by=SYSTEM)
    gisele, today = people["gisele"].user, timezone.localdate()
    stays = {name: person.affiliations.get() for name, person in people.items()}
    actions.open_movement(stays["alice"], "departure", planned_on=today + timedelta(days=5), by=gisele)
    actions.open_movement(stays["paul"], "departure", planned_on=today - timedelta(days=3), by=gisele)
    actions.open_movement(stays["chloe"], "arrival", planned_on=today + timedelta(days=2), by=gisele)
    practice = Structure.objects.create(name="Cabinet infirmier des Tilleuls", kind="practice", town="Lilas")
    nurses = {name: make_person(name, practice, rpps) for name, rpps in NURSES.items()}
    Membership.objects.create(user=nurses["anne"].user, structure=practice, role="gestionnaire")
    for rank, (name, finess) in enumerate((("alice", "010000002"), ("alice", ""), ("bruno", "010000002")), 1):
        place = {
            "structure_name": "CHU DES LILAS" if finess else "CABINET LIBÉRAL",
            "finess_site": finess,
            "town": "Lilas",
        }
        Activity.objects.create(
            **(seen | {"source": "activities"}), **place, national_id=f"8{RPPS[name]}", ordinal=rank
        )
    actions.prefer(people["bruno"], "010000002", org.address, by=people["bruno"].user)
    mailboxes = (
        "Adresse;Type;RPPS;Service;Dernière connexion;Taille\n"
        "imagerie.lilas@chu-exemple.mssante.fr;ORG;10000000017;Imagerie;15/03/2026 08:30;850 Mo\n"
        "hotellerie.lilas@chu-exemple.mssante.fr;ORG;10000000025;Hôtellerie;46000;12 Mo\n"
        "vaguemestre.lilas@chu-exemple.mssante.fr;ORG;;Vaguemestre;31/02/2026;3 Mo\n"
        "archives@autre-operateur.mssante.fr;ORG;;Archives;;1,2 Go\n"
    )
    for stage in ("applied", "previewed", "received"):
        where = {"operator": operator, "structure": trust, "by": gisele}
        listed = receive_import([mailboxes.encode()], f"liste-{stage}.csv", **where)
        if stage != "received":
            carry_on(forecast_import(listed, by=gisele), by=SYSTEM)
        if stage == "applied":
            listed.refresh_from_db()
            carry_on(apply_import(listed, by=gisele), by=SYSTEM)
    ask_about_people(people, gisele)
    follow_a_region(trust, bal)
    search_index.level()
    for run in runs:
        figures.record(run)


def ask_about_people(people, gisele):
    """Long names: new contact details of chloe, and a structure that asks for bruno to join it."""
    email = "chloe.exemple-de-la-tour-saint-martin.remplacante@messagerie-des-professionnels-liberaux.exemple.invalid"
    actions.ask_contact(people["chloe"], by=gisele, channel="email", email=email)
    clinic = Structure.objects.create(name="Groupement hospitalier de territoire des Collines et Vallées Réunies")
    marie = User.objects.create_user("marie", "marie@exemple.invalid", PASSWORD, first_name="Marie", last_name="Autre")
    Membership.objects.create(user=marie, structure=clinic, role="gestionnaire")
    facts = {"function": "Praticien consultant en réadaptation cardiovasculaire", "by": marie}
    actions.ask_joining(people["bruno"], clinic, **facts)


def follow_a_region(trust, bal):
    """Solange follows 300 structures of a GRADeS, and may read the Fondation."""
    grades = Structure.objects.create(name="Confluences e-santé", kind="grades", postcode="69007", town="Lyon")
    solange = User.objects.create_user("solange", "solange@exemple.invalid", PASSWORD, first_name="Solange")
    for structure, role in ((grades, "gestionnaire"), (trust, "reader")):
        Membership.objects.create(user=solange, structure=structure, role=role)
    towns = [("01400", "Châtillon-sur-Chalaronne"), ("38500", "Voiron"), ("69400", "Villefranche-sur-Saône"), ("", "")]
    followed = [
        Structure(
            name=f"Établissement des Hortensias n° {rank + 1}", kind="ehpad", parent=grades, postcode=code, town=town
        )
        for rank, (code, town) in zip(range(300), itertools.cycle(towns))
    ]
    for rank, row in enumerate(Structure.objects.bulk_create(followed)[:40]):
        bal("ORG", f"equipe{rank}", structure=row, percent_full=96 if rank % 3 else 40)
    everywhere, today = Structure.objects.all(), timezone.localdate()
    for week in (2, 1, 0):
        actions.keep_measures(everywhere)
        Measure.objects.filter(day=today).update(day=today - timedelta(days=7 * week))


def make_person(name, structure, rpps):
    user = User.objects.create_user(name, f"{name}@exemple.invalid", PASSWORD, first_name=name.title())
    facts = {
        "rpps": rpps,
        "has_cps": bool(rpps),
        "email": user.email,
        "profession": "Médecin" if rpps else "Secrétaire",
    }
    person = Person.objects.create(user=user, given_name=name.title(), family_name="Exemple", **facts)
    Affiliation.objects.create(person=person, structure=structure)
    return person


def open_sessions():
    """The session of each account, by its name: as of one who gave their password a moment ago."""
    opened = {}
    for account in User.objects.all():
        client = Client()
        client.force_login(account)
        session = client.session
        session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
        session.save()
        opened[account.username] = session.session_key
    (Path(settings.VAR_DIR) / SESSIONS).write_text(json.dumps(opened))


NURSES = {"anne": "30000000012", "basile": "30000000020", "cyril": "30000000038"}
RPPS = {
    "alice": "10000000017",
    "bruno": "10000000025",
    "paul": "10000000033",
    "chloe": "10000000058",
    "delphine": None,
    "gisele": None,
}

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "balmanager.settings")
    django.setup()

    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.test import Client
    from django.utils import timezone

    from directory import figures, search_index
    from directory.models import Activity, Entry, SyncRun
    from mailboxes import actions
    from mailboxes.campaigns.actions import launch_campaign
    from mailboxes.campaigns.models import Campaign
    from mailboxes.imports.actions import apply_import, forecast_import, receive_import
    from mailboxes.imports.work import carry_on
    from mailboxes.lifecycle import CampaignKind, RequestKind, Verb
    from mailboxes.models import (
        SYSTEM,
        Affiliation,
        Bal,
        Cotitulaire,
        Measure,
        Membership,
        Notice,
        Operator,
        Person,
        RequestLayout,
        Structure,
    )

    User = get_user_model()
    write()
    open_sessions()
