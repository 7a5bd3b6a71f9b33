"""The protocol of use of a structure: as a page, as a PDF, and the structure's own words in it."""

from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from mailboxes.lifecycle import Act
from mailboxes.lists.place import places_within
from mailboxes.models import Structure
from mailboxes.protocol.document import TITLE, parts_of, printed
from mailboxes.protocol.forms import ProtocolForm
from mailboxes.protocol.rules import check_write_protocol
from mailboxes.rules import allows
from mailboxes.views.acts import ActionView
from mailboxes.views.files import pdf_file
from mailboxes.views.structures_named import structures_named


def protocols(request):
    """Which structure's; where there is one, at once."""
    structures = places_within(request)
    if len(only := structures[:2]) == 1:
        return redirect("protocol", only[0].pk)
    return render(request, "mailboxes/protocol/list.html", structures_named(request, structures))


def protocol(request, pk):
    structure = get_object_or_404(Structure.objects.visible_to(request.user).select_related("parent__parent"), pk=pk)
    return render(
        request,
        "mailboxes/protocol/protocol.html",
        {
            "title": TITLE,
            "structure": structure,
            "parts": parts_of(structure),
            "day": timezone.localdate(),
            "can_write": allows(check_write_protocol, structure, by=request.user),
        },
    )


def protocol_pdf(request, pk):
    structure = get_object_or_404(Structure.objects.visible_to(request.user).select_related("parent__parent"), pk=pk)
    return pdf_file("protocole-mssante", printed(structure, timezone.localdate()))


class WriteProtocolView(ActionView):
    form_class = ProtocolForm
    label = Act.WRITE_PROTOCOL.label
    done = "Le protocole est à jour."
    warning = "Vos mots s’ajoutent, partie par partie, à ce que le registre dit déjà. N’y écrivez rien sur un patient."
    structure: Structure

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.structure = get_object_or_404(Structure.objects.visible_to(request.user), pk=kwargs["pk"])

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "structure": self.structure}

    def check(self, *, by):
        check_write_protocol(self.structure, by=by)

    def perform(self, form, *, by):
        form.perform(by=by)

    def back(self):
        return reverse("protocol", args=[self.structure.pk])
