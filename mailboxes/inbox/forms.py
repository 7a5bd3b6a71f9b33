"""What is asked to decide of things to do."""

from datetime import timedelta

from django import forms
from django.contrib.auth import get_user_model
from django.utils import timezone

from mailboxes.forms.offers import offer_rows
from mailboxes.inbox.actions import Decision, entrust_to, pause_until, say_done, take_up
from mailboxes.models import Membership, Structure

PAUSE = timedelta(days=14)  # what the field offers


class AccountField(forms.ModelChoiceField):
    def label_from_instance(self, obj):
        return obj.get_full_name() or obj.get_username()


class FollowForm(forms.Form):
    what = forms.ChoiceField(
        label="Décision",
        choices=[
            ("pause", "Mettre en pause"),
            ("entrust", "Confier"),
            ("done", "C’est fait"),
            ("take_up", "Remettre à faire"),
        ],
        widget=forms.HiddenInput,
        error_messages={"required": "Choisissez ce que vous décidez : pause, confier ou fait."},
    )
    until = forms.DateField(
        label="En pause jusqu’au", required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    who = AccountField(
        get_user_model().objects.none(), label="Confier à", required=False, empty_label="Choisir une personne…"
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["until"].initial = timezone.localdate() + PAUSE
        there = Membership.objects.filter(structure__in=Structure.objects.visible_to(user).values("pk"))
        accounts = get_user_model().objects.filter(is_active=True, software=None)
        offer_rows(self, who=accounts.filter(pk__in=there.values("user")).order_by("first_name", "username"))

    def clean(self):
        said = super().clean() or {}
        if said.get("what") == "pause" and not said.get("until"):
            self.add_error("until", "Dites jusqu’à quel jour la mettre en pause.")
        if said.get("what") == "entrust" and not said.get("who"):
            self.add_error("who", "Choisissez à qui la confier.")
        return said

    def decision(self) -> Decision:
        said = self.cleaned_data
        if said["what"] == "pause":
            return pause_until(said["until"])
        if said["what"] == "entrust":
            return entrust_to(said["who"])
        return say_done() if said["what"] == "done" else take_up()
