"""What a structure adds, in its own words, to the notices that its people receive.

A structure without words of its own for a notice takes those of the nearest one above it.
"""

from collections import defaultdict

from django.conf import settings
from django.db import models
from django.utils import timezone

from mailboxes.models.memory import Memory
from mailboxes.models.structures import Structure, nearest

LONGEST = 300  # characters; the journal keeps as many


class OwnWords(models.Model):
    """A structure's words for one kind of notice; empty once taken back. What was said before stands in the journal."""

    structure = models.ForeignKey(Structure, models.CASCADE, related_name="own_words")
    kind = models.CharField("avis", max_length=30)  # as in `notices.mails.WORDINGS`
    text = models.TextField("texte", max_length=LONGEST, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="par")
    at = models.DateTimeField("le", default=timezone.now)

    class Meta:
        verbose_name = "mot d’une structure"
        verbose_name_plural = "mots des structures"
        constraints = [models.UniqueConstraint(fields=["structure", "kind"], name="own_words_once")]

    def __str__(self):
        return f"{self.structure} : {self.kind}"


class OwnWordsMemory(Memory):
    """The words of all structures, kept in memory: each notice asks for them, and a night writes thousands."""

    def __init__(self) -> None:
        super().__init__()
        self._words: dict[str, dict[int, str]] = {}  # by kind, then structure

    def of(self, structure: Structure | None, kind: str) -> str:
        return self._words.get(kind, {}).get(structure.pk, "") if structure else ""

    def read(self) -> None:
        said: dict[str, dict[int, str]] = defaultdict(dict)
        for structure, kind, text in OwnWords.objects.exclude(text="").values_list("structure", "kind", "text"):
            said[kind][structure] = text
        self._words = {}
        if not said:
            return
        lines = Structure.objects.lines()
        for kind, texts in said.items():
            heard = {pk: nearest(line, texts) for pk, line in lines.items()}
            self._words[kind] = {pk: text for pk, text in heard.items() if text}

    def forget(self) -> None:
        self._words = {}


own_words = OwnWordsMemory()
