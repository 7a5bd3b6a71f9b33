"""What the field's own sheets say, statement by statement: the source of each, and where a reader meets it.

A statement without `words` is drawn by its name, with its source (`{% said "mineurs" %}`); of the others the place has
words of its own, some of which stand here. A test holds that each stands in its place.
"""

from enum import Enum
from typing import NamedTuple


class StatementSource(Enum):
    """The source of a statement, as the reader is told it."""

    SHEETS = "ANS, fiches « Identifier, Entretenir, Valoriser ses BAL »"
    EXPLAINED = "ANS, Pour mieux comprendre la messagerie sécurisée de santé"
    EXTENDED = "ANS, fiche BAL organisationnelle : une éligibilité étendue"
    FAQ = "FAQ MSSanté en ESSMS, 21 novembre 2023"


class Statement(NamedTuple):
    name: str
    source: StatementSource
    says: str
    place: str  # the file where it is met
    words: str = ""  # as they stand there, where the place has its own


_S = StatementSource
_CHECK, _ELIGIBLE = "templates/directory/check.html", "templates/mailboxes/openings/_eligibility.html"
_PROTOCOL, _ADVICE = "mailboxes/protocol/document.py", "mailboxes/openings/advice.py"
_POSTER, _GUIDE = "templates/mailboxes/kit/pieces/affiche.txt", "templates/mailboxes/_claim_guide.html"
_ROOM, _OPENING = "templates/mailboxes/_make_room.html", "mailboxes/openings/steps.py"
_KIT, _FINDINGS = "mailboxes/kit/document.py", "mailboxes/findings/table.py"

# fmt: off
STATEMENTS = [
    # Who is written to
    Statement("apicrypt", _S.FAQ,
              "Les adresses en @interop-mssante.apicrypt.org (Apicrypt v2) sont dans l’espace de confiance : on leur "
              "écrit depuis une BAL MSSanté.", _CHECK),
    Statement("monsisra", _S.FAQ,
              "MonSisra (Auvergne-Rhône-Alpes) est intégré à l’espace de confiance MSSanté : on s’y écrit "
              "directement, sans passerelle.", _CHECK),
    Statement("doctolib", _S.FAQ,
              "La messagerie de Doctolib n’est pas une MSSanté : c’est un système indépendant.", _CHECK),
    Statement("pharmacies", _S.FAQ,
              "Une pharmacie n’est pas tenue d’avoir une BAL MSSanté, mais elle échange les données de santé de "
              "manière sécurisée : pas d’ordonnance par une messagerie ordinaire.", _CHECK),
    Statement("dmp", _S.FAQ,
              "La MSSanté transmet une information à une personne clairement identifiée. Le DMP met des documents à "
              "disposition, sans savoir qui les consultera ni quand.", _CHECK),
    Statement("dmp-acces", _S.FAQ,
              "Le professionnel consulte le DMP directement, jamais par Mon espace santé, qui est réservé à l’usager.",
              _CHECK),
    # Patients
    Statement("patient-ouvre", _S.EXPLAINED,
              "Le professionnel seul ouvre et clôt l’échange avec son patient ; le patient y répond.", _CHECK),
    Statement("officine", _S.EXPLAINED,
              "Une exception, les officines : pour transmettre une ordonnance numérique, c’est le patient qui écrit le "
              "premier.", _CHECK),
    Statement("mineurs", _S.FAQ,
              "Un enfant a son propre Mon espace santé : écrivez à son adresse, ses parents y ont accès.", _CHECK),
    Statement("pas-active", _S.FAQ,
              "L’adresse d’un patient existe dès que Mon espace santé lui est ouvert, sauf s’il s’y est opposé ; il ne "
              "lit vos messages qu’après l’avoir activé. Dites-lui de le faire.", _CHECK),
    Statement("patient-adresse", _S.EXPLAINED, "L’adresse d’un patient est son matricule INS, puis "
              "@patient.mssante.fr.", _CHECK, "@patient.mssante.fr"),
    Statement("affiche-ouvre", _S.EXPLAINED, "Le professionnel ouvre et clôt l’échange ; le patient répond.",
              _POSTER, "Un professionnel ouvre l’échange, vous y répondez, et il le clôt."),
    Statement("affiche-officine", _S.EXPLAINED, "À une officine, le patient écrit le premier pour une ordonnance.",
              _POSTER, "À une pharmacie, pour transmettre une ordonnance numérique, c’est vous qui écrivez"),
    Statement("affiche-mineurs", _S.FAQ, "Les parents lisent depuis l’espace de l’enfant.",
              _POSTER, "Pour un enfant, les parents lisent et répondent depuis l’espace de l’enfant."),
    Statement("affiche-activer", _S.FAQ, "Le patient active son espace pour lire.",
              _POSTER, "activez-le pour lire ce que nous vous y écrivons"),
    Statement("informer", _S.EXTENDED, "Informer le patient de l’usage d’une BAL partagée.",
              _POSTER, "La boîte de l’équipe est partagée"),
    # Who may have a BAL
    Statement("finess-et-habilites", _S.FAQ,
              "Une structure qui a un FINESS est éligible si des professionnels habilités y exercent : sanitaires ou "
              "médico-sociaux, avec un numéro RPPS.", _ELIGIBLE),
    Statement("sans-finess", _S.EXTENDED,
              "Sans FINESS (cabinet, réseau, association…), le numéro RPPS d’un ou de plusieurs professionnels suffit "
              "à ouvrir une BAL organisationnelle.", _ELIGIBLE),
    Statement("mdph", _S.FAQ,
              "Une MDPH y a droit : elle dispose en principe d’un FINESS ; il lui faut aussi des professionnels "
              "habilités.", _ELIGIBLE),
    Statement("residence-autonomie", _S.FAQ,
              "Une résidence autonomie a un FINESS : elle y a droit. Dites bien à quoi la BAL servira, c’est l’usage "
              "qui justifie l’équipement.", _ELIGIBLE),
    Statement("csapa", _S.FAQ,
              "Un CSAPA, même hospitalier, y a droit s’il remplit ces conditions.", _ELIGIBLE),
    Statement("ssiad", _S.FAQ,
              "Un SSIAD n’a d’ordinaire qu’une équipe, qui prend en charge les mêmes patients à tour de rôle : une "
              "seule BAL organisationnelle lui suffit.", _ELIGIBLE),
    Statement("educateurs", _S.FAQ,
              "Les éducateurs sont des professionnels habilités : sans ordre ni ADELI, ils s’enregistrent au RPPS+.",
              _ELIGIBLE),
    Statement("coordination", _S.FAQ,
              "Un infirmier ou une infirmière s’inscrit à son ordre. Le RPPS+ ne convient que si la personne n’exerce "
              "pas les soins : un rôle de coordination, par exemple.", _ELIGIBLE),
    Statement("cpe", _S.FAQ,
              "L’enregistrement au RPPS+ est fait par un administrateur de l’établissement, muni d’une carte CPE.",
              _ELIGIBLE, "muni d’une carte CPE"),
    Statement("panorama", _S.EXTENDED,
              "Renseignez-vous sur les offres de votre région : le panorama des offres de l’ANS, votre GRADeS, "
              "l’Assurance Maladie.", "templates/mailboxes/offers/panorama.html"),
    Statement("usage", _S.EXTENDED, "Dire ce qui s’échange, et la place à côté des BAL nominatives.",
              "mailboxes/openings/rules.py", "à côté des BAL nominatives"),
    Statement("sans-per", _S.FAQ, "Une BAL organisationnelle s’utilise sans BAL nominative.",
              "mailboxes/models/checklists.py", "Elle n’est pas nécessaire pour utiliser une"),
    Statement("une-par-equipe", _S.FAQ, "Une BAL par équipe de prise en charge, pas une par usager.",
              _ADVICE, "Une par équipe de prise en charge, jamais une par patient."),
    Statement("org-ou-per", _S.EXTENDED, "ORG ou PER déléguée : un choix d’organisation.",
              _ADVICE, "une BAL nominative (PER), déléguée au secrétariat"),
    Statement("cout-app", _S.FAQ, "Une APP pour l’organisme ou une par établissement : interroger plusieurs "
              "fournisseurs.", _OPENING, "Interrogez plusieurs fournisseurs."),
    Statement("double-connexion", _S.FAQ, "Pas à la fois le DUI et Office 365.",
              _OPENING, "ne se branche pas à la fois sur le logiciel et sur une messagerie"),
    Statement("qui-cree", _S.FAQ, "Les opérateurs créent les adresses ; le domaine est le leur.",
              _PROTOCOL, "Le domaine est celui de l’opérateur"),
    Statement("vingt", _S.EXTENDED, "Vingt cotitulaires au plus.", _PROTOCOL, "cotitulaires, le principal compris"),
    Statement("delegataire", _S.EXTENDED, "Un délégataire agit sous un professionnel, dans ses missions.",
              _PROTOCOL, "Un délégataire consulte ou envoie sous un professionnel nommé"),
    Statement("qui-decide", _S.FAQ, "Le responsable de la BAL et celui de la structure décident des accès.",
              _PROTOCOL, "ensemble de qui y a accès"),
    Statement("nom-explicite", _S.EXTENDED, "Un nom explicite, avec un élément distinctif comme le lieu.",
              _PROTOCOL, "un nom explicite, l’équipe et un élément distinctif comme le lieu"),
    Statement("noms-composes", _S.FAQ, "La structure décide des noms composés et des apostrophes.",
              _PROTOCOL, "La structure décide des noms composés et des apostrophes"),
    # The life of a BAL
    Statement("identifier", _S.SHEETS, "Reconnaître toutes ses BAL à l’annuaire.",
              "mailboxes/notices/wordings.py", "dites si elle est à vous et si vous vous en servez"),
    Statement("depublier", _S.SHEETS, "Dépublier, avec une réponse automatique qui donne la BAL active.",
              _GUIDE, "une réponse automatique qui indique"),
    Statement("supprimer", _S.SHEETS, "Récupérer ce qui est utile, puis demander la suppression.",
              _GUIDE, "Enregistrez ailleurs les messages et les documents utiles"),
    Statement("messages-perdus", _S.FAQ, "Ce qui est envoyé à une adresse supprimée est perdu.",
              _GUIDE, "les courriers envoyés à cette adresse sont perdus"),
    Statement("stockage", _S.SHEETS, "Une BAL n’est pas un lieu de stockage.",
              _PROTOCOL, "Ce n’est pas un lieu de stockage"),
    Statement("corbeille", _S.SHEETS, "Vider la corbeille, une fois les informations au logiciel métier.",
              _ROOM, "puis videz la corbeille"),
    Statement("trier", _S.SHEETS, "Trier par date et supprimer les anciens.", _ROOM, "Triez les messages par date"),
    Statement("pieces-jointes", _S.SHEETS, "Supprimer les pièces jointes lourdes.", _ROOM,
              "supprimez les pièces jointes lourdes"),
    Statement("inactivite", _S.EXPLAINED, "Une BAL sans usage depuis un an est supprimée ; alerte deux mois avant.",
              _PROTOCOL, "Une BAL est inactive quand aucun utilisateur"),
    Statement("privilegiee", _S.SHEETS, "Une BAL privilégiée par situation d’exercice.",
              "mailboxes/campaigns/questions.py", "pour chacun de ses lieux d’exercice"),
    Statement("faire-connaitre", _S.SHEETS, "La dire sur lettres, signature, ordonnances et réseaux.",
              _KIT, "Pour vos lettres d’adressage et vos comptes rendus."),
    Statement("listes", _S.FAQ, "Les listes de diffusion sont interdites.", _FINDINGS,
              "Les listes de diffusion sont interdites dans l’espace de confiance MSSanté."),
    Statement("routage", _S.FAQ, "Pas de routage automatique vers des BAL nominatives.", _FINDINGS,
              "perd la trace de qui a traité quoi"),
    Statement("notification", _S.FAQ, "La notification sur un courriel ordinaire.", _FINDINGS,
              "la notification sur un courriel ordinaire"),
    # Programmes
    Statement("engagements", _S.FAQ,
              "Qui est inscrit dans un programme de financement a des engagements de calendrier à respecter. Programme "
              "ou non, sécuriser les échanges de données de santé est une obligation.",
              "templates/mailboxes/engagements/list.html"),
    Statement("hopitaux", _S.FAQ,
              "Les hôpitaux ont surtout ouvert des BAL applicatives, qui envoient sans être lues : invitez vos "
              "contacts à ouvrir aussi des BAL organisationnelles.", _CHECK),
    Statement("protocole", _S.FAQ, "Un protocole d’utilisation n’est pas obligatoire ; il aide en cas de doute.",
              "templates/mailboxes/protocol/list.html"),
]
# fmt: on
BY_NAME = {statement.name: statement for statement in STATEMENTS}
