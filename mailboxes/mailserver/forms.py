"""How an operator's server is reached; a secret; the words and days of a reply."""

from django import forms

from mailboxes.forms.holders import DateInput
from mailboxes.forms.offers import ShowingForm
from mailboxes.mailserver.actions import ask_reply, give_secret, set_mail_server
from mailboxes.models import AutoReply, Bal, MailAccess, MailServer, Operator
from mailboxes.models.fields import length_of
from mailboxes.rules import LONGEST_SECRET

SECRET = forms.PasswordInput({"autocomplete": "new-password"})


class MailServerForm(ShowingForm, forms.ModelForm):
    proposed = ("password",)
    password = forms.CharField(
        label="Mot de passe du compte de service",
        required=False,
        strip=False,
        max_length=LONGEST_SECRET,
        widget=SECRET,
        help_text="Gardé chiffré, jamais montré. Vide : celui qui est déjà donné reste.",
    )
    field_order = [
        "host", "imap_port", "imap_tls", "auth", "login", "password", "reads_space", "is_apart", "sieve_port",
        "sets_replies",
    ]  # fmt: skip

    class Meta:
        model = MailServer
        fields = [
            "host", "imap_port", "imap_tls", "auth", "login", "reads_space", "is_apart", "sieve_port", "sets_replies",
        ]  # fmt: skip
        widgets = {"imap_tls": forms.RadioSelect, "auth": forms.RadioSelect}
        help_texts = {
            "host": "Le nom écrit dans son certificat, qui est vérifié : imap.operateur.fr.",
            "imap_port": "993 d’ordinaire ; 143 avec STARTTLS.",
            "sieve_port": "4190 d’ordinaire, toujours avec STARTTLS.",
            "login": "Celui que l’opérateur a ouvert pour ces relevés, s’il y en a un.",
            "reads_space": "L’espace occupé et accordé de chaque BAL, une fois par jour. Aucun message n’est ouvert.",
            "is_apart": "Sinon toutes ses BAL passeraient pour utilisées. Avec Dovecot : "
            "last_login_key = last-login/%{auth_user}.",
            "sets_replies": "Seulement celles que les titulaires demandent. Leurs propres règles ne sont pas touchées.",
        }

    def perform(self, operator: Operator, *, by) -> MailServer:
        facts = self.typed(*self.fields) if self.instance.pk else self.cleaned_data
        return set_mail_server(operator, by=by, **facts)


class SecretForm(forms.Form):
    secret = forms.CharField(
        label="Mot de passe de la BAL, ou mot de passe d’application",
        required=False,
        strip=False,
        max_length=LONGEST_SECRET,
        widget=SECRET,
        help_text="Préférez un mot de passe d’application, que vous pouvez retirer. Gardé chiffré, jamais montré. "
        "Vide : celui qui était donné est effacé.",
    )

    def perform(self, bal: Bal, *, by) -> MailAccess:
        return give_secret(bal, self.cleaned_data["secret"], by=by)


class ReplyForm(forms.Form):
    text = forms.CharField(
        label="Réponse à vos correspondants",
        max_length=length_of(AutoReply, "text"),
        widget=forms.Textarea({"rows": 5}),
        help_text="Envoyée telle quelle, une fois par semaine au plus à chaque correspondant. Dites à qui écrire en "
        "attendant. N’y écrivez rien sur un patient.",
    )
    starts_on = forms.DateField(label="Premier jour", widget=DateInput())
    ends_on = forms.DateField(label="Dernier jour", widget=DateInput(), help_text="Elle est retirée le lendemain.")

    def perform(self, bal: Bal, *, by) -> AutoReply:
        return ask_reply(bal, by=by, **self.cleaned_data)
