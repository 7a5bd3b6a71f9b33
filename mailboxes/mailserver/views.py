"""An operator's server, for administrators; the secret and the automatic reply of a BAL, for its holders."""

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from directory.typography import quoted
from mailboxes.lifecycle import Act
from mailboxes.mailserver.actions import end_reply
from mailboxes.mailserver.forms import MailServerForm, ReplyForm, SecretForm
from mailboxes.models import AutoReply, MailAccess, MailServer, Operator
from mailboxes.rules import check_ask_reply, check_end_reply, check_give_secret
from mailboxes.views.acts import ActView
from mailboxes.views.places import OneOperatorView

SHOWN = 20  # BAL that fail


class MailServerView(OneOperatorView):
    template_name = "mailboxes/mailserver/server.html"
    form_class = MailServerForm
    label = "Relevés et réponses automatiques"
    submit = "Enregistrer"
    done = "C’est enregistré. La visite suivante le met en œuvre, dans les dix minutes."

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.operator = get_object_or_404(Operator, pk=kwargs["operator"])
        self.server = MailServer.objects.filter(operator=self.operator).first()

    def get_form_kwargs(self):
        # The form writes to what it is given: the page goes on showing what stands.
        return {**super().get_form_kwargs(), "instance": MailServer.objects.filter(operator=self.operator).first()}

    def perform(self, form, *, by):
        return form.perform(self.operator, by=by)

    def back(self):
        return reverse("operator-edit", args=[self.operator.pk])

    def get_context_data(self, **kwargs):
        failing = MailAccess.objects.of_operator(self.operator.pk).failing()
        rows = failing.select_related("bal").order_by("failing_since", "pk")[:SHOWN]
        facts = {"operator": self.operator, "server": self.server, "failing": rows, "failing_count": failing.count()}
        return super().get_context_data(**facts, **kwargs)


class GiveSecretView(ActView):
    act = Act.GIVE_SECRET
    form_class = SecretForm
    submit = "Enregistrer"
    done = "C’est enregistré."
    warning = (
        "Ce secret ouvre la BAL. Il ne sert ici qu’à demander l’espace occupé et à poser la réponse automatique que "
        "vous demandez : aucun message n’est ouvert."
    )

    def check(self, *, by):
        check_give_secret(self.bal, by=by)


class AskReplyView(ActView):
    act = Act.ASK_REPLY
    form_class = ReplyForm
    submit = "Demander cette réponse"
    done = "C’est demandé. La fiche de la BAL dira quand la réponse est en place chez l’opérateur."

    def get_initial(self):
        return {"starts_on": timezone.localdate()}

    def check(self, *, by):
        check_ask_reply(self.bal, by=by)


class EndReplyView(ActView):
    act = Act.END_REPLY
    done = "C’est noté : la réponse automatique est retirée à la prochaine visite, dans les dix minutes."
    reply: AutoReply

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.reply = get_object_or_404(AutoReply.objects.standing(), bal=self.bal)
        self.reply.bal = self.bal
        self.warning = f"Vos correspondants ne recevront plus : {quoted(self.reply.text)}"

    def check(self, *, by):
        check_end_reply(self.reply, by=by)

    def perform(self, form, *, by):
        return end_reply(self.reply, by=by)
