"""What every situation is drawn from, in SQL: our BAL, what the annuaire says of us, line beside line."""

from django.db import connection
from django.utils import timezone

from directory.folding import folded_in_sql
from directory.identifiers import APICRYPT_DOMAIN
from directory.models import Entry, TrustedDomain
from directory.pictures import public_sources
from mailboxes.lifecycle import LIVE
from mailboxes.models import Bal, Claim, Domain, GapDecision, Structure

LIVE_STATES = ", ".join(f"'{state}'" for state in sorted(LIVE))
COMMON = """
    numbers AS (  -- a legal entity's FINESS is that of all its establishments: it names the entity alone
        SELECT id AS structure_id, finess_et AS number FROM {structure} WHERE finess_et <> ''
        UNION SELECT id, siret FROM {structure} WHERE siret <> ''
        UNION SELECT id, rpps_rang FROM {structure} WHERE rpps_rang <> ''
        UNION SELECT id, finess_ej FROM {structure} WHERE finess_ej <> '' AND finess_et = ''),
    bals AS (
        SELECT b.id AS bal_id, b.structure_id, b.address, b.state, b.kind, b.liste_rouge, b.service FROM {bal} b
        WHERE b.structure_id IN (SELECT id FROM ours) {b_narrow}),
    listed AS (
        SELECT e.address, e.digest FROM {entry} e JOIN {bal} b ON b.address = e.address
        WHERE e.withdrawn_at IS NULL AND (b.state IN ('depublished', 'deleted') OR b.liste_rouge) {b_narrow}),
    concerning AS (
        SELECT n.structure_id, e.address, e.digest, 0 AS elsewhere
        FROM numbers n JOIN {entry} e ON e.structure_id = n.number
        WHERE e.withdrawn_at IS NULL AND n.structure_id IN (SELECT id FROM ours) {e_narrow}
        UNION ALL
        SELECT d.structure_id, e.address, e.digest, 0 FROM {domain} d JOIN {entry} e ON e.domain = d.name
        WHERE e.withdrawn_at IS NULL AND d.structure_id IN (SELECT id FROM ours)
            AND e.structure_id NOT IN (SELECT number FROM numbers) {e_narrow}
        UNION ALL
        SELECT a.structure_id, e.address, e.digest, CASE WHEN d.id IS NULL THEN 1 ELSE 0 END
        FROM {affiliation} a JOIN {person} p ON p.id = a.person_id JOIN {entry} e ON e.person_id = p.rpps
        LEFT JOIN {domain} d ON d.name = e.domain
        WHERE (a.left_on IS NULL OR a.left_on > {today}) AND e.withdrawn_at IS NULL
            AND a.structure_id IN (SELECT id FROM ours)
            AND d.structure_id IS NULL AND e.structure_id NOT IN (SELECT number FROM numbers) {e_narrow}),
    unknown AS (
        SELECT structure_id, address, min(elsewhere) AS elsewhere, min(digest) || max(digest) AS fact
        FROM concerning c WHERE NOT EXISTS (SELECT 1 FROM {bal} b WHERE b.address = c.address)
        GROUP BY structure_id, address),
    lines AS (  -- agrees: as `comparison.compare` sees it; what one side leaves empty is no difference
        SELECT b.bal_id, b.structure_id, b.address, b.kind, e.digest, e.kind AS their_kind,
            nullif(e.person_id, '') AS their_person, nullif(e.structure_id, '') AS their_structure,
            b.kind || '|' || b.service || '|' || coalesce(p.rpps, '') || '|' || s.finess_et || s.siret || s.name
                AS ours,
            CASE WHEN (e.kind = b.kind OR (b.kind = 'CAB' AND e.kind = 'ORG'))
                AND (b.service = '' OR e.service = '' OR {same_service})
                AND ((e.structure_id <> '' AND e.structure_id IN (s.finess_et, s.finess_ej, s.siret, s.rpps_rang))
                     OR ((e.structure_id = '' OR s.finess_et || s.finess_ej || s.siret || s.rpps_rang = '')
                         AND (e.structure_name || e.trade_name = '' OR {same_structure} OR {same_trade})))
                AND (p.id IS NULL OR ((e.person_id IN ('', p.rpps) OR p.rpps IS NULL)
                                      AND (e.family_name || e.given_name = '' OR {same_name})))
                THEN 1 ELSE 0 END AS agrees
        FROM bals b JOIN {structure} s ON s.id = b.structure_id
        JOIN {entry} e ON e.address = b.address AND e.withdrawn_at IS NULL
        LEFT JOIN {cotitulaire} c ON c.bal_id = b.bal_id AND c.is_principal AND b.kind = 'PER'
        LEFT JOIN {person} p ON p.id = c.person_id
        WHERE b.state IN ({live}))"""
JUDGED = """
    judged AS (
        SELECT g.*, d.id AS decision_id,
            CASE WHEN d.id IS NULL OR d.digest <> md5(g.fact) THEN 'open'
                 WHEN d.decision = 'asked' THEN 'asked'
                 WHEN d.until IS NULL OR d.until >= %s THEN 'ignored' ELSE 'open' END AS status
        FROM gaps g LEFT JOIN {decision} d
            ON d.structure_id = g.structure_id AND d.situation = g.situation AND d.address = g.address)"""


def _same(ours: str, theirs: str) -> str:
    """Cheap tests first: most values differ by capitals alone."""
    return f"({ours} = {theirs} OR upper({ours}) = upper({theirs}) OR {folded_in_sql(ours)} = {folded_in_sql(theirs)})"


def _domain(address: str) -> str:
    if connection.vendor == "postgresql":
        return f"split_part({address}, '@', 2)"
    return f"substr({address}, instr({address}, '@') + 1)"


def _published() -> str:
    """The lines of public sources: what an operator's own directory says is no publication."""
    sources = ", ".join(f"'{name}'" for name in public_sources())
    return f"(SELECT * FROM {Entry._meta.db_table} WHERE source IN ({sources or 'NULL'}))"


def names() -> dict[str, str]:
    models = [Bal, Structure, Domain, Claim]
    names = {model._meta.model_name: model._meta.db_table for model in models}
    names |= {name: f"mailboxes_{name}" for name in ("affiliation", "person", "cotitulaire")}
    return {
        **names,  # type: ignore[dict-item]
        "entry": _published(),
        "decision": GapDecision._meta.db_table,
        "live": LIVE_STATES,
        "today": f"'{timezone.localdate():%Y-%m-%d}'",
        "apicrypt": APICRYPT_DOMAIN,
        "white_list": TrustedDomain._meta.db_table,
        "domain_of_bal": _domain("b.address"),
        "domain_of_unknown": _domain("u.address"),
        "same_service": _same("b.service", "e.service"),
        "same_structure": _same("s.name", "e.structure_name"),
        "same_trade": _same("s.name", "e.trade_name"),
        "same_name": _same("(p.family_name || ' ' || p.given_name)", "(e.family_name || ' ' || e.given_name)"),
    }
