"""The words of the mail that announces each notice, as one table: what it wants, its subject, its text, its button.

An ordinary mail is read by others: no address, no name of a service and no word of health stands in it.
"""

from typing import NamedTuple

from django.db.models import TextChoices

from mailboxes.lifecycle import Act, Verb


class Awaits(TextChoices):
    """What the mail wants of its reader."""

    ANSWER = "answer", "Votre réponse est attendue"
    ACT = "act", "Quelque chose est à faire"
    NOTHING = "nothing", "Pour information : aucune réponse n’est attendue"


class Wording(NamedTuple):
    """`subject` follows the structure's name; `says` is the mail's one paragraph; `button` leads to the notice."""

    awaits: Awaits
    subject: str
    says: str
    button: str = "Lire l’avis"


_OPPOSABLE = "Si cette boîte vous sert encore, dites-le : la démarche s’arrête. Sans réponse, elle suit son cours."
_MY_ADDRESSES = (
    "L’annuaire national de santé publie à votre nom des adresses que votre structure ne connaît pas. "
    "Pour chacune, dites si elle est à vous et si vous vous en servez."
)
_A, _V, _W = Act, Verb, Wording
_ANSWER, _ACT, _INFO = Awaits.ANSWER, Awaits.ACT, Awaits.NOTHING

# By stage, or by what stands before its number; those of gestionnaires end like their text's template.
# fmt: off
WORDINGS: dict[str, Wording] = {
    _V.ALERT_IDLE: _W(_ANSWER, "Une de vos boîtes MSSanté semble inutilisée",
        f"Rien ne montre qu’elle serve encore. {_OPPOSABLE}", "Répondre en un clic"),
    _A.REMIND_IDLE: _W(_ANSWER, "Rappel : une de vos boîtes MSSanté va être retirée",
        f"Elle semble inutilisée, et vous n’avez pas encore répondu. {_OPPOSABLE}", "Répondre en un clic"),
    _V.DEPUBLISH_IDLE: _W(_ANSWER, "Le retrait d’une de vos boîtes MSSanté est demandé",
        f"Elle semble inutilisée depuis longtemps. {_OPPOSABLE}", "Répondre en un clic"),
    _V.REQUEST_DEPUBLICATION: _W(_ANSWER, "Le retrait d’une de vos boîtes MSSanté est demandé",
        f"Elle ne sera plus visible à l’annuaire. {_OPPOSABLE}", "Répondre en un clic"),
    _V.REQUEST_DELETION: _W(_ANSWER, "La suppression d’une de vos boîtes MSSanté est demandée",
        f"Ce qu’elle contient sera perdu. {_OPPOSABLE}", "Répondre en un clic"),
    _A.NOTE_USE: _W(_ANSWER, "Voulez-vous garder cette boîte MSSanté ?",
        "Son retrait est demandé, et elle a pourtant servi. Sans réponse, le retrait continue.",
        "Répondre en un clic"),
    _A.ASK_USE: _W(_ANSWER, "Vous servez-vous de votre boîte MSSanté ?",
        "Personne ne nous a dit quand elle a servi. Sans réponse, votre boîte reste ouverte.", "Répondre en un clic"),
    _A.REMIND_USE: _W(_ANSWER, "Rappel : vous servez-vous de votre boîte MSSanté ?",
        "Personne ne nous a dit quand elle a servi. Sans réponse, votre boîte reste ouverte.", "Répondre en un clic"),
    _A.ASK_PERSON: _W(_ANSWER, "Des adresses MSSanté à votre nom : sont-elles à vous ?", _MY_ADDRESSES, "Répondre"),
    _A.REMIND_PERSON: _W(_ANSWER, "Rappel : des adresses MSSanté à votre nom sont à reconnaître", _MY_ADDRESSES,
        "Répondre"),
    _A.ASK_CAMPAIGN: _W(_ANSWER, "Une question sur vos boîtes MSSanté",
        "Votre structure la pose à toutes les personnes concernées. Sans réponse, rien n’est retiré.", "Répondre"),
    _A.REMIND_CAMPAIGN: _W(_ANSWER, "Rappel : une question sur vos boîtes MSSanté",
        "Votre structure attend encore votre réponse. Sans réponse, rien n’est retiré.", "Répondre"),
    f"{_A.ASK_CONTACT}-former": _W(_ANSWER, "De nouvelles coordonnées ont été données pour vous",
        "Elles servent à vous prévenir. Si elles ne sont pas les vôtres, refusez-les.", "Vérifier mes coordonnées"),
    f"{_A.ASK_CONTACT}-new": _W(_ANSWER, "Cette adresse est-elle bien à vous ?",
        "Elle a été donnée pour vous prévenir de ce qui concerne vos boîtes MSSanté.", "Répondre"),
    _A.ASK_HANDOVER: _W(_ACT, "Votre départ se prépare : désignez qui prend votre suite",
        "Des boîtes MSSanté partagées ne dépendent que de vous. Pour chacune, choisissez qui en répondra.",
        "Désigner ma suite"),
    _A.CANCEL_MOVEMENT: _W(_INFO, "Votre départ n’est plus prévu",
        "Vous n’avez plus à désigner qui prend votre suite. Ce que vous avez déjà transmis le reste."),
    _A.ASK_DELETION: _W(_ACT, "Une de vos boîtes MSSanté ne sert plus : demandez sa suppression",
        "Elle n’est plus à l’annuaire, et votre structure la paie encore. Enregistrez ce qui vous est utile, puis "
        "demandez sa suppression : la demande ne peut venir que de vous. Sans elle, la boîte reste ouverte.",
        "Voir cette boîte"),
    _A.ASK_JOINING: _W(_ANSWER, "Acceptez-vous ce rattachement ?",
        "Une structure demande à vous compter parmi ses personnes. Sans accord, rien ne change.", "Répondre"),
    _A.NOTE_ANOMALY: _W(_ACT, "Un usage est à corriger sur une de vos boîtes MSSanté",
        "Il n’est pas admis dans l’espace de confiance. Sa fiche dit quoi faire.", "Voir quoi faire"),
    _A.WARN_QUOTA: _W(_ACT, "Une de vos boîtes MSSanté est presque pleine",
        "Pleine, elle ne recevra ni n’enverra plus rien. Quelques minutes suffisent pour y faire de la place.",
        "Faire de la place"),
    _A.NOTE_REPLY: _W(_ACT, "Votre réponse automatique n’a pas été posée",
        "Votre opérateur ne l’a pas acceptée, ou des règles existent déjà. L’avis dit quoi faire.", "Voir quoi faire"),
    _A.MIGRATE: _W(_INFO, "Une boîte MSSanté que vous lisez va changer d’adresse ou d’opérateur",
        "L’avis dit laquelle, et quand. D’ici là rien ne change pour vous."),
    _A.LEAVE_MIGRATION: _W(_INFO, "Une boîte MSSanté que vous lisez ne change finalement pas",
        "Elle garde son adresse et son opérateur : continuez de vous en servir."),
    _A.SWITCH_BAL: _W(_ACT, "Une nouvelle boîte MSSanté remplace une de celles que vous lisez",
        "Elle est ouverte : servez-vous-en, et reprenez de l’ancienne ce qui vous est utile.", "Lire l’avis"),
    _V.ACTIVATE: _W(_INFO, "Une boîte MSSanté vous est ouverte", "Vous pouvez vous en servir."),
    _V.ABANDON: _W(_INFO, "L’ouverture d’une boîte MSSanté est abandonnée", "Elle était demandée pour vous."),
    _V.WAKE: _W(_INFO, "Votre boîte MSSanté est gardée", "Elle a servi : la démarche en cours est arrêtée."),
    _V.OPPOSE: _W(_INFO, "Une de vos boîtes MSSanté est gardée",
        "Une des personnes qui en répondent l’a demandé : la démarche en cours est arrêtée."),
    _V.CANCEL_DEPUBLICATION: _W(_INFO, "Une de vos boîtes MSSanté reste à l’annuaire", "Son retrait est annulé."),
    _V.VERIFY_DEPUBLICATION: _W(_INFO, "Une de vos boîtes MSSanté n’est plus à l’annuaire",
        "Enregistrez dès maintenant les messages et documents utiles : sa suppression pourra être demandée."),
    _V.CANCEL_DELETION: _W(_INFO, "Une de vos boîtes MSSanté ne sera pas supprimée", "La suppression est annulée."),
    _V.CONFIRM_DELETION: _W(_INFO, "Une boîte MSSanté à laquelle vous aviez accès est supprimée",
        "L’opérateur l’a confirmé : ce qui lui est envoyé est perdu."),
    _V.VERIFY_DELETION: _W(_INFO, "Une de vos boîtes MSSanté est supprimée",
        "Ce qui est envoyé à cette adresse est désormais perdu."),
    _A.END_DELEGATION: _W(_INFO, "Un accès à une boîte MSSanté est terminé",
        "Cet accès était le vôtre, ou une personne l’avait sous votre responsabilité."),
    _A.ASK_EXTENSION: _W(_ACT, "Un accès que vous avez donné va finir : le prolongez-vous ?",
        "Qui l’a reçu demande à le garder. Il ne se prolonge que par vous ; sans réponse, il prend fin au jour dit.",
        "Voir l’accès"),
    _A.EXTEND_DELEGATION: _W(_INFO, "Votre accès à une boîte MSSanté est prolongé",
        "Qui en répond l’a prolongé. L’avis dit jusqu’à quand."),
    _A.TAKE_OVER: _W(_INFO, "Un accès à une boîte MSSanté change de responsable",
        "L’accès continue, sous la responsabilité d’une autre personne."),
    _A.ADD_COTITULAIRE: _W(_INFO, "Un accès à une boîte MSSanté vous est donné",
        "Vous en êtes désormais cotitulaire. C’est l’opérateur qui ouvre l’accès à la boîte."),
    _A.REMOVE_COTITULAIRE: _W(_INFO, "Un accès à une boîte MSSanté vous est retiré",
        "Vous n’en êtes plus cotitulaire. L’avis dit laquelle, et pourquoi s’il est connu."),
    _A.DELEGATE: _W(_INFO, "Un accès à une boîte MSSanté vous est délégué",
        "Un professionnel vous le donne, sous sa responsabilité. L’avis dit ce que vous pouvez y faire."),
    _A.IMPORT_ACCESSES: _W(_INFO, "Un accès à une boîte MSSanté est repris au registre",
        "Il existait chez l’opérateur. Si c’est une erreur, dites-le à votre structure."),
    _A.RECORD_ACCESS: _W(_INFO, "Un accès à une boîte MSSanté est inscrit",
        "Il vous est donné, ou il l’est sur votre parole. Si vous n’avez rien dit de tel, démentez-le."),
    _A.REQUEST_ACCESS: _W(_INFO, "Un accès à une boîte MSSanté est demandé",
        "Il l’est pour vous, ou sur votre parole. Si vous n’avez rien dit de tel, démentez-le."),
    _A.OBJECT_ACCESS: _W(_INFO, "Un accès à une boîte MSSanté est retiré",
        "Le professionnel cité dit ne pas l’avoir donné."),
    _A.CORRECT: _W(_INFO, "La fiche d’une de vos boîtes MSSanté est corrigée",
        "L’avis dit ce qui était écrit, ce qui l’est désormais, et pourquoi."),
    _A.CORRECT_PERSON: _W(_INFO, "Votre fiche est corrigée",
        "L’avis dit ce qui était écrit, ce qui l’est désormais, et pourquoi."),
    _V.NEVER_EXISTED: _W(_INFO, "Une boîte MSSanté est retirée du registre", "Elle n’a jamais existé."),
    _V.OPERATOR_DELETED: _W(_INFO, "Une boîte MSSanté à laquelle vous aviez accès est supprimée",
        "L’opérateur l’a fermée : ce qui lui est envoyé est perdu. Si elle vous servait encore, dites-le."),
    _V.RETRACT_OPENING: _W(_INFO, "Une de vos boîtes MSSanté n’est pas encore ouverte",
        "Son ouverture avait été enregistrée à tort : la réponse de l’opérateur est attendue."),
    _V.RETRACT_DELETION: _W(_ANSWER, "Une de vos boîtes MSSanté n’est pas encore supprimée",
        f"Sa suppression avait été confirmée à tort. {_OPPOSABLE}", "Répondre en un clic"),
    _V.REVIVE: _W(_INFO, "Une de vos boîtes MSSanté est de nouveau ouverte",
        "L’opérateur l’a rouverte : vous pouvez vous en servir."),
    _A.NAME_PRINCIPAL: _W(_INFO, "Une de vos boîtes MSSanté change de cotitulaire principal",
        "L’avis dit qui en répond maintenant."),
    _A.TRANSFER_PRINCIPAL: _W(_INFO, "Une de vos boîtes MSSanté change de cotitulaire principal",
        "L’avis dit qui en répond maintenant."),
    _A.REQUEST_OPENING: _W(_INFO, "Une boîte MSSanté est demandée pour vous",
        "Si vous n’en voulez pas, abandonnez la demande, ou dites-le à votre structure."),
    _A.PREFER_CHANNEL: _W(_INFO, "Vos avis MSSanté n’arriveront plus ici",
        "Ce choix a été fait depuis votre compte. Si ce n’est pas vous, changez de mot de passe sans attendre.",
        "Vérifier mes préférences"),
    f"{_A.ASK_JOINING}_gestionnaire": _W(_ANSWER, "Un rattachement attend votre réponse",
        "Une autre structure demande à compter une personne de la vôtre parmi les siennes.", "Répondre"),
    f"{_A.ACCEPT_JOINING}_gestionnaire": _W(_INFO, "Un rattachement est accepté", "La personne est inscrite."),
    f"{_A.REFUSE_JOINING}_gestionnaire": _W(_INFO, "Un rattachement est refusé", "Rien ne change."),
    f"{_A.EXPIRE_JOINING}_gestionnaire": _W(_INFO, "Un rattachement est resté sans réponse",
        "La demande est close ; vous pouvez la refaire."),
    f"{_A.OBJECT_CONTACT}_gestionnaire": _W(_INFO, "Des coordonnées sont refusées",
        "La personne garde celles qu’elle avait."),
    f"{_A.REQUEST_OPENING}_gestionnaire": _W(_INFO, "Une boîte MSSanté est demandée",
        "Un membre de votre structure l’a demandée et en répondra."),
    f"{_A.OBJECT_ACCESS}_gestionnaire": _W(_ACT, "Un accès inscrit sur parole est démenti",
        "Le professionnel cité dit ne pas l’avoir donné : il est retiré. Voyez avec lui ce qu’il en est.",
        "Voir la BAL"),
    f"{_V.OPERATOR_DELETED}_gestionnaire": _W(_INFO, "Un opérateur a supprimé une boîte MSSanté",
        "Personne ne le lui avait demandé."),
    f"{_V.REVIVE}_gestionnaire": _W(_INFO, "Une boîte MSSanté supprimée est de nouveau ouverte",
        "L’opérateur l’a rouverte : voyez si elle doit rester."),
    f"{_A.NOTE_USE}_gestionnaire": _W(_INFO, "Une boîte en cours de retrait a servi",
        "Le retrait continue : voyez avec son titulaire si elle doit être gardée."),
    f"{_A.ESCALATE_IDLE}_gestionnaire": _W(_ACT, "Une alerte d’inactivité est sans réponse",
        "Joignez un titulaire, ou consignez comment il a été prévenu.", "Voir quoi faire"),
    f"{_A.ESCALATE_REQUEST}_gestionnaire": _W(_ACT, "Un opérateur n’a pas répondu à temps",
        "Joignez-le autrement, puis enregistrez sa réponse.", "Voir la demande"),
    f"{_A.REMIND_ENGAGEMENT}_gestionnaire": _W(_ACT, "L’échéance d’un engagement approche",
        "Le nombre de boîtes MSSanté prévu n’est pas encore atteint.", "Voir l’avancement"),
    f"{_A.REMIND_MOVEMENT}_gestionnaire": _W(_ACT, "Une arrivée ou un départ est à terminer",
        "Le jour prévu est venu, et des étapes restent à faire.", "Ouvrir le dossier"),
    f"{_A.WARN_CERTIFICATE}_gestionnaire": _W(_ACT, "Un certificat arrive à sa fin",
        "Sans renouvellement, un logiciel n’enverra plus rien.", "Voir quoi faire"),
    f"{_A.WARN_QUOTA}_gestionnaire": _W(_ACT, "Une boîte MSSanté est presque pleine",
        "Pleine, elle ne recevra ni n’enverra plus rien.", "Voir quoi faire"),
}
# fmt: on


OF_PEOPLE = [kind for kind in WORDINGS if not kind.endswith("_gestionnaire")]


def wording_of(stage: str, *, to_gestionnaire: bool) -> Wording:
    if to_gestionnaire:
        return WORDINGS[f"{stage.partition('-')[0]}_gestionnaire"]
    return WORDINGS[kind_of(stage)]


def kind_of(stage: str) -> str:
    """The whole stage, else what stands before its number or kind: as a person is told of it."""
    return stage if stage in WORDINGS else stage.partition("-")[0]
