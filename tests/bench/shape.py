"""A register of the shape that hospitals have: hundreds of structures, all kinds, holders, délégataires, stays that are
over beside those that last, readings, and a long journal. Made by the database itself (PostgreSQL), in seconds.
"""

from django.apps import apps
from django.db import connection
from django.utils import timezone

from directory import search_index
from directory.models import Entry, SyncRun
from mailboxes.models import Operator, Structure

GROUPS = 30  # each with its establishments
KINDS = "(ARRAY['PER','PER','PER','PER','PER','PER','ORG','ORG','ORG','APP'])[1 + n % 10]"


def fill(bals: int, *, journal: int = 0) -> None:
    """So many BAL, about 270 in each structure, and at least `journal` lines."""
    structures = _structures(max(bals // 270, 10))
    operators = [
        Operator.objects.create(
            code=f"o{n}", name=f"Opérateur {n}", alert_after_months=10 + n % 3, end_after_months=12 + n % 3,
            request_email=f"demandes@o{n}.invalid",
        ).pk
        for n in range(6)
    ]  # fmt: skip
    facts = {
        "bals": bals,
        "first": structures[0],
        "structures": len(structures),
        "operator": operators[0],
        "operators": len(operators),
        "journal": journal,
        "kinds": KINDS,
    }
    with connection.cursor() as cursor:
        for table in ("mailboxes_person", "mailboxes_bal"):
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {10 * bals})")
        for statement in (PEOPLE, STAYS, ENDED, PASSED, BALS, PRINCIPALS, HOLDERS, DELEGATIONS, READINGS, _entries()):
            cursor.execute(statement.format(**facts))
        if journal:
            cursor.execute(JOURNAL.format(**facts))
    SyncRun.objects.create(source="extraction", status=SyncRun.Status.APPLIED, generated_at=timezone.now())
    search_index.level()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def empty() -> None:
    """As after `migrate`, numbers included."""
    ours = [apps.get_app_config(app) for app in ("mailboxes", "directory", "operations", "accounts")]
    tables = ", ".join(f'"{model._meta.db_table}"' for app in ours for model in app.get_models())
    with connection.cursor() as cursor:
        cursor.execute(f"SET session_replication_role = replica; TRUNCATE {tables} RESTART IDENTITY CASCADE")
        cursor.execute("RESET session_replication_role")


def _structures(number: int) -> list[int]:
    tops = Structure.objects.bulk_create(
        Structure(name=f"Groupe hospitalier {n:03}", kind="hospital", finess_ej=f"{500000000 + n}")
        for n in range(min(GROUPS, number // 10))
    )
    below = Structure.objects.bulk_create(
        Structure(
            name=f"Établissement {n:04}", kind="hospital", parent=tops[n % len(tops)], finess_et=f"{600000000 + n}"
        )
        for n in range(number - len(tops))
    )
    return [structure.pk for structure in (*tops, *below)]


# A person a BAL, named from a few hundred names: some are homonyms.
PEOPLE = """
    INSERT INTO mailboxes_person
        (id, rpps, has_cps, family_name, given_name, profession, email, channel, mssante_address)
    SELECT n, '1' || lpad((10 * n)::text, 10, '0'), n % 20 > 0, 'NOM' || n % 4999, 'Prénom' || n % 97,
           'Médecin', 'p' || n || '@exemple.invalid', 'email', ''
    FROM generate_series(1, {bals}) n"""
# Nine in ten are where their BAL is; one in ten has left, or left and came back.
STAYS = """
    INSERT INTO mailboxes_affiliation (person_id, structure_id, function, arrived_on)
    SELECT n, {first} + n % {structures}, '', '2020-01-01' FROM generate_series(1, {bals}) n WHERE n % 10 > 0"""
ENDED = """
    INSERT INTO mailboxes_affiliation (person_id, structure_id, function, arrived_on, left_on, applied_at)
    SELECT n, {first} + n % {structures}, '', '2015-01-01', DATE '2019-01-01' + (n % 2000)::int, now()
    FROM generate_series(1, {bals}) n WHERE n % 10 IN (0, 5)"""
PASSED = """
    INSERT INTO mailboxes_affiliation (person_id, structure_id, function, arrived_on, left_on, applied_at)
    SELECT n, {first} + (n + 7) % {structures}, '', '2010-01-01', '2014-12-31', now()
    FROM generate_series(1, {bals}) n WHERE n % 2 = 0"""
BALS = """
    INSERT INTO mailboxes_bal
        (id, address, kind, state, state_since, structure_id, operator_id, service, description, purpose, liste_rouge,
         replaced_by, auto_reply, last_used_at, last_used_source, clock_at, read_at, used_mb, quota_mb, percent_full,
         quota_warned, quota_cycle)
    SELECT n, 'bal' || n || '@s' || n % {structures} || '.mssante.fr', {kinds},
           CASE WHEN n % 50 = 1 THEN 'depublication_requested' WHEN n % 50 = 2 THEN 'deleted' ELSE 'active' END,
           now() - n % 900 * interval '1 day', {first} + n % {structures}, {operator} + n % {operators},
           CASE n % 3 WHEN 0 THEN 'Cardiologie' WHEN 1 THEN 'Urgences' ELSE '' END, '', '', n % 40 = 3, '', '',
           CASE WHEN n % 4 > 0 THEN now() - n % 260 * interval '1 day' END, 'push',
           CASE WHEN n % 4 > 0 THEN now() - n % 260 * interval '1 day' END,
           CASE WHEN n % 4 > 0 THEN now() - interval '2 days' END, n % 900, 1000, n % 90, 0, 1
    FROM generate_series(1, {bals}) n"""
PRINCIPALS = """
    INSERT INTO mailboxes_cotitulaire (bal_id, person_id, is_principal, since, told_how)
    SELECT n, n, true, '2020-01-01', '' FROM generate_series(1, {bals}) n WHERE {kinds} <> 'APP' AND n % 37 > 0"""
HOLDERS = """
    INSERT INTO mailboxes_cotitulaire (bal_id, person_id, is_principal, since, told_how)
    SELECT n, 1 + (n + k * 331) % {bals}, false, '2020-01-01', ''
    FROM generate_series(1, {bals}) n, generate_series(1, 5) k WHERE {kinds} = 'ORG'
    ON CONFLICT DO NOTHING"""
DELEGATIONS = """
    INSERT INTO mailboxes_delegataire
        (bal_id, person_id, under_id, can_read, can_send, starts_on, ends_on, ended_at, reason, told_how)
    SELECT n, 1 + (n + 17) % {bals}, n, true, n % 2 = 0, '2024-01-01',
           CASE WHEN n % 4 = 0 THEN DATE '2025-01-01' END,
           CASE WHEN n % 4 = 0 AND n % 600 > 0 THEN TIMESTAMPTZ '2025-01-02' END, 'Secrétariat', ''
    FROM generate_series(1, {bals}) n WHERE n % 6 = 0"""
READINGS = """
    INSERT INTO mailboxes_reading (bal_id, at, source, last_used_at, used_mb, quota_mb)
    SELECT n, now() - k * interval '7 days', 'push', NULL, n % 900, 1000
    FROM generate_series(1, {bals}) n, generate_series(1, 10) k"""
# Six a BAL and year, so that what one reads of the last week is what a week brings.
JOURNAL = """
    INSERT INTO mailboxes_journalentry (bal_id, address, at, what, before, after, note, told_at)
    SELECT 1 + n % {bals}, '', now() - n * (interval '8766 hours' / (6 * {bals})), 'describe', '', '', '',
           CASE WHEN n % 25000 > 0 THEN now() END
    FROM generate_series(1, {journal}) n"""
# Two in three are published; of an ORG every holder has a line.
ENTRIES = {
    "source": "'extraction'",
    "ordinal": "row_number() OVER (PARTITION BY b.id)",
    "digest": "md5(b.id || '-' || p.id)",
    "first_seen_at": "now() - interval '1 year'",
    "changed_at": "now() - b.id % 300 * interval '1 day'",
    "address": "b.address",
    "kind": "b.kind",
    "person_id_type": "'8'",
    "person_id": "p.rpps",
    "national_id": "'8' || p.rpps",
    "structure_id_type": "'1'",
    "structure_id": "CASE WHEN b.id % 7 > 0 THEN coalesce(nullif(s.finess_et, ''), s.finess_ej) ELSE '' END",
    "structure_name": "CASE WHEN b.id % 7 > 0 THEN upper(s.name) ELSE '' END",
    "service": "CASE WHEN b.kind = 'ORG' THEN b.service ELSE '' END",
    "family_name": "p.family_name",
    "given_name": "p.given_name",
    "profession": "'Médecin'",
    "profession_code": "'10'",
    "rank": "CASE WHEN b.id % 5 = 0 AND b.kind = 'PER' THEN '1' ELSE '' END",
}


def _entries() -> str:
    texts = [
        field.column
        for field in Entry._meta.local_concrete_fields
        if not (field.generated or field.null or field.primary_key or field.column in ENTRIES)
    ]
    columns = {**ENTRIES, **dict.fromkeys(texts, "''")}
    return f"""
        INSERT INTO directory_entry ({", ".join(columns)}) SELECT {", ".join(columns.values())}
        FROM mailboxes_bal b JOIN mailboxes_structure s ON s.id = b.structure_id
        JOIN mailboxes_cotitulaire c ON c.bal_id = b.id JOIN mailboxes_person p ON p.id = c.person_id
        WHERE b.id % 3 > 0"""
