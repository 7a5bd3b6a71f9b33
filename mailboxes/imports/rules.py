"""Which list may be brought in, by whom; what it may touch; and what of it may be taken back."""

from collections import Counter
from collections.abc import Iterable

from directory.typography import quoted
from mailboxes.imports.models import Import
from mailboxes.imports.reading import Line
from mailboxes.imports.sorts import BY_NAME, NEEDED, ListSort, labels_of
from mailboxes.lifecycle import Act
from mailboxes.models import Alias, Bal, Operator, Person, Structure
from mailboxes.rules.places import check_standing
from mailboxes.rules.refusals import Refused
from mailboxes.rules.roles import check_may

Stage = Import.Stage


def check_import(structure: Structure, *, by) -> None:
    check_may(Act.IMPORT_LIST, structure=structure, by=by)
    check_standing(structure)


def check_columns(columns: Iterable[str], sort: str) -> None:
    """`columns`: the field of each, "" for none."""
    counts, labels = Counter(name for name in columns if name), labels_of(sort)
    for ways in NEEDED[sort]:
        if not any(all(counts[name] for name in way) for way in ways):
            what = "l’adresse des BAL" if {"address"} in ways else "le RPPS, ou le nom et le prénom, des personnes"
            raise Refused(
                f"Aucune colonne ne donne {what} : désignez celle qui le dit, ou ajoutez au fichier une ligne "
                "d’en-têtes.",
                "address" if {"address"} in ways else "person",
            )
    for name, count in counts.items():
        if count > 1 and not BY_NAME[name].is_several:
            raise Refused(
                f"{count} colonnes désignent le même champ {quoted(labels[name])} : n’en gardez qu’une.", "twice"
            )


def check_vouched(sort: str, vouched: str) -> None:
    """A gestionnaire records an access that exists on the word of the professional who answers for it."""
    if sort == ListSort.ACCESSES and not vouched.strip():
        raise Refused(
            "Dites sur la parole de qui ces accès sont repris : le professionnel qui en répond, quand et comment.",
            "vouched",
        )


def check_preview(run: Import, *, by) -> None:
    check_import(run.structure, by=by)
    _check_stage(run, {Stage.RECEIVED, Stage.PREVIEWED, Stage.FAILED}, "Cet import n’est plus à préparer")
    check_file_kept(run)


def check_mend(run: Import, *, by) -> None:
    """Rejected lines are corrected before the import is applied; after, they make an import of their own."""
    check_import(run.structure, by=by)
    _check_stage(run, {Stage.PREVIEWED, Stage.APPLIED}, "Les lignes rejetées se corrigent une fois lues")
    if not run.rejected:
        raise Refused("Aucune ligne n’est rejetée.", "none")
    if run.stage == Stage.PREVIEWED:
        check_file_kept(run)


def check_apply_import(run: Import, *, by) -> None:
    check_import(run.structure, by=by)
    _check_stage(run, {Stage.PREVIEWED}, "Seul un import simulé s’applique")
    check_file_kept(run)


def check_file_kept(run: Import) -> None:
    if not run.stored or not run.path.is_file():
        raise Refused("Le fichier de cet import n’est plus gardé : déposez-le à nouveau.", "purged")


def check_undo_import(run: Import, *, by) -> None:
    check_may(Act.UNDO_IMPORT, structure=run.structure, by=by)
    _check_stage(run, {Stage.APPLIED, Stage.UNDOING, Stage.FAILED}, "Seul un import appliqué s’annule")
    if not run.lines.exclude(mark=None).exists():
        raise Refused(
            "Le détail de cet import n’est plus gardé : il ne s’annule plus. Corrigez les BAL une à une.", "purged"
        )


def check_nothing_later(addresses: list[str], count: int) -> None:
    """`addresses`: the first of the BAL on which something was done since the import."""
    if count:
        named = ", ".join(addresses) + (" …" if count > len(addresses) else "")
        raise Refused(
            f"Depuis cet import, {count} BAL ont eu une suite ({named}) : il ne s’annule plus. Corrigez les autres "
            "une à une.",
            "later",
        )


def check_within(run: Import, bal: Bal, within: Iterable[int], *, at: Operator | None = None) -> None:
    """A list says what its own operator has, for the structure it was brought in for; one of accesses, any's.

    `at`: who has this other address of the BAL.
    """
    here = at or bal.operator
    if bal.structure_id not in within:
        raise Refused(
            f"Adresse : cette BAL est au registre d’une autre structure que {quoted(run.structure)}.", "structure"
        )
    if run.operator_id and here.pk != run.operator_id:
        raise Refused(
            f"Adresse : au registre, cette BAL est chez {here}, et non {run.operator}. Si elle change d’opérateur, "
            "préparez sa migration.",
            "operator",
        )


def check_not_gone_yet(bal: Bal, coming: Alias, *, is_gone: bool) -> None:
    """What the former operator has deleted before the new box is known to serve is no end of the BAL."""
    if is_gone:
        raise Refused(
            f"État : l’opérateur la dit supprimée, alors que sa nouvelle adresse {quoted(coming.address)} n’est pas "
            "encore en service ici. Basculez-la d’abord, ou retirez-la de la migration.",
            "migration",
        )


def check_same_holder(bal: Bal, rpps: str | None) -> None:
    """An address that lives again may have been given to somebody else, whom its former notices are no business of."""
    principal = bal.principal()
    if rpps and (principal is None or principal.rpps != rpps):
        raise Refused(
            f"Adresse : supprimée ici, elle revit chez l’opérateur au RPPS {rpps}, et non à {principal or 'personne'}. "
            "Enregistrez depuis sa fiche qu’elle revit, puis corrigez son titulaire.",
            "revived",
        )


def check_place_read(line: Line) -> None:
    """Entered where the list does not say, a BAL or a person would have to be moved once the number is mended."""
    if line.aside & {"finess", "siret"}:
        raise Refused(
            "Rien ne dit de quelle structure il s’agit : corrigez ce numéro, ou ne lisez pas sa colonne.",
            "structure",
        )


def check_no_namesake(people: Iterable[Person]) -> None:
    """`people`: those who stay here under the name beside an RPPS that nobody has; without one, it may be theirs."""
    if namesake := next((one for one in people if not one.rpps), None):
        raise Refused(
            f"{namesake} figure déjà ici, sans RPPS : ajoutez ce numéro sur sa fiche. Si c’est quelqu’un d’autre, "
            "inscrivez cette personne depuis la page des personnes.",
            "homonyms",
        )


def _check_stage(run: Import, stages: set[Stage], why: str) -> None:
    if run.stage not in stages:
        raise Refused(f"{why} : celui-ci est {quoted(run.get_stage_display())}.", "stage")
