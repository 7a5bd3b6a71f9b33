"""The life of a BAL, as one table.

A line says: this verb takes a BAL from these states to that one, these roles may do it, and these parties hear of it.
`actions.move` alone writes `Bal.state`. An operator alone creates, depublishes and deletes; so what we do is *asked*,
then *confirmed* by the operator, then *seen* in the annuaire, and each of the three has its state.
"""

from typing import NamedTuple

from django.db.models import TextChoices


class State(TextChoices):
    REQUESTED = "requested", "demandée"
    ACTIVE = "active", "active"
    IDLE_ALERTED = "idle_alerted", "alertée pour inactivité"
    DEPUBLICATION_REQUESTED = "depublication_requested", "dépublication demandée"
    DEPUBLISHED = "depublished", "dépubliée"
    DELETION_REQUESTED = "deletion_requested", "suppression demandée"
    DELETION_CONFIRMED = "deletion_confirmed", "suppression confirmée"
    DELETED = "deleted", "supprimée"
    ABANDONED = "abandoned", "demande abandonnée"


# Why an act is refused of a BAL in that state: what stands after « … est impossible : ».
BECAUSE: dict[State, str] = {
    State.REQUESTED: "l’opérateur ne l’a pas encore ouverte",
    State.ACTIVE: "cette BAL est active, et rien n’est demandé à son sujet",
    State.IDLE_ALERTED: "une alerte d’inactivité attend la réponse de ses titulaires",
    State.DEPUBLICATION_REQUESTED: "son retrait de l’annuaire est déjà demandé à l’opérateur",
    State.DEPUBLISHED: "elle est déjà retirée de l’annuaire",
    State.DELETION_REQUESTED: "sa suppression est déjà demandée à l’opérateur",
    State.DELETION_CONFIRMED: "l’opérateur a confirmé sa suppression",
    State.DELETED: "elle est supprimée",
    State.ABANDONED: "la demande d’ouverture est abandonnée",
}


class Verb(TextChoices):
    ACTIVATE = "activate", "Enregistrer l’ouverture"
    ABANDON = "abandon", "Abandonner la demande"
    CANCEL_REGISTRATION = "cancel_registration", "Annuler l’inscription"
    ALERT_IDLE = "alert_idle", "Alerter pour inactivité"
    WAKE = "wake", "Constater une activité"
    OPPOSE = "oppose", "Garder la BAL, je m’en sers"
    REQUEST_DEPUBLICATION = "request_depublication", "Demander la dépublication"
    DEPUBLISH_IDLE = "depublish_idle", "Demander la dépublication pour inactivité"
    VERIFY_DEPUBLICATION = "verify_depublication", "Constater la dépublication"
    CANCEL_DEPUBLICATION = "cancel_depublication", "Annuler la dépublication demandée"
    REQUEST_DELETION = "request_deletion", "Demander la suppression"
    CANCEL_DELETION = "cancel_deletion", "Annuler la suppression demandée"
    CONFIRM_DELETION = "confirm_deletion", "Enregistrer la confirmation de l’opérateur"
    VERIFY_DELETION = "verify_deletion", "Constater la suppression"
    NEVER_EXISTED = "never_existed", "Dire qu’elle n’a jamais existé"
    OPERATOR_DELETED = "operator_deleted", "Enregistrer que l’opérateur l’a supprimée"
    RETRACT_OPENING = "retract_opening", "Reprendre une ouverture enregistrée à tort"
    RETRACT_DELETION = "retract_deletion", "Reprendre une confirmation enregistrée à tort"
    REVIVE = "revive", "Enregistrer que l’adresse revit"
    RECONSIDER = "reconsider", "Reprendre avec le bon titulaire"


class Act(TextChoices):
    """What is done around a BAL without changing its state."""

    REGISTER = "register", "Inscrire une BAL"
    REQUEST_OPENING = "request_opening", "Demander une BAL"
    SET_NAMING = "set_naming", "Fixer la règle de nommage"
    RECORD_PERSON = "record_person", "Inscrire une personne"
    DESCRIBE = "describe", "Modifier la fiche"
    CORRECT = "correct", "Corriger une erreur"
    CORRECT_PERSON = "correct_person", "Corriger l’identité d’une personne"
    ADD_COTITULAIRE = "add_cotitulaire", "Ajouter un cotitulaire"
    REMOVE_COTITULAIRE = "remove_cotitulaire", "Retirer un cotitulaire"
    TRANSFER_PRINCIPAL = "transfer_principal", "Transmettre le rôle de principal"
    NAME_PRINCIPAL = "name_principal", "Désigner un principal"
    DELEGATE = "delegate", "Déléguer l’accès"
    END_DELEGATION = "end_delegation", "Mettre fin à une délégation"
    ASK_EXTENSION = "ask_extension", "Demander à prolonger un accès"
    EXTEND_DELEGATION = "extend_delegation", "Prolonger une délégation"
    RECORD_ACCESS = "record_access", "Inscrire un accès qui existe"
    REQUEST_ACCESS = "request_access", "Demander un accès"
    OBJECT_ACCESS = "object_access", "Démentir un accès"
    DECLARE_USE = "declare_use", "Déclarer que je m’en sers"
    RECORD_USAGE = "record_usage", "Enregistrer un relevé"
    WARN_QUOTA = "warn_quota", "Avertir d’une BAL presque pleine"
    ADOPT = "adopt", "Inscrire au registre"
    ACCEPT_ANNUAIRE = "accept_annuaire", "Reprendre ce que dit l’annuaire"
    ASK_OPERATOR = "ask_operator", "Demander à l’opérateur"
    MARK_SENT = "mark_sent", "Marquer comme envoyée"
    RECORD_DONE = "record_done", "Enregistrer que c’est fait"
    RECORD_REFUSAL = "record_refusal", "Enregistrer un refus"
    VERIFY_REQUEST = "verify_request", "Je l’ai vérifié à l’annuaire"
    CANCEL_REQUEST = "cancel_request", "Annuler la demande"
    ASK_AGAIN = "ask_again", "Demander de nouveau"
    REMIND_OPERATOR = "remind_operator", "Relancer l’opérateur"
    ESCALATE_REQUEST = "escalate_request", "Signaler un retard de l’opérateur"
    WRITE_LAYOUT = "write_layout", "Modifier un modèle de demande"
    ASK_PERSON = "ask_person", "Demander au professionnel"
    REMIND_PERSON = "remind_person", "Rappeler au professionnel"
    REMIND_IDLE = "remind_idle", "Rappeler l’alerte d’inactivité"
    ESCALATE_IDLE = "escalate_idle", "Signaler au gestionnaire une alerte sans réponse"
    ASK_USE = "ask_use", "Demander si la BAL sert"
    ASK_DELETION = "ask_deletion", "Demander au titulaire de supprimer"
    REMIND_USE = "remind_use", "Rappeler la question sur l’usage"
    NOTE_USE = "note_use", "Constater un usage pendant le retrait"
    GIVE_NOTICE = "give_notice", "Consigner un avis donné autrement"
    RESEND_NOTICE = "resend_notice", "Renvoyer un avis"
    PREFER_CHANNEL = "prefer_channel", "Choisir comment être prévenu"
    ASK_CONTACT = "ask_contact", "Demander un changement de coordonnées"
    CONFIRM_CONTACT = "confirm_contact", "Confirmer de nouvelles coordonnées"
    OBJECT_CONTACT = "object_contact", "Refuser de nouvelles coordonnées"
    APPLY_CONTACT = "apply_contact", "Prendre en compte de nouvelles coordonnées"
    IGNORE_GAP = "ignore_gap", "Laisser de côté"
    RESUME_GAP = "resume_gap", "Remettre à traiter"
    NOTE_ANOMALY = "note_anomaly", "Signaler une anomalie"
    RESOLVE_ANOMALY = "resolve_anomaly", "Enregistrer que l’anomalie est corrigée"
    DESCRIBE_APPLICATIVE = "describe_applicative", "Décrire l’usage applicatif"
    WARN_CERTIFICATE = "warn_certificate", "Avertir de la fin d’un certificat"
    WRITE_PROTOCOL = "write_protocol", "Écrire au protocole d’utilisation"
    WRITE_WORDS = "write_words", "Ajouter un mot à un avis"
    ANSWER = "answer", "Dire si une adresse est la sienne"
    LAUNCH_CAMPAIGN = "launch_campaign", "Lancer une campagne"
    ASK_CAMPAIGN = "ask_campaign", "Interroger dans une campagne"
    REMIND_CAMPAIGN = "remind_campaign", "Rappeler une campagne"
    ANSWER_CAMPAIGN = "answer_campaign", "Répondre à une campagne"
    CLOSE_CAMPAIGN = "close_campaign", "Clore une campagne"
    SET_RECURRENCE = "set_recurrence", "Fixer la fréquence de la revue des accès"
    IMPORT_LIST = "import_list", "Importer la liste d’un opérateur"
    UNDO_IMPORT = "undo_import", "Annuler un import"
    TAKE_OVER = "take_over", "Reprendre une délégation en son nom"
    DESCRIBE_PERSON = "describe_person", "Modifier la fiche d’une personne"
    EXPORT_PERSON = "export_person", "Exporter les données d’une personne"
    ASK_JOINING = "ask_joining", "Demander un rattachement"
    ACCEPT_JOINING = "accept_joining", "Accepter un rattachement"
    REFUSE_JOINING = "refuse_joining", "Refuser un rattachement"
    EXPIRE_JOINING = "expire_joining", "Clore une demande de rattachement restée sans réponse"
    OPEN_MOVEMENT = "open_movement", "Ouvrir un dossier d’arrivée ou de départ"
    SETTLE_STEP = "settle_step", "Cocher une étape"
    REOPEN_STEP = "reopen_step", "Décocher une étape"
    CLOSE_MOVEMENT = "close_movement", "Clore un dossier"
    CANCEL_MOVEMENT = "cancel_movement", "Annuler un dossier"
    REMIND_MOVEMENT = "remind_movement", "Rappeler un dossier"
    ASK_HANDOVER = "ask_handover", "Demander de transmettre ses BAL"
    RECORD_DEPARTURE = "record_departure", "Enregistrer un départ"
    CANCEL_DEPARTURE = "cancel_departure", "Annuler un départ enregistré"
    LEAVE = "leave", "Retirer les accès d’une personne partie"
    FORGET_PERSON = "forget_person", "Effacer l’identité d’une personne partie"
    NOTE_SIGHTING = "note_sighting", "Relever ce que l’annuaire ne montre plus"
    DISMISS_SIGHTING = "dismiss_sighting", "Écarter une proposition"
    DECLARE_SOFTWARE = "declare_software", "Donner une clé à un logiciel"
    ROTATE_KEY = "rotate_key", "Renouveler la clé d’un logiciel"
    REVOKE_KEY = "revoke_key", "Révoquer la clé d’un logiciel"
    ADD_WEBHOOK = "add_webhook", "Prévenir un logiciel des changements"
    CHANGE_WEBHOOK = "change_webhook", "Modifier un webhook"
    PREFER = "prefer", "Choisir sa BAL privilégiée"
    MAKE_KNOWN = "make_known", "Faire connaître cette BAL"
    RECORD_STRUCTURE = "record_structure", "Inscrire une structure"
    DESCRIBE_STRUCTURE = "describe_structure", "Modifier une structure"
    NUMBER_STRUCTURE = "number_structure", "Fixer les numéros d’une structure"
    RECORD_OPERATOR = "record_operator", "Inscrire un opérateur"
    DESCRIBE_OPERATOR = "describe_operator", "Modifier un opérateur"
    CHOOSE_THRESHOLD = "choose_threshold", "Régler un seuil ou un délai"
    IMPORT_ACCESSES = "import_accesses", "Reprendre un accès qui existe"
    SET_ENGAGEMENT = "set_engagement", "Inscrire ou modifier un engagement"
    CLOSE_ENGAGEMENT = "close_engagement", "Clore un engagement"
    REMIND_ENGAGEMENT = "remind_engagement", "Rappeler l’échéance d’un engagement"
    RATE_OPERATOR = "rate_operator", "Noter l’offre d’un opérateur"
    PASS_STEP = "pass_step", "Passer une étape de la mise en route"
    ASK_REPLY = "ask_reply", "Mettre une réponse automatique"
    END_REPLY = "end_reply", "Retirer la réponse automatique"
    NOTE_REPLY = "note_reply", "Constater la réponse automatique chez l’opérateur"
    GIVE_SECRET = "give_secret", "Donner le secret de la BAL pour les relevés"
    ADD_ALIAS = "add_alias", "Ajouter un alias"
    DROP_ALIAS = "drop_alias", "Retirer un alias"
    MIGRATE = "migrate", "Migrer des BAL"
    SWITCH_BAL = "switch_bal", "Basculer une BAL migrée"
    LEAVE_MIGRATION = "leave_migration", "Retirer une BAL d’une migration"
    CLOSE_FORMER = "close_former", "Faire fermer une ancienne adresse"
    END_MIGRATION = "end_migration", "Constater la fin d’une migration"
    MOVE_SERVICE = "move_service", "Déplacer un service"
    MERGE_STRUCTURES = "merge_structures", "Fusionner deux structures"
    CLOSE_STRUCTURE = "close_structure", "Fermer une structure"
    CHANGE_FINESS = "change_finess", "Changer le FINESS d’une structure"
    UNDO_MOVE = "undo_move", "Revenir sur un changement de structure"
    FOLLOW = "follow", "Suivre une chose à faire"  # pause it, entrust it, say it done
    SHARE_VIEW = "share_view", "Partager une vue"


class Role(TextChoices):
    TITULAIRE = "titulaire", "titulaire"
    PRINCIPAL = "principal", "cotitulaire principal"
    COTITULAIRE = "cotitulaire", "cotitulaire"
    DELEGATAIRE = "delegataire", "délégataire"
    GESTIONNAIRE = "gestionnaire", "gestionnaire"
    # The structure itself, where no professional answers: an APP, or a PER whose holder's departure is recorded.
    RESPONSABLE = "responsable", "responsable de la structure"
    LOGICIEL = "logiciel", "logiciel qui envoie des relevés"
    IDENTITES = "identites", "annuaire de l’établissement (SCIM)"
    SYSTEM = "system", "automate"
    # Of the installation, whatever the structure; of no BAL.
    ADMINISTRATEUR = "administrateur", "administrateur de la plateforme"


class Party(TextChoices):
    HOLDERS = "holders", "titulaires"
    OPERATOR = "operator", "opérateur MSSanté"
    GESTIONNAIRES = "gestionnaires", "gestionnaires de la structure"
    DELEGATAIRE = "delegataire", "délégataire"


class RequestKind(TextChoices):
    """What an operator may be asked."""

    OPEN = "open", "ouverture"
    CHANGE = "change", "modification"
    PREFER = "prefer", "BAL privilégiée"
    PUBLISH = "publish", "publication à l’annuaire"
    DEPUBLISH = "depublish", "retrait de l’annuaire"
    DELETE = "delete", "suppression"
    GRANT = "grant", "ouverture d’un accès"
    WITHDRAW = "withdraw", "fermeture d’un accès"


class RequestStage(TextChoices):
    """Asked, answered, seen: three different things, for the operator's word proves nothing."""

    DRAFT = "draft", "à envoyer"
    SENT = "sent", "envoyée"
    DONE = "done", "faite, selon l’opérateur"
    VERIFIED = "verified", "constatée"
    REFUSED = "refused", "refusée par l’opérateur"
    CANCELLED = "cancelled", "annulée"


class Letter(TextChoices):
    """What an operator may be written about a request."""

    ASK = "ask", "demande"
    CANCEL = "cancel", "annulation"
    REMIND = "remind", "relance"


class Severity(TextChoices):
    """How pressing a thing is: the findings and the gaps are told in this order."""

    URGENT = "urgent", "urgent"
    TODO = "todo", "à faire"
    WATCH = "watch", "à surveiller"


class CampaignKind(TextChoices):
    """What a campaign puts to many at once."""

    CLEANUP = "cleanup", "boîtes inutilisées"
    RECERTIFICATION = "recertify", "revue des accès"
    PREFERRED = "preferred", "BAL privilégiée"


class Scope(TextChoices):
    """What a key opens; the account's habilitations say for which structures."""

    READ = "read", "lire le registre"
    USAGE = "usage", "envoyer des relevés d’usage"
    RESOLVE = "resolve", "chercher la bonne adresse"
    MANAGE = "manage", "agir comme un gestionnaire"
    IDENTITIES = "identities", "tenir la liste des personnes (SCIM)"


class Transition(NamedTuple):
    verb: Verb
    before: frozenset[State]
    after: State
    by: frozenset[Role]
    tells: frozenset[Party]  # beside the operator, who gets the request that the move OPENS


def _line(verb, before, after, by, tells) -> Transition:
    return Transition(verb, frozenset(before), after, frozenset(by), frozenset(tells))


_S, _V, _R = State, Verb, Role
_HOLDERS, _USERS = Party.HOLDERS, Party.DELEGATAIRE
_OWNER = {_R.TITULAIRE, _R.PRINCIPAL, _R.RESPONSABLE}
_GESTIONNAIRES = Party.GESTIONNAIRES
_NOT_ASKED_TO_DELETE = {_S.ACTIVE, _S.IDLE_ALERTED, _S.DEPUBLICATION_REQUESTED, _S.DEPUBLISHED}
_OPENED = {*_NOT_ASKED_TO_DELETE, _S.DELETION_REQUESTED, _S.DELETION_CONFIRMED}
_WAY_OUT = {_S.IDLE_ALERTED, _S.DEPUBLICATION_REQUESTED, _S.DEPUBLISHED, _S.DELETION_REQUESTED}

# fmt: off
TRANSITIONS = [
    #     the move                    from                                          to
    #     who may                     who is told
    _line(_V.ACTIVATE,                {_S.REQUESTED},                               _S.ACTIVE,
          {_R.GESTIONNAIRE, _R.SYSTEM},   {_HOLDERS}),
    _line(_V.ABANDON,                 {_S.REQUESTED},                               _S.ABANDONED,
          {*_OWNER, _R.GESTIONNAIRE},     {_HOLDERS}),
    # The import that registered it is undone before anything followed from it: nobody was told, nobody is.
    _line(_V.CANCEL_REGISTRATION,     {_S.ACTIVE},                                  _S.ABANDONED,
          {_R.SYSTEM},                    ()),
    _line(_V.ALERT_IDLE,              {_S.ACTIVE},                                  _S.IDLE_ALERTED,
          {_R.SYSTEM},                    {_HOLDERS}),
    _line(_V.WAKE,                    _WAY_OUT,                                     _S.ACTIVE,
          {_R.SYSTEM},                    {_HOLDERS}),
    _line(_V.OPPOSE,                  _WAY_OUT,                                     _S.ACTIVE,
          {*_OWNER, _R.COTITULAIRE},      {_HOLDERS}),
    _line(_V.REQUEST_DEPUBLICATION,   {_S.ACTIVE, _S.IDLE_ALERTED},                 _S.DEPUBLICATION_REQUESTED,
          {*_OWNER, _R.GESTIONNAIRE},     {_HOLDERS}),
    _line(_V.DEPUBLISH_IDLE,          {_S.IDLE_ALERTED},                            _S.DEPUBLICATION_REQUESTED,
          {_R.SYSTEM},                    {_HOLDERS}),
    _line(_V.CANCEL_DEPUBLICATION,    {_S.DEPUBLICATION_REQUESTED},                 _S.ACTIVE,
          {*_OWNER, _R.GESTIONNAIRE},     {_HOLDERS}),
    _line(_V.VERIFY_DEPUBLICATION,    {_S.DEPUBLICATION_REQUESTED},                 _S.DEPUBLISHED,
          {_R.GESTIONNAIRE, _R.SYSTEM},   {_HOLDERS}),
    _line(_V.REQUEST_DELETION,        {_S.ACTIVE, _S.IDLE_ALERTED, _S.DEPUBLISHED}, _S.DELETION_REQUESTED,
          _OWNER,                         {_HOLDERS}),
    _line(_V.CANCEL_DELETION,         {_S.DELETION_REQUESTED},                      _S.DEPUBLISHED,
          _OWNER,                         {_HOLDERS}),
    # Whoever was lent it finds it closed from that day on: they hear of it too.
    _line(_V.CONFIRM_DELETION,        {_S.DELETION_REQUESTED},                      _S.DELETION_CONFIRMED,
          {_R.GESTIONNAIRE, _R.SYSTEM},   {_HOLDERS, _USERS}),
    _line(_V.VERIFY_DELETION,         {_S.DELETION_CONFIRMED},                      _S.DELETED,
          {_R.GESTIONNAIRE, _R.SYSTEM},   {_HOLDERS}),
    # Life contradicts the register: it was wrong, or the operator did what nobody had asked of them.
    _line(_V.NEVER_EXISTED,           _OPENED,                                      _S.ABANDONED,
          {_R.GESTIONNAIRE},              {_HOLDERS}),
    _line(_V.OPERATOR_DELETED,        _NOT_ASKED_TO_DELETE,                         _S.DELETION_CONFIRMED,
          {_R.GESTIONNAIRE, _R.SYSTEM},   {_HOLDERS, _USERS, _GESTIONNAIRES}),
    _line(_V.RETRACT_OPENING,         {_S.ACTIVE},                                  _S.REQUESTED,
          {_R.GESTIONNAIRE},              {_HOLDERS}),
    _line(_V.RETRACT_DELETION,        {_S.DELETION_CONFIRMED},                      _S.DELETION_REQUESTED,
          {_R.GESTIONNAIRE},              {_HOLDERS}),
    _line(_V.REVIVE,                  {_S.DELETION_CONFIRMED, _S.DELETED},          _S.ACTIVE,
          {_R.GESTIONNAIRE, _R.SYSTEM},   {_HOLDERS, _GESTIONNAIRES}),
    # What was concluded from the silence, or the word, of who was not its titulaire: the right one hears of it anew.
    _line(_V.RECONSIDER,              _WAY_OUT,                                     _S.ACTIVE,
          {_R.SYSTEM},                    ()),
]

WHO_MAY: dict[Act, frozenset[Role]] = {act: frozenset(roles) for act, roles in [
    (Act.REGISTER,           {_R.GESTIONNAIRE, _R.SYSTEM}),
    # On the BAL to come: whoever will answer for it asks for themselves, a gestionnaire for all.
    (Act.REQUEST_OPENING,    {_R.TITULAIRE, _R.PRINCIPAL, _R.GESTIONNAIRE, _R.SYSTEM}),
    # By those who may name people on a BAL, the people of the annuaire; a gestionnaire, anyone.
    (Act.RECORD_PERSON,      {_R.TITULAIRE, _R.COTITULAIRE, _R.GESTIONNAIRE, _R.IDENTITES, _R.SYSTEM}),
    (Act.SET_NAMING,         {_R.GESTIONNAIRE, _R.SYSTEM}),
    (Act.DESCRIBE,           {*_OWNER, _R.GESTIONNAIRE, _R.SYSTEM}),
    (Act.CORRECT,            {_R.GESTIONNAIRE}),
    (Act.CORRECT_PERSON,     {_R.GESTIONNAIRE}),
    (Act.ADD_COTITULAIRE,    {_R.COTITULAIRE, _R.SYSTEM}),
    (Act.REMOVE_COTITULAIRE, {_R.PRINCIPAL, _R.SYSTEM}),
    (Act.TRANSFER_PRINCIPAL, {_R.PRINCIPAL}),
    (Act.NAME_PRINCIPAL,     {_R.GESTIONNAIRE}),
    (Act.DELEGATE,           {_R.TITULAIRE, _R.COTITULAIRE}),
    (Act.END_DELEGATION,     {_R.TITULAIRE, _R.COTITULAIRE, _R.GESTIONNAIRE, _R.SYSTEM}),
    # Who was lent it asks; who answers for it, and nobody else, lends it longer.
    (Act.ASK_EXTENSION,      {_R.DELEGATAIRE}),
    (Act.EXTEND_DELEGATION,  {_R.TITULAIRE, _R.COTITULAIRE}),
    # On the word of the professional who answers for it: they hear of it, and may say that they never gave it.
    (Act.RECORD_ACCESS,      {_R.GESTIONNAIRE}),
    (Act.REQUEST_ACCESS,     {_R.GESTIONNAIRE}),
    (Act.OBJECT_ACCESS,      {_R.TITULAIRE, _R.COTITULAIRE}),
    (Act.DECLARE_USE,        {_R.TITULAIRE, _R.COTITULAIRE}),
    (Act.RECORD_USAGE,       {_R.GESTIONNAIRE, _R.LOGICIEL, _R.SYSTEM}),
    (Act.WARN_QUOTA,         {_R.SYSTEM}),
    (Act.ADOPT,              {_R.GESTIONNAIRE}),
    (Act.ACCEPT_ANNUAIRE,    {_R.GESTIONNAIRE}),
    (Act.ASK_OPERATOR,       {_R.GESTIONNAIRE}),
    (Act.MARK_SENT,          {_R.GESTIONNAIRE}),
    (Act.RECORD_DONE,        {_R.GESTIONNAIRE, _R.SYSTEM}),
    (Act.RECORD_REFUSAL,     {_R.GESTIONNAIRE, _R.SYSTEM}),
    (Act.VERIFY_REQUEST,     {_R.GESTIONNAIRE, _R.SYSTEM}),
    (Act.CANCEL_REQUEST,     {*_OWNER, _R.GESTIONNAIRE}),
    (Act.ASK_AGAIN,          {_R.GESTIONNAIRE}),
    (Act.REMIND_OPERATOR,    {_R.GESTIONNAIRE, _R.SYSTEM}),
    (Act.ESCALATE_REQUEST,   {_R.SYSTEM}),
    (Act.WRITE_LAYOUT,       {_R.GESTIONNAIRE}),
    (Act.ASK_PERSON,         {_R.GESTIONNAIRE, _R.SYSTEM}),
    (Act.REMIND_PERSON,      {_R.SYSTEM}),
    (Act.REMIND_IDLE,        {_R.SYSTEM}),
    (Act.ESCALATE_IDLE,      {_R.SYSTEM}),
    (Act.ASK_USE,            {_R.GESTIONNAIRE, _R.SYSTEM}),
    (Act.ASK_DELETION,       {_R.GESTIONNAIRE}),
    (Act.REMIND_USE,         {_R.SYSTEM}),
    (Act.NOTE_USE,           {_R.SYSTEM}),
    (Act.GIVE_NOTICE,        {_R.GESTIONNAIRE}),
    (Act.RESEND_NOTICE,      {_R.GESTIONNAIRE}),
    # One's own contact details are one's own: a gestionnaire asks for a change, and only time or the person makes it.
    (Act.PREFER_CHANNEL,     {_R.TITULAIRE}),
    (Act.ASK_CONTACT,        {_R.GESTIONNAIRE}),
    (Act.CONFIRM_CONTACT,    {_R.TITULAIRE}),
    (Act.OBJECT_CONTACT,     {_R.TITULAIRE}),
    (Act.APPLY_CONTACT,      {_R.SYSTEM}),
    (Act.IGNORE_GAP,         {_R.GESTIONNAIRE}),
    (Act.RESUME_GAP,         {_R.GESTIONNAIRE}),
    (Act.NOTE_ANOMALY,       {*_OWNER, _R.COTITULAIRE, _R.GESTIONNAIRE}),
    (Act.RESOLVE_ANOMALY,    {*_OWNER, _R.COTITULAIRE, _R.GESTIONNAIRE}),
    (Act.DESCRIBE_APPLICATIVE, {_R.RESPONSABLE, _R.GESTIONNAIRE}),
    (Act.WARN_CERTIFICATE,   {_R.SYSTEM}),
    (Act.WRITE_PROTOCOL,     {_R.GESTIONNAIRE}),
    (Act.WRITE_WORDS,        {_R.GESTIONNAIRE}),
    (Act.ANSWER,             {_R.TITULAIRE}),
    (Act.LAUNCH_CAMPAIGN,    {_R.GESTIONNAIRE, _R.SYSTEM}),  # the automate: as often as the structure said
    (Act.SET_RECURRENCE,     {_R.GESTIONNAIRE}),
    (Act.ASK_CAMPAIGN,       {_R.GESTIONNAIRE, _R.SYSTEM}),
    (Act.REMIND_CAMPAIGN,    {_R.GESTIONNAIRE, _R.SYSTEM}),
    (Act.ANSWER_CAMPAIGN,    {_R.TITULAIRE, _R.PRINCIPAL}),
    (Act.CLOSE_CAMPAIGN,     {_R.GESTIONNAIRE, _R.SYSTEM}),
    (Act.IMPORT_LIST,        {_R.GESTIONNAIRE, _R.SYSTEM}),
    (Act.UNDO_IMPORT,        {_R.GESTIONNAIRE, _R.SYSTEM}),
    (Act.TAKE_OVER,          {_R.COTITULAIRE}),
    # About a person, where they stay: the titulaire is the person themselves.
    (Act.DESCRIBE_PERSON,    {_R.GESTIONNAIRE, _R.IDENTITES, _R.SYSTEM}),
    (Act.EXPORT_PERSON,      {_R.TITULAIRE, _R.GESTIONNAIRE}),
    # Who is elsewhere already is asked for by the structure that they would join; they answer, or where they are.
    (Act.ASK_JOINING,        {_R.GESTIONNAIRE}),
    (Act.ACCEPT_JOINING,     {_R.TITULAIRE, _R.GESTIONNAIRE}),
    (Act.REFUSE_JOINING,     {_R.TITULAIRE, _R.GESTIONNAIRE}),
    (Act.EXPIRE_JOINING,     {_R.SYSTEM}),
    (Act.OPEN_MOVEMENT,      {_R.GESTIONNAIRE, _R.SYSTEM}),
    (Act.SETTLE_STEP,        {_R.TITULAIRE, _R.GESTIONNAIRE}),
    (Act.REOPEN_STEP,        {_R.TITULAIRE, _R.GESTIONNAIRE}),
    (Act.CLOSE_MOVEMENT,     {_R.GESTIONNAIRE, _R.SYSTEM}),
    (Act.CANCEL_MOVEMENT,    {_R.GESTIONNAIRE, _R.SYSTEM}),
    (Act.REMIND_MOVEMENT,    {_R.SYSTEM}),
    (Act.ASK_HANDOVER,       {_R.GESTIONNAIRE}),
    (Act.RECORD_DEPARTURE,   {_R.GESTIONNAIRE, _R.SYSTEM}),
    (Act.CANCEL_DEPARTURE,   {_R.GESTIONNAIRE, _R.SYSTEM}),
    (Act.LEAVE,              {_R.GESTIONNAIRE, _R.SYSTEM}),
    (Act.FORGET_PERSON,      {_R.SYSTEM}),
    # What is seen is proposed: a gestionnaire opens the departure, or says why there is none.
    (Act.NOTE_SIGHTING,      {_R.IDENTITES, _R.SYSTEM}),
    (Act.DISMISS_SIGHTING,   {_R.GESTIONNAIRE}),
    (Act.DECLARE_SOFTWARE,   {_R.GESTIONNAIRE}),
    (Act.ROTATE_KEY,         {_R.GESTIONNAIRE}),
    (Act.REVOKE_KEY,         {_R.GESTIONNAIRE}),
    (Act.ADD_WEBHOOK,        {_R.GESTIONNAIRE}),
    (Act.CHANGE_WEBHOOK,     {_R.GESTIONNAIRE}),
    (Act.PREFER,             {_R.TITULAIRE}),
    (Act.MAKE_KNOWN,         {_R.TITULAIRE, _R.COTITULAIRE, _R.GESTIONNAIRE}),
    # Below a structure that one manages; one that stands alone, by those who look after the whole.
    (Act.RECORD_STRUCTURE,   {_R.GESTIONNAIRE, _R.ADMINISTRATEUR}),
    (Act.DESCRIBE_STRUCTURE, {_R.GESTIONNAIRE, _R.ADMINISTRATEUR}),
    # By its numbers a structure is known to the annuaire, to software and to those who log in: nobody gives their own.
    (Act.NUMBER_STRUCTURE,   {_R.ADMINISTRATEUR}),
    # An operator serves several structures at once.
    (Act.RECORD_OPERATOR,    {_R.ADMINISTRATEUR}),
    (Act.DESCRIBE_OPERATOR,  {_R.ADMINISTRATEUR}),
    (Act.CHOOSE_THRESHOLD,   {_R.ADMINISTRATEUR}),
    # On the word of the professional who answers for it, who is told.
    (Act.IMPORT_ACCESSES,    {_R.GESTIONNAIRE, _R.SYSTEM}),
    (Act.SET_ENGAGEMENT,     {_R.GESTIONNAIRE}),
    (Act.CLOSE_ENGAGEMENT,   {_R.GESTIONNAIRE}),
    (Act.REMIND_ENGAGEMENT,  {_R.SYSTEM}),
    (Act.RATE_OPERATOR,      {_R.GESTIONNAIRE}),
    (Act.PASS_STEP,          {_R.ADMINISTRATEUR}),
    (Act.FOLLOW,             {_R.GESTIONNAIRE}),
    # In their own name and words: who writes to them reads it.
    (Act.ASK_REPLY,          {_R.TITULAIRE, _R.COTITULAIRE}),
    (Act.END_REPLY,          {_R.TITULAIRE, _R.COTITULAIRE, _R.SYSTEM}),
    (Act.NOTE_REPLY,         {_R.SYSTEM}),
    # It opens the box: whoever reads it, and nobody else, may entrust it.
    (Act.GIVE_SECRET,        {_R.TITULAIRE, _R.COTITULAIRE}),
    (Act.ADD_ALIAS,          {_R.GESTIONNAIRE}),
    (Act.DROP_ALIAS,         {_R.GESTIONNAIRE}),
    (Act.MIGRATE,            {_R.GESTIONNAIRE}),
    (Act.SWITCH_BAL,         {_R.GESTIONNAIRE, _R.SYSTEM}),
    (Act.LEAVE_MIGRATION,    {_R.GESTIONNAIRE}),
    # The former box of a move, not the BAL: its titulaires were told when it began, and who asks attests.
    (Act.CLOSE_FORMER,       {_R.GESTIONNAIRE}),
    (Act.END_MIGRATION,      {_R.SYSTEM}),
    (Act.MOVE_SERVICE,       {_R.GESTIONNAIRE}),
    (Act.MERGE_STRUCTURES,   {_R.GESTIONNAIRE}),
    (Act.CLOSE_STRUCTURE,    {_R.GESTIONNAIRE}),
    # By its numbers it is known: as NUMBER_STRUCTURE.
    (Act.CHANGE_FINESS,      {_R.ADMINISTRATEUR}),
    (Act.UNDO_MOVE,          {_R.GESTIONNAIRE, _R.ADMINISTRATEUR}),
    (Act.SHARE_VIEW,         {_R.GESTIONNAIRE}),
]}
# fmt: on

# A gestionnaire of a structure that the person has left may still read what that structure did; the rest needs them to
# be there today.
EVEN_AFTER_DEPARTURE = frozenset({Act.EXPORT_PERSON})
# Who has these roles alone uses the box, and is not shown its journal and notices.
SHOWN_NO_HISTORY = frozenset({_R.DELEGATAIRE})

# Which request to the operator a move opens, and which it settles. They hear of nothing else: a request cancelled
# before it left makes no letter, and one that they had already followed makes a request to undo it.
OPENS: dict[Verb | Act, RequestKind] = {
    Act.REGISTER: RequestKind.OPEN,
    Act.REQUEST_OPENING: RequestKind.OPEN,
    _V.REQUEST_DEPUBLICATION: RequestKind.DEPUBLISH,
    _V.DEPUBLISH_IDLE: RequestKind.DEPUBLISH,
    _V.REQUEST_DELETION: RequestKind.DELETE,
}


def told_of(verb: Verb) -> frozenset[Party]:
    """Who hears of a move: those of its line, and the operator by the request that it opens."""
    return BY_VERB[verb].tells | ({Party.OPERATOR} if verb in OPENS else frozenset())


_STOPS_WAY_OUT = [(kind, RequestStage.CANCELLED) for kind in (RequestKind.DEPUBLISH, RequestKind.DELETE)]
SETTLES: dict[Verb | Act, list[tuple[RequestKind, RequestStage]]] = {
    _V.ACTIVATE: [(RequestKind.OPEN, RequestStage.DONE)],
    _V.ABANDON: [(RequestKind.OPEN, RequestStage.CANCELLED)],
    _V.VERIFY_DEPUBLICATION: [(RequestKind.DEPUBLISH, RequestStage.VERIFIED)],
    _V.CANCEL_DEPUBLICATION: [(RequestKind.DEPUBLISH, RequestStage.CANCELLED)],
    _V.CONFIRM_DELETION: [(RequestKind.DELETE, RequestStage.DONE)],
    _V.CANCEL_DELETION: [(RequestKind.DELETE, RequestStage.CANCELLED)],
    _V.VERIFY_DELETION: [(RequestKind.DELETE, RequestStage.VERIFIED)],
    _V.OPPOSE: _STOPS_WAY_OUT,
    _V.WAKE: _STOPS_WAY_OUT,
    _V.RECONSIDER: _STOPS_WAY_OUT,
    _V.NEVER_EXISTED: [(kind, RequestStage.CANCELLED) for kind in RequestKind],
    _V.OPERATOR_DELETED: [
        (RequestKind.DEPUBLISH, RequestStage.DONE),
        *[
            (kind, RequestStage.CANCELLED)
            for kind in RequestKind
            if kind not in (RequestKind.OPEN, RequestKind.DEPUBLISH)
        ],
    ],
}
PUBLISHES_AGAIN = frozenset({_V.OPPOSE, _V.WAKE, _V.CANCEL_DEPUBLICATION, _V.RECONSIDER})
# What was recorded as done by mistake is awaited again.
REOPENS: dict[Verb | Act, RequestKind] = {
    _V.RETRACT_OPENING: RequestKind.OPEN,
    _V.RETRACT_DELETION: RequestKind.DELETE,
}
# They contradict what the register said: the journal keeps why.
CORRECTING = frozenset(
    {
        _V.NEVER_EXISTED,
        _V.OPERATOR_DELETED,
        _V.RETRACT_OPENING,
        _V.RETRACT_DELETION,
        _V.REVIVE,
    }
)
# As good as a use: the year starts anew.
STARTS_THE_CLOCK = frozenset({_V.OPPOSE, _V.REVIVE})

# Each is about one person on one BAL: several are asked at once.
OF_ACCESSES = frozenset({RequestKind.GRANT, RequestKind.WITHDRAW})
# What takes an access away: who keeps another to the same BAL is to be left what that one gives, and no more.
LEAVES_LESS = frozenset({Act.REMOVE_COTITULAIRE, Act.END_DELEGATION, Act.OBJECT_ACCESS})
# What is asked of an access that is open already: until when, under whom, in what role, how much less.
OF_OPEN_ACCESSES = LEAVES_LESS | {Act.EXTEND_DELEGATION, Act.TAKE_OVER, Act.TRANSFER_PRINCIPAL}

# In these states a BAL awaits this request: what becomes of the one moves the other.
AWAITS: dict[RequestKind, frozenset[State]] = {
    RequestKind.OPEN: frozenset({_S.REQUESTED}),
    RequestKind.DEPUBLISH: frozenset({_S.DEPUBLICATION_REQUESTED}),
    RequestKind.DELETE: frozenset({_S.DELETION_REQUESTED, _S.DELETION_CONFIRMED}),
}
# What the annuaire shows of the address once it is done; of what is changed or preferred it does not say as much.
SHOWN_ONCE_DONE: dict[RequestKind, bool] = {
    RequestKind.OPEN: True,
    RequestKind.PUBLISH: True,
    RequestKind.DEPUBLISH: False,
    RequestKind.DELETE: False,
}
FOLLOWS: dict[tuple[RequestKind, Act], Verb] = {
    (RequestKind.OPEN, Act.RECORD_DONE): _V.ACTIVATE,
    (RequestKind.OPEN, Act.VERIFY_REQUEST): _V.ACTIVATE,
    (RequestKind.OPEN, Act.CANCEL_REQUEST): _V.ABANDON,
    (RequestKind.DEPUBLISH, Act.VERIFY_REQUEST): _V.VERIFY_DEPUBLICATION,
    (RequestKind.DEPUBLISH, Act.CANCEL_REQUEST): _V.CANCEL_DEPUBLICATION,
    (RequestKind.DELETE, Act.RECORD_DONE): _V.CONFIRM_DELETION,
    (RequestKind.DELETE, Act.VERIFY_REQUEST): _V.VERIFY_DELETION,
    (RequestKind.DELETE, Act.CANCEL_REQUEST): _V.CANCEL_DELETION,
}


class RequestStep(NamedTuple):
    act: Act
    before: frozenset[RequestStage]
    after: RequestStage


_G = RequestStage

# fmt: off
STEPS: dict[Act, RequestStep] = {act: RequestStep(act, frozenset(before), after) for act, before, after in [
    # what is done of a request    from                            to
    (Act.MARK_SENT,        {_G.DRAFT},                     _G.SENT),
    (Act.RECORD_DONE,      {_G.DRAFT, _G.SENT},            _G.DONE),
    (Act.VERIFY_REQUEST,   {_G.DRAFT, _G.SENT, _G.DONE},   _G.VERIFIED),
    (Act.RECORD_REFUSAL,   {_G.DRAFT, _G.SENT},            _G.REFUSED),
    (Act.CANCEL_REQUEST,   {_G.DRAFT, _G.SENT},            _G.CANCELLED),
    (Act.REMIND_OPERATOR,  {_G.SENT},                      _G.SENT),
    (Act.ESCALATE_REQUEST, {_G.SENT},                      _G.SENT),
    (Act.ASK_AGAIN,        {_G.REFUSED},                   _G.REFUSED),  # a new request, beside this one
]}
# fmt: on

BY_HAND = [act for act in STEPS if WHO_MAY[act] - {Role.SYSTEM}]

MAX_COTITULAIRES = 20  # of one BAL, the principal counted

# Why a step is refused of a request at that stage: what stands after « … est impossible : ».
AT_STAGE: dict[RequestStage, str] = {
    _G.DRAFT: "cette demande n’est pas encore partie chez l’opérateur. Envoyez-la d’abord",
    _G.SENT: "l’opérateur n’a pas encore répondu à cette demande. Relancez-le, ou enregistrez sa réponse",
    _G.DONE: "l’opérateur a déjà dit que c’est fait. Il reste à le voir à l’annuaire",
    _G.VERIFIED: "cette demande est faite, et l’annuaire le montre. Il n’y a plus rien à en faire",
    _G.REFUSED: "l’opérateur a refusé cette demande. Lisez sa réponse, puis demandez de nouveau",
    _G.CANCELLED: "cette demande est annulée. Faites-en une autre depuis la fiche de la BAL, ou depuis son écart",
}

# What whoever asks for a deletion attests; the journal keeps these words.
ATTESTATION = "les messages et documents utiles de cette BAL sont enregistrés ailleurs."

BY_VERB = {line.verb: line for line in TRANSITIONS}
# What a holder answers by the link of the mail about it: every step that they may oppose, and the questions.
ANSWERABLE = frozenset({line.verb for line in TRANSITIONS if line.after in BY_VERB[Verb.OPPOSE].before}) | {
    Act.REMIND_IDLE,
    Act.ASK_USE,
    Act.REMIND_USE,
    Act.NOTE_USE,
}
EXPOSED = [line.verb for line in TRANSITIONS if line.by - {Role.SYSTEM}]

# Sets of states, each named by the question that it answers. There is no other: what asks the same uses the same.
OVER = frozenset({State.DELETED, State.ABANDONED})  # is it a BAL no more?
LIVE = frozenset(State) - OVER
OPENED = LIVE - {State.REQUESTED}  # did the operator open it, and is it still there?
PAID = OPENED - {State.DELETION_CONFIRMED}  # does the operator charge for it?
WITH_ACCESSES = LIVE - {State.DELETION_CONFIRMED}  # does who may open it still count, here and at the operator's?
IN_SERVICE = BY_VERB[Verb.REQUEST_DEPUBLICATION].before  # open, and nobody asked for its end?
STOPPABLE = BY_VERB[Verb.OPPOSE].before  # would a holder's word, or a use, keep it?
MOVABLE = frozenset({State.ACTIVE})  # may it change its operator or its address?
LED_TO = frozenset({State.ACTIVE})  # may the correspondents of another be led to it?
TO_BE_LEFT = OPENED - IN_SERVICE  # are its correspondents to be led elsewhere?
ENDING = TO_BE_LEFT & STOPPABLE  # was its end asked for, and may it still be kept?
WITHDRAWN = ENDING - {State.DEPUBLICATION_REQUESTED}  # out of the annuaire and paid: does it serve nobody?
# Was its absence from the annuaire seen, and is nothing awaited since?
SEEN_GONE = frozenset(BY_VERB[verb].after for verb in (Verb.VERIFY_DEPUBLICATION, Verb.VERIFY_DELETION))
BEYOND_DEPUBLICATION = WITHDRAWN | {State.DELETION_CONFIRMED} | OVER  # is there no depublication left to ask for?
BEYOND_DELETION = BEYOND_DEPUBLICATION - {State.DEPUBLISHED}  # is there no deletion left to ask for?
UNFIT_TO_PREFER = frozenset(State) - {State.REQUESTED, State.ACTIVE}  # is a wish for it to be made anew?
ON_THE_WAY_OUT = UNFIT_TO_PREFER - {State.ABANDONED}  # has it steps of a way out to show?
# In which states does it wait for a word of the operator that moves it?
AWAITS_A_WORD = frozenset().union(*(BY_VERB[v].before for (_, act), v in FOLLOWS.items() if act == Act.RECORD_DONE))

# Sets of stages of a request, likewise.
AWAITED = (RequestStage.DRAFT, RequestStage.SENT)  # has the operator still to answer?
STANDING = (*AWAITED, RequestStage.DONE)  # was it asked, and not yet seen to be done?
ANSWERED = (RequestStage.DONE, RequestStage.VERIFIED)  # is it done, by the operator's word or by the annuaire's?
HOLDING = (*AWAITED, *ANSWERED)  # was it neither refused nor given up?
