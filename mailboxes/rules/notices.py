"""Who is told of what and how, what they answer, and what is done where they could not be reached."""

from django.conf import settings
from django.utils import timezone

from directory.typography import quoted
from mailboxes.lifecycle import BECAUSE, STOPPABLE, Act, State, Verb
from mailboxes.models import Bal, Notice, Person
from mailboxes.models.system import Signatory
from mailboxes.rules.moves import check_act, check_move
from mailboxes.rules.refusals import NotAllowed, Refused
from mailboxes.rules.roles import check_may
from mailboxes.rules.usage import check_declare_use


def check_still_due(bal: Bal, act: Act, is_due: bool, *, by) -> None:
    """What the sweep asked, asked again under the lock: of two runs at once, the second finds nothing to do."""
    check_act(bal, act, by=by)
    if not is_due:
        raise Refused(f"{quoted(act.label)} n’est pas, ou n’est plus, à faire.", "due")


def check_ask_deletion(bal: Bal, asked: bool, *, by) -> None:
    """`asked`: since the BAL is depublished."""
    check_act(bal, Act.ASK_DELETION, by=by)
    if bal.state != State.DEPUBLISHED:
        raise Refused(
            f"On ne le demande que d’une BAL dépubliée, encore payée : {BECAUSE[State(bal.state)]}.",
            "state",
        )
    if not bal.cotitulaires.all():
        raise Refused("Personne ne tient cette BAL : désignez d’abord qui en répond.", "holder")
    if asked:
        raise Refused(
            "C’est déjà demandé à qui tient cette BAL depuis qu’elle est dépubliée : sa réponse est attendue.", "asked"
        )


def check_ask_use(bal: Bal, asked: bool, *, by) -> None:
    """`asked`: within this cycle of questions."""
    check_act(bal, Act.ASK_USE, by=by)
    if not bal.has_users:
        raise Refused("Une BAL applicative n’a pas de titulaire à qui le demander : un logiciel l’utilise.", "kind")
    if not bal.cotitulaires.all():
        raise Refused("Personne ne tient cette BAL : il n’y a personne à qui le demander.", "holder")
    if bal.clock_at is not None:
        raise Refused("On sait quand cette BAL a servi : il n’y a rien à demander.", "known")
    if not bal.is_of_unknown_use:
        raise Refused(f"On ne le demande que d’une BAL active : {BECAUSE[State(bal.state)]}.", "state")
    if asked:
        raise Refused("C’est déjà demandé à ses titulaires : leur réponse est attendue.", "asked")


def check_answer_notice(notice: Notice, bal: Bal, said: str, *, by) -> None:
    """A notice is answered by its link, once, by the person it was sent to, who may only do what they could logged
    in."""
    if not isinstance(by, Signatory) or notice.person_id != by.person.pk or not notice.is_answerable:
        raise NotAllowed("Ce lien ne permet pas de répondre à cet avis : connectez-vous pour y répondre.", "role")
    if notice.answer:
        raise Refused("Vous avez déjà répondu par ce lien. Pour changer d’avis, connectez-vous.", "answered")
    if said not in Notice.Answer.values:
        raise Refused("Choisissez une des réponses.", "answer")
    check_awaited(notice, bal)
    if said == Notice.Answer.USED:
        check_declare_use(bal, by=by)
    else:
        check_move(bal, Verb.OPPOSE if said == Notice.Answer.KEPT else Verb.REQUEST_DEPUBLICATION, by=by)


def check_awaited(notice: Notice, bal: Bal) -> None:
    """The link of an old mail does not undo what was decided since: it asks about something that still stands."""
    is_question = notice.act in (Act.ASK_USE, Act.REMIND_USE)
    stands = bal.is_of_unknown_use if is_question else bal.state in STOPPABLE
    chosen_since = bal.state_since > notice.created_at and bal.leaves_by_choice()
    if chosen_since or not stands:
        raise Refused(f"Il n’y a plus rien à répondre : cette BAL est {bal.get_state_display()}.", "state")


def check_channel(channel: str, email: str, mssante_address: str) -> None:
    if channel == Person.Channel.EMAIL and not email:
        raise Refused("Donnez un courriel, ou choisissez un autre moyen.", "email")
    if channel == Person.Channel.MSSANTE and not settings.MSSANTE_MAIL:
        raise Refused("Ce service n’envoie pas d’avis par messagerie MSSanté. Choisissez un autre moyen.", "channel")
    if channel == Person.Channel.MSSANTE and not mssante_address:
        raise Refused("Donnez l’adresse MSSanté où recevoir vos avis.", "mssante_address")


def check_mend_notice(notice: Notice, act: Act, *, by) -> None:
    """A gestionnaire tells otherwise, or once more, whom a notice did not reach."""
    check_may(act, bal=notice.bal, person=notice.person, by=by)
    if notice.is_delivered:
        raise Refused("Cet avis est remis : il n’y a rien à renvoyer.", "sent")
    if act == Act.RESEND_NOTICE and not notice.is_stuck:
        waits = notice.channel != Notice.Channel.WITHDRAWN
        raise Refused(
            "Cet avis est déjà sur le point de partir : il n’y a rien à renvoyer."
            if waits
            else "Cet avis est retiré avant l’envoi : il n’y a plus rien à en dire.",
            "sent",
        )


def check_reachable(notice: Notice) -> None:
    if not notice.address:
        raise Refused(
            f"Aucune adresse n’est connue pour {notice.recipient} : complétez-la, ou prévenez-la autrement.",
            "address",
        )


def check_given(notice: Notice, how: str, on) -> None:
    if not how.strip():
        raise Refused("Dites comment l’avis a été donné.", "how")
    if not timezone.localdate(notice.created_at) <= on <= timezone.localdate():
        raise Refused("La date se place entre celle de l’avis et aujourd’hui.", "on")
