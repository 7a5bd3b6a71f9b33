"""What people are told, notice by notice, and what their structure adds to it."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from mailboxes.forms.own_words import WordsForm
from mailboxes.lifecycle import Act
from mailboxes.lists.place import places_within
from mailboxes.models import Structure
from mailboxes.models.own_words import OwnWords
from mailboxes.models.structures import nearest
from mailboxes.notices.mails import sample_mail
from mailboxes.notices.wordings import OF_PEOPLE, WORDINGS, Awaits, Wording
from mailboxes.rules import allows, check_write_words
from mailboxes.views.acts import ActionView
from mailboxes.views.structures_named import structures_named


class NoticeText(NamedTuple):
    kind: str
    wording: Wording
    words: OwnWords | None  # its own, else those of the nearest structure above
    is_inherited: bool


def notice_texts(request):
    """The structures to choose among; a lone one is opened at once."""
    structures = places_within(request)
    if len(only := structures[:2]) == 1:
        return redirect("notice-texts-of", only[0].pk)
    return render(request, "mailboxes/notices/texts_of_which.html", structures_named(request, structures))


def texts_of(request, pk):
    structure = _structure(request, pk)
    texts = [_text(structure, kind, words) for kind, words in _heard_in(structure.line()).items()]
    return render(
        request,
        "mailboxes/notices/texts.html",
        {
            "structure": structure,
            "groups": [(awaits.label, [one for one in texts if one.wording.awaits == awaits]) for awaits in Awaits],
            "may": allows(check_write_words, structure, by=request.user),
        },
    )


def _structure(request, pk) -> Structure:
    return get_object_or_404(Structure.objects.visible_to(request.user).select_related("parent__parent"), pk=pk)


def _text(structure: Structure, kind: str, words: OwnWords | None) -> NoticeText:
    is_inherited = words is not None and words.structure_id != structure.pk
    return NoticeText(kind, WORDINGS[kind], words, is_inherited)


def _heard_in(line: Sequence[int]) -> dict[str, OwnWords | None]:
    """The words, by kind, of the first of these structures, else of the nearest one above."""
    written: dict[str, dict[int, OwnWords]] = defaultdict(dict)
    for one in OwnWords.objects.exclude(text="").filter(structure__in=line).select_related("structure", "by"):
        written[one.kind][one.structure_id] = one
    return {kind: nearest(line, written[kind]) for kind in OF_PEOPLE}


class WriteWordsView(ActionView):
    template_name = "mailboxes/notices/write_words.html"
    form_class = WordsForm
    label = Act.WRITE_WORDS.label
    submit = "Enregistrer"
    done = "C’est enregistré : les prochains avis le diront. Ceux qui sont déjà écrits ne changent pas."
    warning = (
        "Ce mot part aussi par courriel, qui est lu par d’autres : ni adresse MSSanté, ni rien sur un patient ou sur "
        "l’état d’une boîte. Un nom, un téléphone, un horaire, une consigne."
    )

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.structure, self.kind = _structure(request, kwargs["pk"]), kwargs["kind"]
        if self.kind not in OF_PEOPLE:
            raise Http404
        self.above = _heard_in(self.structure.line()[1:])[self.kind]

    def check(self, *, by):
        check_write_words(self.structure, by=by)

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "structure": self.structure, "kind": self.kind, "above": self.above}

    def perform(self, form, *, by):
        words = form.perform(by=by)
        if not words.text:
            self.done = f"Votre mot est retiré : dans les prochains avis, {form.without}."
        return words

    def back(self):
        return reverse("notice-texts-of", args=[self.structure.pk])

    def get_context_data(self, **kwargs):
        words, wording = _heard_in(self.structure.line())[self.kind], WORDINGS[self.kind]
        subject = f"[{self.structure}] {wording.subject}"
        mail = sample_mail(wording, subject, self.structure, own_words=words.text if words else "")
        return super().get_context_data(structure=self.structure, mail=mail, **kwargs)
