"""Who opens an operator's mail server to us, and what a holder may have set there."""

from datetime import date, timedelta

from django.utils import timezone

from mailboxes.lifecycle import OPENED, Act
from mailboxes.models import AutoReply, Bal, MailServer
from mailboxes.rules.moves import check_act
from mailboxes.rules.places import check_describe_operator
from mailboxes.rules.refusals import Refused

LONGEST_REPLY = timedelta(days=366)
LONGEST_SECRET = 200


def check_set_server(server: MailServer, *, by) -> None:
    check_describe_operator(by=by)
    if server.is_used and server.auth == MailServer.Auth.MASTER and not (server.login and server.secret):
        raise Refused("Donnez le nom et le mot de passe du compte de service.", "account")
    if server.reads_space and not server.is_apart:
        raise Refused(
            "Faites d’abord confirmer par l’opérateur que ces connexions ne comptent pas comme une utilisation : "
            "sinon toutes ses BAL passeraient pour utilisées le jour du relevé.",
            "apart",
        )


def check_give_secret(bal: Bal, *, by) -> None:
    check_act(bal, Act.GIVE_SECRET, by=by)
    server = server_of(bal)
    if server is None or not server.is_used or server.auth != MailServer.Auth.OWN:
        raise Refused(
            "L’opérateur de cette BAL ne demande pas de secret par BAL : n’en confiez aucun, il ne servirait à rien.",
            "unasked",
        )


def check_ask_reply(bal: Bal, *, by) -> None:
    """What is known before anything is typed."""
    check_act(bal, Act.ASK_REPLY, by=by)
    if bal.state not in OPENED:
        raise Refused("L’opérateur n’a pas encore ouvert cette BAL : attendez sa réponse.", "state")
    server = server_of(bal)
    if server is None or not server.sets_replies:
        raise Refused(
            "L’opérateur de cette BAL ne se laisse pas régler d’ici : mettez la réponse depuis votre messagerie.",
            "no-server",
        )
    if server.auth == MailServer.Auth.OWN and not has_secret(bal):
        raise Refused("Donnez d’abord le secret de cette BAL : sans lui, l’opérateur n’ouvre pas ses règles.", "secret")
    if AutoReply.objects.standing().filter(bal=bal).exists():
        raise Refused("Cette BAL a déjà une réponse automatique : retirez-la d’abord.", "standing")


def check_reply(text: str, starts_on: date, ends_on: date) -> None:
    if not text.strip():
        raise Refused("Écrivez la réponse que vos correspondants recevront.", "empty")
    if ends_on < max(starts_on, timezone.localdate()):
        raise Refused("Le dernier jour ne peut être ni passé ni avant le premier.", "dates")
    if ends_on - starts_on > LONGEST_REPLY:
        raise Refused("Une réponse automatique dure un an au plus : choisissez un dernier jour plus proche.", "dates")


def check_end_reply(reply: AutoReply, *, by) -> None:
    check_act(reply.bal, Act.END_REPLY, by=by)
    if reply.is_over or reply.stage == AutoReply.Stage.ENDING:
        raise Refused("Cette réponse automatique est déjà retirée, ou son retrait est demandé.", "over")


def server_of(bal: Bal) -> MailServer | None:
    return getattr(bal.operator, "mail_server", None)


def has_secret(bal: Bal) -> bool:
    access = getattr(bal, "mail_access", None)
    return access is not None and bool(access.secret)
