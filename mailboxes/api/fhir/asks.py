"""What the value of a parameter asks of the lines."""

from collections.abc import Sequence

from django.db.models import CharField, Func, Q, Value
from django.db.models.functions import Concat, Upper
from django.db.models.lookups import Contains, Exact

from directory.folding import Folded, fold
from directory.identifiers import is_mssante
from directory.readers.names import CIVILITIES
from directory.search_rows import Term, matching, words_with
from directory.sources.fhir_records import IDNPS, IDNST, RPPS
from directory.typography import quoted
from mailboxes.api.fhir import places
from mailboxes.api.fhir.kinds import ALL, IN_FORCE, NOTHING, ROLE, Key, ResourceKind, key_of, of_parts, parts_of
from mailboxes.api.fhir.shapes import CODES, INTERNAL, NATURES, SECTORS, STRUCTURE_SYSTEMS

FORMER = {"http://finess.sante.gouv.fr": "https://finess.esante.gouv.fr", "http://sirene.fr": "https://sirene.fr"}
IS_RPPS = Q(person_id_type__in=["8", ""])
HAS_NUMBER = Q(holder__startswith=f"{ROLE.name}/") & ~Q(holder__startswith=f"{ROLE.name}/#")


class BadSearch(Exception):
    """A search that is not understood; said to the caller as an OperationOutcome."""


class NotHeld(BadSearch):
    """A search by what the national API alone holds: passed over, it would give the wrong people."""


def _split(token: str) -> tuple[str, str]:
    """`system|value`, `system|`, `|value` or `value`; without a system, "" stands for any."""
    system, _, value = token.rpartition("|")
    return FORMER.get(system, system), value.strip()


# --- Tokens -----------------------------------------------------------------------------------------------------------
def person(token: str, modifier: str) -> Q:
    system, value = _split(token)
    if system and not value:
        return {IDNPS: ALL}.get(system, IS_RPPS if system in RPPS else NOTHING)
    own, national = Q(person_id=value), Q(person_id=value[1:], national_id__in=[value, ""])
    if system in RPPS:
        return own & IS_RPPS
    return {"": own | national, IDNPS: national}.get(system, NOTHING)


def structure(token: str, modifier: str) -> Q:
    system, value = _split(token)
    value = value.upper()
    types = [kind for kind, (own, _) in STRUCTURE_SYSTEMS.items() if own == system]
    if system and not value:
        return _of_types(STRUCTURE_SYSTEMS if system == IDNST else types, is_internal=system == INTERNAL)
    national = Q(structure_id=value[1:], structure_id_type__in=[value[:1], ""])
    if system in ("", IDNST):
        return national if system else national | Q(structure_id=value)
    if system == INTERNAL:
        return Q(structure_id=value) & ~Q(structure_id_type__in=STRUCTURE_SYSTEMS)
    return Q(structure_id=value, structure_id_type__in=[*types, ""]) if types else NOTHING


def _of_types(types: Sequence[str] | dict, *, is_internal: bool = False) -> Q:
    return ~Q(structure_id_type__in=STRUCTURE_SYSTEMS) if is_internal else Q(structure_id_type__in=[*types])


def situation(token: str, modifier: str) -> Q:
    system, value = _split(token)
    if system not in ("", *RPPS):
        return NOTHING
    return Q(holder=f"{ROLE.name}/{value}") if value else HAS_NUMBER


def person_identifier_type(token: str, modifier: str) -> Q:
    return {"IDNPS": ALL, "RPPS": IS_RPPS}.get(_split(token)[1], NOTHING)


def structure_identifier_type(token: str, modifier: str) -> Q:
    code = _split(token)[1]
    if code in ("FINEG", "FINEJ"):
        return Q(structure_id_type="1") & (places.entities() if code == "FINEJ" else ~places.entities())
    if code == "IDNST":
        return _of_types(STRUCTURE_SYSTEMS)
    types = [kind for kind, (_, own) in STRUCTURE_SYSTEMS.items() if own == code]
    return _of_types(types) | (_of_types([], is_internal=True) if code == "INTRN" else NOTHING)


def by_id(kind: ResourceKind, value: str, modifier: str) -> Q:
    """An id, or a reference that ends in it."""
    key = _referred(kind, value)
    return of_parts(kind, parts_of(kind, [key])) if key else NOTHING


def _referred(kind: ResourceKind, value: str) -> Key | None:
    """The key that a reference names: `Practitioner/10000000017`, after whatever address; none of another type."""
    before, _, resource_id = value.rpartition("/")
    return key_of(kind, resource_id) if before.rpartition("/")[2] in ("", kind.name) else None


def code(token: str, modifier: str) -> Q:
    system, value = _split(token)
    if system and system not in CODES:
        raise NotHeld(f"La table {quoted(system)} n’est pas tenue ici, seulement {', '.join(CODES)}.")
    found = NOTHING
    for own, field in CODES.items():
        if system in ("", own):
            found |= Q(**{field: value}) if value else Q(**{f"{field}__gt": ""})
    return found & IN_FORCE


def type_of_place(token: str, modifier: str) -> Q:
    """The place's nature or its sector: of its category, status and main activity our copy knows nothing."""
    system, value = _split(token)
    natures = {places.SITE: places.sites, places.ENTITY: places.entities}
    if system in ("", NATURES) and value in natures:
        return natures[value]() & IN_FORCE
    if system == SECTORS or (not system and value.startswith("SA")):
        return places.in_sector(value) & IN_FORCE
    raise NotHeld(
        f"{quoted(token)} : de « type », seuls {places.SITE}, {places.ENTITY} et les secteurs d’activité (TRE_R02) "
        "sont tenus ici ; ni catégorie, ni statut, ni code APE."
    )


def part_of(value: str, modifier: str) -> Q:
    key = _referred(places.ORGANIZATION, value)
    return places.of_entity(key[0]) & IN_FORCE if key else NOTHING


# --- Words: accents and capitals forgiven -----------------------------------------------------------------------------
def words(fields: list[str], scopes: list[str], text: str, modifier: str) -> Q:
    """Each word begins one of these fields' words; with "exact" the fields are that; with "contains" that is in them.

    The search tables find the few lines where the words stand somewhere, then the fields themselves decide.
    """
    asked = fold(text).split()
    if not asked:
        return NOTHING
    whole = Concat(*[part for field in fields for part in (Value(" "), Folded(field))], output_field=CharField())
    if modifier == "contains":
        return _somewhere(asked, scopes) & IN_FORCE & Q(Contains(whole, " ".join(asked)))
    found = Q(pk__in=matching([[[Term(scopes, word, is_prefix=True)]] for word in asked]))
    if modifier == "exact":
        said = " ".join(asked)
        return found & (_is(fields, said) | Q(*[_is([field], said) for field in fields], _connector=Q.OR))
    for word in asked:
        found &= Q(Contains(whole, f" {word}"))
    return found


MANY = 200  # words of the annuaire that hold what is asked: beyond, the fields are read instead


def _somewhere(asked: list[str], scopes: list[str]) -> Q:
    """The lines with a word that holds each of these, as far as that narrows: the vocabulary is of letters alone."""
    condition = []
    for word in asked:
        known = words_with(word, MANY + 1) if word.isalpha() and len(word) > 2 else None
        if known is not None and len(known) <= MANY:
            terms = [Term(scopes, word, is_prefix=True), *(Term(scopes, one) for one in known)]
            condition.append([[term] for term in terms])
    return Q(pk__in=matching(condition)) if condition else Q()


def _is(fields: list[str], text: str) -> Q:
    spaced = [part for field in fields for part in (field, Value(" "))]
    return Q(Exact(Folded(Concat(*spaced, output_field=CharField())), text))


FAMILY, GIVEN = ["family_name"], ["given_name"]


def full_name(text: str, modifier: str) -> Q:
    """Any part of a name: the *civilité d'exercice*, DR, is one, that the search tables do not hold."""
    if modifier in ("family", "given"):
        return words(FAMILY if modifier == "family" else GIVEN, ["name"], text, "")
    asked = fold(text).split()
    titles = [word for word in asked if word in CIVILITIES]
    if modifier not in ("", "text") or not titles:
        return words(FAMILY + GIVEN, ["name"], text, modifier)
    others = " ".join(word for word in asked if word not in CIVILITIES)
    found = words(FAMILY + GIVEN, ["name"], others, "") if others else IN_FORCE
    for title in titles:
        found &= _titled(title) | words(FAMILY + GIVEN, ["name"], title, "")
    return found


def _titled(word: str) -> Q:
    """However the annuaire writes it: its code, or in full."""
    forms = [form for form, said in CIVILITIES.items() if said == CIVILITIES[word]]
    return Q(*[Q(civility__iexact=form) for form in forms], _connector=Q.OR)


TOWN = "address_l6"


def town(text: str, modifier: str) -> Q:
    asked = fold(text).split()
    if not asked:
        return NOTHING
    said = " ".join(asked)
    if modifier == "contains":
        return _somewhere(asked, ["town"]) & IN_FORCE & Q(Contains(Folded(TOWN), said))
    found = Q(pk__in=matching([[[Term(["town"], word, is_prefix=True)]] for word in asked]))
    if modifier == "exact":
        found &= Q(Exact(Folded(TOWN), said)) | Q(
            Exact(Folded(TOWN), Concat(Folded("postcode"), Value(f" {said}"), output_field=CharField()))
        )
    return found


def postcode(text: str, modifier: str) -> Q:
    lookup = {"exact": "exact", "contains": "contains"}.get(modifier, "startswith")
    return IN_FORCE & Q(**{f"postcode__{lookup}": text})


STREET = [
    "address_l2",
    "address_l3",
    "street_number",
    "street_number_suffix",
    "street_type",
    "street_name",
    "address_l5",
]


class Spaced(Func):
    """Texts that are never null, a space around each. Flat: SQLite cannot read as many Concat within one another."""

    template = "(' ' || %(expressions)s || ' ')"
    arg_joiner = " || ' ' || "
    output_field = CharField()


def address(fields: list[str], text: str, modifier: str) -> Q:
    """Capitals forgiven, accents too where the annuaire writes none, as it does: no index is of streets, and to take
    the accents off half a million lines costs seconds."""
    whole, found = Upper(Spaced(*fields)), IN_FORCE
    for word in [text] if modifier in ("contains", "exact") else text.split():
        edges = {"contains": ("", ""), "exact": (" ", " ")}.get(modifier, (" ", ""))
        forms = {word.strip().upper(), fold(word).upper()} - {""}
        found &= Q(*[Q(Contains(whole, form.join(edges))) for form in sorted(forms)], _connector=Q.OR)
    return found if fold(text) else NOTHING


# --- Mailboxes --------------------------------------------------------------------------------------------------------
def mailbox(kind: ResourceKind, text: str, modifier: str) -> Q:
    """The lines whose address stands in the resource's own telecom."""
    carried = IN_FORCE & kind.mailboxes
    text = text.lower()
    if modifier == "exact":
        return carried & Q(address=text)
    if modifier == "contains":
        # A whole domain, to which nothing can be added, is found by its index.
        whole = text.startswith("@") and is_mssante(f"x{text}")
        return carried & (Q(domain=text[1:]) if whole else Q(address__contains=text))
    return carried & Q(address__startswith=text)
