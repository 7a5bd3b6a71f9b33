"""The sorts of lists that may be brought in, and the columns of each."""

from django.db.models import TextChoices

from directory.readers import words
from mailboxes.imports.fields import FIELDS, Field, headers, is_address, is_date_cell, is_rpps


class ListSort(TextChoices):
    BAL = "bal", "liste de BAL d’un opérateur"
    PEOPLE = "people", "liste de personnes"
    ACCESSES = "accesses", "titulaires, cotitulaires et délégataires"


OF_BAL = {one.name: one for one in FIELDS}
_PLACE = [OF_BAL["finess"], OF_BAL["siret"], OF_BAL["structure"]]
_RPPS = OF_BAL["rpps"]
# What payrolls give beside the name in use, which they leave empty where both are one.
_BIRTH = Field(
    "birth", "Nom de naissance", ["nom de naissance", "nom patronymique", "nom de jeune fille", "nom de famille", "nom"]
)

# fmt: off
PEOPLE = [
    Field("rpps", "RPPS", ["rpps", "numero rpps", "n rpps", *_RPPS.headers], r"rpps|idnat", is_rpps),
    Field("holder", "Nom et prénom", [*OF_BAL["holder"].headers, "personne", "agent", "identite", "display name"],
          is_name=True),
    Field("family", "Nom de famille", OF_BAL["family"].headers),
    _BIRTH,
    Field("given", "Prénom", OF_BAL["given"].headers),
    Field("profession", "Profession", headers("profession, metier, libelle profession, corps, qualification, titre")),
    Field("function", "Fonction ou service", headers("""
        fonction, service, poste, emploi, service d affectation, affectation, unite, pole, department, job title, title
    """)),
    Field("email", "Courriel", headers("""
        courriel, email, e mail, mail, adresse mail, adresse email, adresse e mail, adresse electronique,
        courriel professionnel, mail professionnel, messagerie
    """), r"mail|courriel", is_address),
    Field("has_cps", "CPS ou e-CPS", headers("cps, carte cps, e cps, cps ou e cps, carte, possede une cps")),
    *_PLACE,
    Field("arrived_on", "Arrivée", headers("""
        arrivee, date d arrivee, arrive le, arrivee le, date d entree, entree, date d embauche, debut de contrat
    """), r"arriv|entree|embauch", is_date_cell, is_date=True),
    Field("left_on", "Départ", headers("""
        depart, date de depart, parti le, date de sortie, sortie, fin de contrat, date de fin
    """), r"depart|sortie|fin", is_date_cell, is_date=True),
]
ACCESSES = [
    OF_BAL["address"],
    Field("rpps", "RPPS de la personne", ["rpps", "numero rpps", "n rpps", *_RPPS.headers], r"rpps|idnat", is_rpps),
    Field("holder", "Nom et prénom de la personne",
          [*OF_BAL["holder"].headers, "personne", "nom de la personne", "delegataire", "utilisateur", "membre"],
          is_name=True),
    Field("family", "Nom de famille", OF_BAL["family"].headers),
    _BIRTH,
    Field("given", "Prénom", OF_BAL["given"].headers),
    Field("role", "Rôle", [*OF_BAL["role"].headers, "type d acces", "nature de l acces", "profil"],
          r"role|qualite|profil"),
    Field("right", "Droit", headers("droit, droits, permission, permissions, accessrights, access rights, niveau"),
          r"droit|permission|right"),
    Field("under", "Sous la responsabilité de", headers("""
        sous la responsabilite de, responsable, sous, professionnel responsable, delegue par, delegant, accorde par,
        rpps du responsable de l acces
    """)),
    Field("starts_on", "Depuis", headers("depuis, du, debut, date de debut, ouvert le, accorde le"),
          r"depuis|debut", is_date_cell, is_date=True),
    Field("ends_on", "Jusqu’au", headers("jusqu au, au, fin, date de fin, expire le"), r"fin|jusqu|expir", is_date_cell,
          is_date=True),
    Field("reason", "Mission", headers("mission, motif, raison, objet")),
]
# fmt: on
FIELDS_OF: dict[str, list[Field]] = {ListSort.BAL: FIELDS, ListSort.PEOPLE: PEOPLE, ListSort.ACCESSES: ACCESSES}
# How a column of that name is read is the same in every sort; what it is called is not.
BY_NAME = {one.name: one for one in [*ACCESSES, *PEOPLE, *FIELDS]}
YES_OR_NO = {"has_cps": words.read_yes_no}
MAY_BE_LATER = {"arrived_on", "left_on", "starts_on", "ends_on"}
# What is not understood is left aside, and told; of these the line waits, for something else would be supposed instead:
# another person, another role, another right, no end.
WAITED_FOR: dict[str, set[str]] = {ListSort.PEOPLE: {"rpps"}, ListSort.ACCESSES: {"role", "right", "ends_on"}}
# Each group needs one of its sets of columns.
NEEDED: dict[str, list[tuple[set[str], ...]]] = {
    ListSort.BAL: [({"address"}, {"local", "domain"})],
    ListSort.PEOPLE: [({"rpps"}, {"holder"}, {"family", "given"})],
    ListSort.ACCESSES: [({"address"},), ({"rpps"}, {"holder"}, {"family", "given"})],
}


def labels_of(sort: str) -> dict[str, str]:
    return {one.name: one.label for one in FIELDS_OF[sort]}
