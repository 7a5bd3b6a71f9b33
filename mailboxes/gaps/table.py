"""The situations: what each means, what mends it, and the set that it is, in SQL over `sql.COMMON`."""

from typing import NamedTuple

from mailboxes.lifecycle import Act, RequestKind, Severity


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


# Each a SELECT of structure_id, address, bal_id, and the fact on which a decision rests.
OUTSIDE = """
    SELECT structure_id, address, bal_id, domain AS fact FROM (
        SELECT structure_id, address, bal_id, {domain_of_bal} AS domain FROM bals b WHERE state IN ({live})
        UNION ALL SELECT structure_id, address, CAST(NULL AS bigint), {domain_of_unknown} FROM unknown u) ours
    WHERE {outside}"""
WRONGLY_LISTED = """
    SELECT b.structure_id, b.address, b.bal_id, b.state || b.liste_rouge || min(e.digest) AS fact
    FROM bals b JOIN listed e ON e.address = b.address WHERE b.state IN ({seen_gone}) OR b.liste_rouge
    GROUP BY b.structure_id, b.address, b.bal_id, b.state, b.liste_rouge"""
UNKNOWN = """
    SELECT structure_id, address, CAST(NULL AS bigint) AS bal_id, fact FROM unknown WHERE elsewhere = 0"""
ABSENT = """
    SELECT b.structure_id, b.address, b.bal_id, b.state || coalesce((
        SELECT CAST(max(w.withdrawn_at) AS varchar(40)) FROM {line} w WHERE w.address = b.address), '') AS fact
    FROM bals b WHERE b.state IN ({in_service}) AND {expected}
        AND NOT EXISTS (SELECT 1 FROM {entry} e WHERE e.address = b.address)
        AND NOT EXISTS (SELECT 1 FROM {alias} x WHERE x.bal_id = b.bal_id AND x.nature = 'former')"""
DIFFERING = """
    SELECT structure_id, address, bal_id, min(digest) || max(digest) || min(ours) AS fact
    FROM lines GROUP BY structure_id, address, bal_id HAVING max(agrees) = 0"""
SEVERAL = """
    SELECT structure_id, address, bal_id, min(digest) || max(digest) || count(*) AS fact
    FROM lines GROUP BY structure_id, address, bal_id, kind HAVING count(*) > 1 AND (
        count(DISTINCT their_kind) > 1 OR (kind = 'PER' AND count(DISTINCT their_person) > 1)
        OR (kind <> 'PER' AND count(DISTINCT their_structure) > 1))"""
ELSEWHERE = """
    SELECT structure_id, address, CAST(NULL AS bigint) AS bal_id, fact FROM unknown u WHERE elsewhere = 1
        AND NOT EXISTS (SELECT 1 FROM {claim} c WHERE c.address = u.address AND c.answer = 'used')"""

# fmt: off
_S = Severity
SITUATIONS = [
    Situation("hors-liste", _S.URGENT, "Hors de la liste blanche",
              ("Le domaine de ces adresses n’est pas dans l’espace de confiance. N’y envoyez rien avant que "
               "l’opérateur ait répondu."),
              OUTSIDE,
              (Act.ASK_OPERATOR, Act.IGNORE_GAP),
              ("Le domaine de cette adresse n’est pas dans la liste blanche de l’espace de confiance. Merci de nous "
               "dire s’il en fait partie, ou de déplacer cette BAL."), RequestKind.CHANGE),
    Situation("a-tort", _S.URGENT, "Encore visibles à l’annuaire",
              "À l’annuaire, alors qu’elles sont dépubliées, supprimées ou en liste rouge ici. Demandez leur retrait.",
              WRONGLY_LISTED,
              (Act.ASK_OPERATOR, Act.IGNORE_GAP),
              "Merci de retirer cette adresse de l’annuaire.", RequestKind.DEPUBLISH),
    Situation("inconnue", _S.TODO, "Publiées et inconnues ici",
              ("L’annuaire les donne à votre structure ou à vos professionnels, le registre ne les a pas. "
               "Inscrivez-les, ou demandez leur retrait."),
              UNKNOWN,
              (Act.ADOPT, Act.ASK_OPERATOR, Act.IGNORE_GAP),
              ("Cette adresse figure à l’annuaire et nous ne la connaissons pas. Merci de nous dire à qui elle est, "
               "ou de la retirer de l’annuaire."), RequestKind.CHANGE),
    Situation("absente", _S.TODO, "Connues ici et absentes",
              ("Actives ici, absentes de l’annuaire public (supprimées, non publiées ou en liste rouge). Demandez "
               "leur publication."),
              ABSENT,
              (Act.ASK_OPERATOR, Act.IGNORE_GAP),
              ("Cette adresse ne figure pas à l’annuaire public. Merci de la publier, ou de nous dire si elle est "
               "supprimée, non publiée ou en liste rouge."), RequestKind.PUBLISH, concludes_absence=True),
    Situation("differe", _S.TODO, "Fiche et annuaire ne concordent pas",
              "L’annuaire et le registre ne disent pas la même chose. Reprenez sa valeur, ou demandez la correction.",
              DIFFERING,
              (Act.ACCEPT_ANNUAIRE, Act.ASK_OPERATOR, Act.IGNORE_GAP),
              "Merci de corriger à l’annuaire ce qui suit.", RequestKind.CHANGE),
    Situation("plusieurs", _S.TODO, "Inscrites plusieurs fois",
              "Une même adresse porte à l’annuaire plusieurs titulaires, structures ou types. Demandez la correction.",
              SEVERAL,
              (Act.ASK_OPERATOR, Act.IGNORE_GAP),
              ("Cette adresse figure plusieurs fois à l’annuaire, avec des indications qui se contredisent. Merci "
               "de n’y laisser que ce qui suit."), RequestKind.CHANGE),
    Situation("ailleurs", _S.WATCH, "Autres adresses de vos professionnels",
              ("Hors de vos domaines, au RPPS de vos professionnels. Demandez-leur si ces BAL sont à eux et s’ils "
               "s’en servent."),
              ELSEWHERE,
              (Act.ASK_PERSON, Act.IGNORE_GAP)),
]
# fmt: on
BY_NAME = {situation.name: situation for situation in SITUATIONS}
REMEDIES = list(dict.fromkeys(act for situation in SITUATIONS for act in situation.remedies))
STATUSES = {"open": "à traiter", "asked": "demandé à l’opérateur", "ignored": "laissé de côté"}
