"""The findings and gaps on the page of the one BAL that they are about: the table speaks of many."""

from typing import NamedTuple


class OfOne(NamedTuple):
    title: str
    sentence: str


FOLLOWED = "Le gestionnaire MSSanté de la structure suit ce point."
# What those who use the BAL, and manage nothing, read of it instead: no act is asked of who may not do it. Where it is
# not named here, it is followed by the gestionnaire; where it is None, its sentence is true for all.
TO_USERS: dict[str, str | None] = {
    "pleine": "Elle va cesser de recevoir et d’envoyer : faites-y de la place dès maintenant.",
    "bientot-pleine": None,
    "se-remplit": None,
    "mot-de-passe": None,
    "double-connexion": None,
    "liste": None,
    "routage": None,
    "delegation": None,
    "sans-releve": None,
    "inactive": "Si un titulaire ne la garde pas, son retrait de l’annuaire sera demandé.",
    "choisie-part": "Elle est choisie comme BAL privilégiée, et elle est alertée, dépubliée ou supprimée. Qui l’a "
    "choisie en choisit une autre dans « Mes BAL ».",
    "usage-inconnu": "Personne n’a dit quand elle a servi. Un titulaire qui s’en sert le dit dans « Mes BAL ».",
    "sans-reponse": "Personne n’a dit si elle sert. Un titulaire qui s’en sert le dit dans « Mes BAL ».",
    "sert-encore": "Elle a servi depuis que son retrait est demandé. Un titulaire peut encore la garder.",
}


def said_to_users(name: str) -> OfOne:
    title, sentence = OF_ONE[name]
    return OfOne(title, TO_USERS.get(name, FOLLOWED) or sentence)


# fmt: off
OF_ONE: dict[str, OfOne] = {name: OfOne(title, sentence) for name, title, sentence in [
    ("pleine", "Pleine ou presque",
     "Elle va cesser de recevoir et d’envoyer. Les remèdes sont à donner à qui la tient, dans l’ordre."),
    ("bientot-pleine", "Bientôt pleine",
     "Au rythme de ses relevés, elle sera pleine d’ici 30 jours : faites-y de la place avant."),
    ("se-remplit", "Se remplit", "Elle n’est pas pleine encore : c’est le moment d’y faire de la place."),
    ("orpheline", "Orpheline",
     "Personne n’y est inscrit : personne ne peut en demander la suppression ni en répondre. Désignez un principal."),
    ("sans-principal", "Sans cotitulaire principal",
     "Elle a des cotitulaires, et aucun n’en est responsable : personne ne peut en demander la suppression."),
    ("trop", "Trop de cotitulaires",
     "Elle en a plus que la limite, le principal compris. Voyez qui peut devenir délégataire."),
    ("mot-de-passe", "Mot de passe partagé",
     "Le même mot de passe sert à plusieurs : on ne sait plus qui lit ni qui envoie."),
    ("double-connexion", "Double connexion",
     "Elle est connectée à la fois au logiciel métier et à une autre messagerie : chacun relève une partie des "
     "messages."),
    ("liste", "Liste de diffusion", "Les listes de diffusion sont interdites dans l’espace de confiance MSSanté."),
    ("routage", "Routage vers des BAL nominatives",
     "Renvoyée à des BAL nominatives, elle perd la trace de qui a traité quoi."),
    ("certificat-7", "Certificat à sa fin",
     "Il finit dans moins de 7 jours, ou a déjà fini : sans lui, le logiciel n’envoie plus rien."),
    ("certificat-30", "Certificat à renouveler", "Il finit dans 30 jours ou moins. Lancez le renouvellement."),
    ("certificat-60", "Certificat bientôt à sa fin",
     "Il finit dans 60 jours ou moins : c’est le moment de prévenir l’éditeur."),
    ("releve-impossible", "Impossible à relever",
     "Depuis plus d’un jour, son opérateur ne nous laisse pas demander son espace : l’adresse n’y existe plus, ou son "
     "mot de passe a changé."),
    ("non-remis", "Avis non remis",
     "Quelqu’un n’a pas pu être prévenu : corrigez son courriel, ou prévenez-le autrement et consignez-le."),
    ("en-retard", "Demande en retard",
     "L’opérateur n’a pas répondu à temps. Relancez-le, ou joignez-le autrement, puis enregistrez sa réponse."),
    ("refusee", "Demande refusée par l’opérateur",
     "L’opérateur a dit non, et rien ne bouge. Lisez sa réponse, puis demandez de nouveau, ou arrêtez la démarche."),
    ("a-confirmer", "Réponse attendue de l’opérateur",
     "Son ouverture ou sa suppression est demandée. Enregistrez la réponse dès qu’elle arrive."),
    ("migration", "Migration en retard",
     "Sa nouvelle BAL n’est pas en service, ou l’ancienne n’est pas fermée, au jour prévu. Voyez ce qui manque."),
    ("choisie-part", "Privilégiée, et elle s’en va",
     "Un professionnel l’a choisie comme privilégiée, et elle est alertée, dépubliée ou supprimée. Qu’il en choisisse "
     "une autre."),
    ("choisie-autre", "Choix différent à l’annuaire",
     "Qui l’a choisie n’en est plus titulaire, ou l’annuaire en donne une autre."),
    ("delegation", "Délégation échue", "Sa date de fin est passée : elle se termine d’elle-même la nuit prochaine."),
    ("inactive", "Alertée pour inactivité",
     "Sa dépublication sera demandée si un titulaire a reçu l’alerte, sans usage ni opposition depuis."),
    ("pas-a-lui", "Déclarée comme n’étant pas à son titulaire",
     "Corrigez son titulaire, ou demandez la correction à l’opérateur si c’est lui qui se trompe."),
    ("homonyme", "Titulaire homonyme",
     "Une autre personne de la structure porte le même nom : des documents peuvent partir au mauvais confrère."),
    ("sans-rpps", "Titulaire sans RPPS ou sans CPS",
     "Qui la tient doit avoir un numéro RPPS et une CPS ou une e-CPS : l’un des deux manque à une fiche."),
    ("sans-releve", "Sans relevé récent de l’opérateur",
     "Son opérateur ne dit plus rien de son utilisation : elle est inconnue depuis. Aucune alerte ne part tant qu’un "
     "relevé ne revient pas."),
    ("sans-reponse", "Question sur l’usage restée sans réponse",
     "Demandé, rappelé, et personne n’a dit si elle sert. Joignez un titulaire."),
    ("sert-encore", "En cours de retrait, et elle sert encore",
     "Qui a demandé son retrait s’y connecte : pour enregistrer ses messages, ou pour la garder ? Demandez-le-lui."),
    ("usage-inconnu", "Usage inconnu",
     "Inconnu ne veut pas dire inactif : demandez à qui la tient si elle sert."),
    ("nom", "Adresse mal nommée",
     "Un accent que bien des messageries refusent, ou un nom partagé qui ne dit ni le lieu ni l’équipe."),
    ("app-a-decrire", "À décrire",
     "On n’en sait pas le logiciel, la fin du certificat ou la BAL organisationnelle qui répond."),
    ("app-muette", "Muette",
     "Son logiciel ne s’y connecte plus : jamais d’alerte d’inactivité, mais des documents peuvent s’y perdre."),
    # The gaps with the annuaire.
    ("hors-liste", "Hors de la liste blanche",
     "Son domaine n’est pas dans l’espace de confiance. N’y envoyez rien avant que l’opérateur ait répondu."),
    ("a-tort", "Encore visible à l’annuaire",
     "L’annuaire la montre, alors qu’elle est dépubliée, supprimée ou en liste rouge ici. Demandez son retrait."),
    ("absente", "Absente de l’annuaire",
     "Active ici, absente de l’annuaire public : supprimée, non publiée ou en liste rouge. Demandez sa publication."),
    ("differe", "Fiche et annuaire ne concordent pas",
     "L’annuaire et le registre ne disent pas la même chose. Reprenez sa valeur, ou demandez la correction."),
    ("plusieurs", "Inscrite plusieurs fois",
     "Elle porte à l’annuaire plusieurs titulaires, structures ou types. Demandez la correction."),
]}
# fmt: on
