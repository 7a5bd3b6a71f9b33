"""Where the register and the annuaire disagree, as one table: situation, sentence, remedies; each a set found in SQL.

A gap is computed, never stored; only what was decided of it is (`GapDecision`), with a digest of the fact it was decided
on: when the fact changes, the gap is open again. Nothing is concluded from an absence in a stale annuaire.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone
from django.utils.functional import cached_property

from directory.identifiers import APICRYPT_DOMAIN
from directory.models import Entry, TrustedDomain
from directory.pictures import Picture, pictures, public_sources
from mailboxes.comparison import Line, compare
from mailboxes.findings import Severity
from mailboxes.folding import folded_in_sql
from mailboxes.lifecycle import LIVE, Act, RequestKind
from mailboxes.models import Bal, Claim, Domain, GapDecision, Structure
from mailboxes.rules import allows, check_annuaire_fresh


class Situation(NamedTuple):
    name: str
    severity: Severity
    title: str
    sentence: str
    rows: str  # SELECT structure_id, address, bal_id, fact
    remedies: tuple[Act, ...]
    request: str = ""  # what the operator is asked
    asks: RequestKind | None = None
    concludes_absence: bool = False


# fmt: off
_S = Severity
SITUATIONS = [
    Situation("hors-liste", _S.URGENT, "Hors de la liste blanche",
              "Le domaine de ces adresses n’est pas dans l’espace de confiance. N’y envoyez rien avant que l’opérateur ait répondu.",
              "SELECT structure_id, address, bal_id, domain AS fact FROM (SELECT structure_id, address, bal_id, {domain_of_bal} AS domain FROM bals b WHERE state IN ({live}) UNION ALL SELECT structure_id, address, CAST(NULL AS bigint), {domain_of_unknown} FROM unknown u) ours WHERE domain <> '{apicrypt}' AND EXISTS (SELECT 1 FROM {white_list} w WHERE w.withdrawn_at IS NULL) AND NOT EXISTS (SELECT 1 FROM {white_list} w WHERE w.name = domain AND w.withdrawn_at IS NULL)",
              (Act.ASK_OPERATOR, Act.IGNORE_GAP),
              "Le domaine de cette adresse n’est pas dans la liste blanche de l’espace de confiance. Merci de nous dire s’il en fait partie, ou de déplacer cette BAL.", RequestKind.CHANGE),
    Situation("a-tort",    _S.URGENT, "Publiées à tort",
              "À l’annuaire, alors qu’elles sont dépubliées, supprimées ou en liste rouge ici. Demandez leur retrait.",
              "SELECT b.structure_id, b.address, b.bal_id, b.state || b.liste_rouge || min(e.digest) AS fact FROM bals b JOIN listed e ON e.address = b.address WHERE b.state IN ('depublished', 'deleted') OR b.liste_rouge GROUP BY b.structure_id, b.address, b.bal_id, b.state, b.liste_rouge",
              (Act.ASK_OPERATOR, Act.IGNORE_GAP),
              "Merci de retirer cette adresse de l’annuaire.", RequestKind.DEPUBLISH),
    Situation("inconnue",  _S.TODO,   "Publiées et inconnues ici",
              "L’annuaire les donne à votre structure ou à vos professionnels, le registre ne les a pas. Inscrivez-les, ou demandez leur retrait.",
              "SELECT structure_id, address, CAST(NULL AS bigint) AS bal_id, fact FROM unknown WHERE elsewhere = 0",
              (Act.ADOPT, Act.ASK_OPERATOR, Act.IGNORE_GAP),
              "Cette adresse figure à l’annuaire et nous ne la connaissons pas. Merci de nous dire à qui elle est, ou de la retirer de l’annuaire.", RequestKind.CHANGE),
    Situation("absente",   _S.TODO,   "Connues ici et absentes",
              "Actives ici, absentes de l’annuaire public (supprimées, non publiées ou en liste rouge). Demandez leur publication.",
              "SELECT b.structure_id, b.address, b.bal_id, b.state || coalesce((SELECT CAST(max(w.withdrawn_at) AS varchar(40)) FROM {entry} w WHERE w.address = b.address), '') AS fact FROM bals b WHERE b.state IN ('active', 'idle_alerted') AND b.kind <> 'APP' AND NOT b.liste_rouge AND NOT EXISTS (SELECT 1 FROM {entry} e WHERE e.address = b.address AND e.withdrawn_at IS NULL)",
              (Act.ASK_OPERATOR, Act.IGNORE_GAP),
              "Cette adresse ne figure pas à l’annuaire public. Merci de la publier, ou de nous dire si elle est supprimée, non publiée ou en liste rouge.",
              RequestKind.PUBLISH, concludes_absence=True),
    Situation("differe",   _S.TODO,   "Différentes",
              "L’annuaire et le registre ne disent pas la même chose. Reprenez sa valeur, ou demandez la correction.",
              "SELECT structure_id, address, bal_id, min(digest) || max(digest) || min(ours) AS fact FROM lines GROUP BY structure_id, address, bal_id HAVING max(agrees) = 0",
              (Act.ACCEPT_ANNUAIRE, Act.ASK_OPERATOR, Act.IGNORE_GAP),
              "Merci de corriger à l’annuaire ce qui suit.", RequestKind.CHANGE),
    Situation("plusieurs", _S.TODO,   "Inscrites plusieurs fois",
              "Une même adresse porte à l’annuaire plusieurs titulaires, structures ou types. Demandez la correction.",
              "SELECT structure_id, address, bal_id, min(digest) || max(digest) || count(*) AS fact FROM lines GROUP BY structure_id, address, bal_id, kind HAVING count(*) > 1 AND (count(DISTINCT their_kind) > 1 OR (kind = 'PER' AND count(DISTINCT their_person) > 1) OR (kind <> 'PER' AND count(DISTINCT their_structure) > 1))",
              (Act.ASK_OPERATOR, Act.IGNORE_GAP),
              "Cette adresse figure plusieurs fois à l’annuaire, avec des indications qui se contredisent. Merci de n’y laisser que ce qui suit.", RequestKind.CHANGE),
    Situation("ailleurs",  _S.WATCH,  "À vos professionnels, chez un autre opérateur",
              "Hors de vos domaines, au RPPS de vos professionnels. Demandez-leur si ces BAL sont à eux et s’ils s’en servent.",
              "SELECT structure_id, address, CAST(NULL AS bigint) AS bal_id, fact FROM unknown u WHERE elsewhere = 1 AND NOT EXISTS (SELECT 1 FROM {claim} c WHERE c.address = u.address AND c.answer = 'used')",
              (Act.ASK_PERSON, Act.IGNORE_GAP)),
]
# fmt: on
BY_NAME = {situation.name: situation for situation in SITUATIONS}
REMEDIES = list(dict.fromkeys(act for situation in SITUATIONS for act in situation.remedies))


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
        WHERE (a.left_on IS NULL OR a.left_on > {today}) AND e.withdrawn_at IS NULL AND a.structure_id IN (SELECT id FROM ours)
            AND d.structure_id IS NULL AND e.structure_id NOT IN (SELECT number FROM numbers) {e_narrow}),
    unknown AS (
        SELECT structure_id, address, min(elsewhere) AS elsewhere, min(digest) || max(digest) AS fact
        FROM concerning c WHERE NOT EXISTS (SELECT 1 FROM {bal} b WHERE b.address = c.address)
        GROUP BY structure_id, address),
    lines AS (  -- agrees: as `comparison.compare` sees it; what one side leaves empty is no difference
        SELECT b.bal_id, b.structure_id, b.address, b.kind, e.digest, e.kind AS their_kind,
            nullif(e.person_id, '') AS their_person, nullif(e.structure_id, '') AS their_structure,
            b.kind || '|' || b.service || '|' || coalesce(p.rpps, '') || '|' || s.finess_et || s.siret || s.name AS ours,
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


def _names() -> dict[str, str]:
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


BATCH = 500  # gaps whose facts are in memory at once
STATUSES = {"open": "à traiter", "asked": "demandé à l’opérateur", "ignored": "laissé de côté"}


@dataclass
class Gap:
    """One disagreement, and once `with_facts` what is known on both sides."""

    situation: Situation
    structure_id: int
    address: str
    bal_id: int | None
    status: str
    digest: str
    decision_id: int | None
    bal: Bal | None = None
    structure: Structure | None = None
    decision: GapDecision | None = None
    entries: list[Entry] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)

    def __str__(self):
        return self.address

    @property
    def key(self) -> str:
        return f"{self.situation.name}:{self.structure_id}:{self.address}"

    @property
    def status_label(self) -> str:
        return STATUSES[self.status]

    @cached_property
    def entry(self) -> Entry | None:
        """The line of the annuaire that agrees best with the register."""
        return min(self.entries, key=lambda entry: len(differences(self.bal, entry)), default=None)

    @property
    def differences(self) -> list[Line]:
        return differences(self.bal, self.entry) if self.entry else []

    @property
    def rpps(self) -> list[str]:
        return sorted({entry.person_id for entry in self.entries if entry.person_id_type == "8" and entry.person_id})


def picture_of(entry: Entry) -> Picture:
    """One line alone, as if nothing else spoke of its address."""
    return pictures([entry])[entry.address]


def differences(bal: Bal | None, entry: Entry) -> list[Line]:
    """The fields that differ; two names of one structure do not, once its number is the same."""
    if bal is None:
        return []
    lines = {line.label: line for line in compare(bal, picture_of(entry))}
    number, name = lines["Identifiant de la structure"], lines["Nom de la structure"]
    if name.differs and number.ours and number.theirs and not number.differs:
        del lines[name.label]
    return [line for line in lines.values() if line.differs]


def request_for(gap: Gap) -> str:
    """What the operator is asked, field by field where fields differ."""
    lines = [gap.situation.request]
    if gap.situation.name == "differe":
        lines += [f"{line.label} : « {line.ours} », et non « {line.theirs} »." for line in gap.differences]
    if gap.situation.name == "plusieurs" and gap.bal:
        lines += [f"{line.label} : {line.ours}." for line in compare(gap.bal, picture_of(gap.entries[0])) if line.ours]
    return "\n".join(lines)


@dataclass(frozen=True)
class Gaps:
    """The gaps of some structures, as a list that counts and cuts itself in SQL; fit for a Paginator."""

    structures: Any  # QuerySet[Structure]
    situation: str = ""
    status: str = ""
    text: str = ""
    addresses: tuple[str, ...] | None = None

    @classmethod
    def visible_to(cls, user) -> "Gaps":
        return cls(Structure.objects.visible_to(user))

    def narrowed(self, **facts) -> "Gaps":
        return replace(self, **facts)

    def keyed(self, keys: Iterable[str]) -> list[Gap]:
        """Those of these keys (see `Gap.key`) that still are, with their facts."""
        keys = set(keys)
        addresses = tuple(sorted({key.split(":", 2)[-1] for key in keys}))
        found = self.narrowed(addresses=addresses)[:] if addresses else []
        return [gap for gap in found if gap.key in keys]

    def counts(self) -> dict[tuple[str, str], int]:
        """(situation, status) -> how many, for every situation and status."""
        query, values = self.narrowed(situation="", status="")._query("situation, status, count(*)")
        rows = _rows(f"{query} GROUP BY situation, status", values)
        return {(situation, status): number for situation, status, number in rows}

    def count(self) -> int:
        query, values = self._query("count(*)")
        return _rows(query, values)[0][0]

    def __len__(self):
        return self.count()

    def __getitem__(self, cut: slice) -> list[Gap]:
        return with_facts(list(self._read(cut.start or 0, cut.stop)))

    def __iter__(self) -> Iterator[Gap]:
        """With their facts, a batch at a time."""
        rows = list(self._read(0, None))
        for start in range(0, len(rows), BATCH):
            yield from with_facts(rows[start : start + BATCH])

    def _read(self, start: int, stop: int | None) -> Iterator[Gap]:
        query, values = self._query("situation, structure_id, address, bal_id, status, md5(fact), decision_id")
        query += " ORDER BY rank, address, structure_id"
        if stop is not None:
            query += f" LIMIT {int(stop - start)} OFFSET {int(start)}"
        for name, *facts in _rows(query, values):
            structure, address, bal, status, digest, decision = facts
            yield Gap(BY_NAME[name], structure, address, bal, status, digest, decision)

    def _query(self, columns: str) -> tuple[str, list]:
        names, values = _names(), []
        ours, structure_values = self.structures.order_by().values("pk").query.sql_with_params()
        ctes = [f"ours(id) AS ({ours})"]
        values += structure_values
        narrow = {"b_narrow": "", "e_narrow": ""}
        if self.addresses is not None:
            places = ", ".join(["(%s)"] * len(self.addresses))
            ctes.append(f"asked(address) AS (VALUES {places})")
            values += self.addresses
            narrow = {f"{t}_narrow": f"AND {t}.address IN (SELECT address FROM asked)" for t in "be"}
        ctes.append(COMMON.format(**names, **narrow))
        ctes.append(f"gaps AS ({' UNION ALL '.join(self._selects(names))})")
        ctes.append(JUDGED.format(**names))
        values.append(connection.ops.adapt_datefield_value(timezone.localdate()))
        conditions, asked = ["rank >= 0"], []
        if self.status:
            conditions.append("status = %s")
            asked.append(self.status)
        for word in self.text.split():
            conditions.append("address LIKE %s ESCAPE '!'")
            asked.append(f"%{_literal(word.lower())}%")
        return f"WITH {', '.join(ctes)} SELECT {columns} FROM judged WHERE {' AND '.join(conditions)}", values + asked

    def _selects(self, names: dict[str, str]) -> list[str]:
        fresh = allows(check_annuaire_fresh)
        chosen = [(rank, s) for rank, s in enumerate(SITUATIONS) if self.situation in ("", s.name)]
        return [
            f"SELECT {rank} AS rank, '{s.name}' AS situation, structure_id, address, bal_id, fact "
            f"FROM ({s.rows.format(**names)}) found{'' if fresh or not s.concludes_absence else ' WHERE 1 = 0'}"
            for rank, s in chosen
        ]


def with_facts(gaps: list[Gap]) -> list[Gap]:
    """Both sides of each, in a constant number of queries."""
    addresses = {gap.address for gap in gaps}
    entries, claims = defaultdict(list), defaultdict(list)
    for entry in Entry.objects.published().filter(address__in=addresses).order_by("ordinal", "pk"):
        entries[entry.address].append(entry)
    for claim in Claim.objects.filter(address__in=addresses).exclude(answer="").select_related("person"):
        claims[claim.address].append(claim)
    bals = Bal.objects.with_cotitulaires().in_bulk({gap.bal_id for gap in gaps if gap.bal_id})
    structures = Structure.objects.in_bulk({gap.structure_id for gap in gaps})
    decisions = GapDecision.objects.select_related("by").in_bulk({gap.decision_id for gap in gaps if gap.decision_id})
    for gap in gaps:
        gap.entries, gap.claims = entries[gap.address], claims[gap.address]
        gap.bal = bals.get(gap.bal_id) if gap.bal_id else None
        gap.structure = structures[gap.structure_id]
        gap.decision = decisions.get(gap.decision_id) if gap.decision_id else None
    return gaps


def _literal(text: str) -> str:
    for sign in "!%_":
        text = text.replace(sign, f"!{sign}")
    return text


def _rows(query: str, values: list) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()


# fmt: off
COLUMNS = [
    ("Adresse",             lambda gap: gap.address),
    ("Écart",               lambda gap: gap.situation.title),
    ("Suite",               lambda gap: gap.status_label),
    ("Structure",           lambda gap: gap.structure.name),
    ("À l’annuaire",        lambda gap: " ; ".join(spoken(entry) for entry in gap.entries)),
    ("Ce qui diffère",      lambda gap: " ; ".join(f"{line.label} : {line.ours} / {line.theirs}" for line in gap.differences)),
    ("Réponse du titulaire",lambda gap: " ; ".join(f"{claim.person} : {claim.get_answer_display()}" for claim in gap.claims)),
    ("Motif",               lambda gap: gap.decision.reason if gap.decision else ""),
    ("Jusqu’au",            lambda gap: f"{gap.decision.until:%d/%m/%Y}" if gap.decision and gap.decision.until else ""),
]
# fmt: on


def spoken(entry: Entry) -> str:
    """An entry in one line."""
    who = f"{entry.given_name} {entry.family_name}".strip()
    return ", ".join(filter(None, [entry.kind, who, entry.service, entry.structure_name]))
