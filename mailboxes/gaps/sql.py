"""What every situation is drawn from, in SQL: our BAL, what the annuaire says of us, line beside line."""

from django.db import connection
from django.utils import timezone

from directory.models import Entry, outside_in_sql, public_in_sql, published_in_sql
from mailboxes.gaps.comparison import agrees_in_sql
from mailboxes.gaps.lists import literals
from mailboxes.lifecycle import IN_SERVICE, LIVE, SEEN_GONE
from mailboxes.models import Alias, Bal, Claim, Domain, FoundGap, GapDecision, Structure
from mailboxes.models.bal_sets import expected_in_sql
from mailboxes.models.numbers import own_numbers_in_sql
from mailboxes.models.presence import present_in_sql

COMMON = """
    numbers AS ({own_numbers}),
    bals AS (
        SELECT b.id AS bal_id, b.structure_id, b.address, b.state, b.kind, b.liste_rouge, b.service FROM {bal} b
        WHERE b.structure_id IN (SELECT id FROM ours) {b_narrow}),
    listed AS (
        SELECT e.address, e.digest FROM {entry} e JOIN {bal} b ON b.address = e.address
        WHERE (b.state IN ({seen_gone}) OR b.liste_rouge) {b_narrow}),
    concerning AS (
        SELECT n.structure_id, e.address, e.digest, 0 AS elsewhere
        FROM numbers n JOIN {entry} e ON e.structure_id = n.number
        WHERE n.structure_id IN (SELECT id FROM ours) {e_narrow}
        UNION ALL
        SELECT d.structure_id, e.address, e.digest, 0 FROM {domain} d JOIN {entry} e ON e.domain = d.name
        WHERE d.structure_id IN (SELECT id FROM ours)
            AND e.structure_id NOT IN (SELECT number FROM numbers) {e_narrow}
        UNION ALL
        SELECT a.structure_id, e.address, e.digest, CASE WHEN d.id IS NULL THEN 1 ELSE 0 END
        FROM {affiliation} a JOIN {person} p ON p.id = a.person_id JOIN {entry} e ON e.person_id = p.rpps
        LEFT JOIN {domain} d ON d.name = e.domain
        WHERE {a_present} AND a.structure_id IN (SELECT id FROM ours)
            AND d.structure_id IS NULL AND e.structure_id NOT IN (SELECT number FROM numbers) {e_narrow}),
    unknown AS (
        SELECT structure_id, address, min(elsewhere) AS elsewhere, min(digest) || max(digest) AS fact
        FROM concerning c WHERE NOT EXISTS (SELECT 1 FROM {bal} b WHERE b.address = c.address)
            AND NOT EXISTS (SELECT 1 FROM {alias} x WHERE x.address = c.address)
        GROUP BY structure_id, address),
    lines AS (
        SELECT b.bal_id, b.structure_id, b.address, b.kind, e.digest, e.kind AS their_kind,
            nullif(e.person_id, '') AS their_person, nullif(e.structure_id, '') AS their_structure,
            b.kind || '|' || b.service || '|' || coalesce(p.rpps, '') || '|' || s.finess_et || s.siret || s.name
                AS ours,
            CASE WHEN {agrees}
                THEN 1 ELSE 0 END AS agrees
        FROM bals b JOIN {structure} s ON s.id = b.structure_id
        JOIN {entry} e ON e.address = b.address
        LEFT JOIN {cotitulaire} c ON c.bal_id = b.bal_id AND c.is_principal AND b.kind = 'PER'
        LEFT JOIN {person} p ON p.id = c.person_id
        WHERE b.state IN ({live}))"""
JUDGED = """
    judged AS (
        SELECT g.*, d.id AS decision_id,
            CASE WHEN d.id IS NULL OR d.digest <> g.digest THEN 'open'
                 WHEN d.decision = 'asked' THEN 'asked'
                 WHEN d.until IS NULL OR d.until >= %s THEN 'ignored' ELSE 'open' END AS status
        FROM gaps g LEFT JOIN {decision} d
            ON d.structure_id = g.structure_id AND d.situation = g.situation AND d.address = g.address)"""

# In the place of all that: as they stood when they were last looked for.
KEPT = """
    SELECT CASE f.situation {ranks} ELSE -1 END AS rank, f.situation, f.structure_id, f.address, f.bal_id, f.digest
    FROM {foundgap} f
    WHERE f.structure_id IN (SELECT id FROM ours) AND f.situation IN ({situations}) {f_narrow}"""

# What is kept is levelled with `gaps_now`, a table of how they stand: what is no longer so goes, what is new comes.
_SAME = "k.structure_id = n.structure_id AND k.situation = n.situation AND k.address = n.address"
FORGET = f"""
    DELETE FROM {FoundGap._meta.db_table} AS k WHERE structure_id IN ({{places}})
        AND NOT EXISTS (SELECT 1 FROM gaps_now n WHERE {_SAME} AND k.digest = n.digest)"""
KEEP = f"""
    INSERT INTO {FoundGap._meta.db_table} (structure_id, situation, address, bal_id, digest)
    SELECT structure_id, situation, address, bal_id, digest FROM gaps_now n
    WHERE NOT EXISTS (SELECT 1 FROM {FoundGap._meta.db_table} k WHERE {_SAME}) ON CONFLICT DO NOTHING"""


def _domain(address: str) -> str:
    if connection.vendor == "postgresql":
        return f"split_part({address}, '@', 2)"
    return f"substr({address}, instr({address}, '@') + 1)"


def names() -> dict[str, str]:
    models = [Alias, Bal, Structure, Domain, Claim, FoundGap]
    names = {model.__name__.lower(): model._meta.db_table for model in models}
    entries = Entry._meta.db_table
    names |= {name: f"mailboxes_{name}" for name in ("affiliation", "person", "cotitulaire")}
    return {
        **names,
        "entry": f"(SELECT * FROM {entries} e WHERE {published_in_sql('e')})",
        "line": f"(SELECT * FROM {entries} e WHERE {public_in_sql('e')})",  # the withdrawn ones too
        "decision": GapDecision._meta.db_table,
        "live": literals(LIVE),
        "in_service": literals(IN_SERVICE),
        "seen_gone": literals(SEEN_GONE),
        "own_numbers": own_numbers_in_sql(Structure._meta.db_table),
        "a_present": present_in_sql("a", timezone.localdate()),
        "expected": expected_in_sql("b"),
        "outside": outside_in_sql("domain"),
        "domain_of_bal": _domain("b.address"),
        "domain_of_unknown": _domain("u.address"),
        "agrees": agrees_in_sql("b", "s", "p", "e"),
    }
