"""What a structure has, and what becomes of it when the structure is merged into another: every relation, one line."""

from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import Exists, ForeignKey, ManyToOneRel, Model, OuterRef, Q, QuerySet

from mailboxes.lifecycle import AWAITED
from mailboxes.models import Structure
from mailboxes.models.joining import ASKED
from mailboxes.models.presence import LASTING


class Carried(NamedTuple):
    """`goes`: it becomes the other structure's; else it stays, as the record of what was. `twin`: the columns by which
    the other structure may have the same already (then it stays); `while_`: of which rows this is asked."""

    label: str
    goes: bool = True
    twin: tuple[str, ...] = ()
    while_: Q = Q()


# By the model and the column that point to the structure.
# fmt: off
RELATIONS: dict[str, Carried] = {
    "bal.structure": Carried("BAL"),
    "request.structure": Carried("demandes aux opérateurs", twin=("address", "kind"),
                                 while_=Q(bal=None, stage__in=AWAITED)),
    "affiliation.structure": Carried("rattachements de personnes", twin=("person",), while_=LASTING),
    "membership.structure": Carried("habilitations de comptes et de logiciels", twin=("user",)),
    "invitation.structure": Carried("invitations de comptes"),
    "joining.structure": Carried("demandes de rattachement", twin=("person",), while_=ASKED),
    "campaign.structure": Carried("campagnes"),
    "migration.structure": Carried("migrations"),
    "webhook.structure": Carried("logiciels prévenus des changements"),
    "domain.structure": Carried("domaines réservés"),
    "structure.parent": Carried("structures qui en dépendent"),
    "structure.merged_into": Carried("structures qui y ont été fusionnées"),
    "requestlayout.structure": Carried("modèles de demandes", twin=("operator", "kind")),
    "gapdecision.structure": Carried("écarts laissés de côté", twin=("situation", "address")),
    "todo.structure": Carried("écarts mis en pause, confiés ou faits", twin=("finding", "address")),
    "columnmapping.structure": Carried("lectures de listes", twin=("operator", "signature")),
    "namingpolicy.structure": Carried("règle de nommage"),
    "engagement.structure": Carried("engagements"),
    "rating.structure": Carried("notes du panorama des opérateurs", twin=("operator", "criterion")),
    "savedview.structure": Carried("vues partagées"),
    "recurrence.structure": Carried("revue périodique des accès", goes=False),  # none is due of what is closed
    "ownwords.structure": Carried("mots ajoutés aux avis", twin=("kind",)),
    "foundgap.structure": Carried("écarts trouvés", goes=False),  # they are looked for anew
    "gapsearch.structure": Carried("recherches d’écarts", goes=False),
    "protocoltext.structure": Carried("protocole d’utilisation", goes=False),
    "measure.structure": Carried("mesures", goes=False),
    "journalentry.structure": Carried("journal", goes=False),
    "import.structure": Carried("imports", goes=False),
    "accountentry.structure": Carried("journal des comptes", goes=False),
    "placemove.structure": Carried("changements de structure", goes=False),
    "placemove.into": Carried("changements de structure", goes=False),
}
# fmt: on
ONE_AT_MOST = frozenset({"namingpolicy.structure"})


class Relation(NamedTuple):
    key: str
    model: type[Model]
    column: str

    @property
    def carried(self) -> Carried:
        return RELATIONS[self.key]


def relations() -> list[Relation]:
    """All that points to a structure, whichever room keeps it."""
    found = []
    for one in Structure._meta.get_fields(include_hidden=True):
        if isinstance(one, ManyToOneRel) and isinstance(one.field, ForeignKey):
            model = one.related_model
            found.append(Relation(f"{model._meta.model_name}.{one.field.name}", model, one.field.name))
    return found


def going() -> Iterable[Relation]:
    found = {one.key: one for one in relations()}
    return (found[key] for key, carried in RELATIONS.items() if carried.goes)


def rows_to_carry(relation: Relation, structure: Structure, into: Structure) -> QuerySet:
    """The rows that the other structure does not have already."""
    rows = relation.model._default_manager.filter(**{relation.column: structure})
    carried = relation.carried
    there = relation.model._default_manager.filter(**{relation.column: into})
    if relation.key in ONE_AT_MOST:
        return rows.filter(~Exists(there))
    if carried.twin:
        same = there.filter(carried.while_, **{name: OuterRef(name) for name in carried.twin})
        twins = rows.filter(carried.while_).filter(Exists(same))
        return rows.exclude(pk__in=twins.values("pk"))
    if relation.column == "parent":
        return rows.exclude(pk=into.pk)  # it would stand under itself
    return rows
