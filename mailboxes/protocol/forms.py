"""The structure's own words in its protocol, part by part."""

from django import forms

from mailboxes.forms.offers import ShowingForm
from mailboxes.models import Structure
from mailboxes.protocol.actions import write_protocol
from mailboxes.protocol.models import ProtocolText


class ProtocolForm(ShowingForm):
    def __init__(self, *args, structure: Structure, **kwargs):
        super().__init__(*args, **kwargs)
        self.structure = structure
        known = dict(structure.protocol_texts.values_list("section", "text"))
        for section in ProtocolText.Section:
            self.fields[section.value] = forms.CharField(
                label=section.label,
                required=False,
                max_length=5000,
                initial=known.get(section.value, ""),
                widget=forms.Textarea({"rows": 3}),
            )

    def perform(self, *, by):
        return write_protocol(self.structure, self.typed(*self.fields), by=by)
