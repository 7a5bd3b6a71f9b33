"""What the state of accesses is asked for."""

from django import forms
from django.db.models import QuerySet

from mailboxes.forms.holders import DateInput
from mailboxes.forms.offers import offer_rows
from mailboxes.forms.structure_field import StructureField
from mailboxes.models import Structure


class AccessReportForm(forms.Form):
    structure = StructureField(Structure.objects.none(), label="Structure", required=False, empty_label="toutes")
    personne = forms.CharField(label="Personne", required=False, max_length=200, help_text="Un nom, ou un RPPS.")
    depuis = forms.DateField(label="Ce qui a changé depuis le", required=False, widget=DateInput())

    def __init__(self, *args, seen: QuerySet[Structure], **kwargs):
        super().__init__(*args, **kwargs)
        offer_rows(self, structure=seen)
