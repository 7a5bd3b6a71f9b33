"""The thresholds and delays that the whole installation lives by, as its administrator chose them.

Code asks `chosen.NAME`: the latest choice, else the setting of that name.
"""

from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import models
from django.db.models import TextChoices
from django.utils import timezone

from mailboxes.models.memory import Memory


class ThresholdGroup(TextChoices):
    USE = "use", "Usage et inactivité"
    SPACE = "space", "Espace"
    DELAYS = "delays", "Délais et rappels"
    KEPT = "kept", "Conservation"


class Threshold(NamedTuple):
    """`name`: of the setting; `low` and `high`: what makes sense; `many`: several numbers, in this order."""

    name: str
    group: ThresholdGroup
    label: str
    sentence: str
    low: int
    high: int
    unit: str = "jours"
    many: str = ""

    @property
    def default(self) -> int | list[int]:
        return self.plain(getattr(settings, self.name))

    def plain(self, value: Any) -> int | list[int]:
        """The value as it is written down: a delay as a number of days."""
        return value.days if isinstance(value, timedelta) else value

    def kept_as(self, value: int | list[int]) -> Any:
        """The value as the code asks for it: a delay as a timedelta."""
        is_delay = isinstance(getattr(settings, self.name), timedelta)
        return timedelta(days=value) if is_delay and isinstance(value, int) else value

    def said(self, value: int | list[int]) -> str:
        numbers = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        return f"{numbers} {self.unit}"


RISING, FALLING = "rising", "falling"
_G = ThresholdGroup
# fmt: off
THRESHOLDS = [
    Threshold("READING_FRESH_DAYS", _G.USE, "Durée de validité d’un relevé",
              "Au-delà, l’usage d’une BAL est inconnu et rien n’en est conclu ; un opérateur peut avoir le sien.", 7,
              180),
    Threshold("IDLE_REMINDERS", _G.USE, "Rappels d’une alerte d’inactivité",
              "Autant de jours avant la demande de dépublication ; trois au plus.", 1, 60, many=FALLING),
    Threshold("IDLE_ESCALATE_BEFORE", _G.USE, "Alerte sans réponse, dite au gestionnaire",
              "Autant de jours avant la demande de dépublication.", 1, 60),
    Threshold("IDLE_UNREACHED_AFTER", _G.USE, "Alerte non remise, dite au gestionnaire",
              "Autant de jours après l’alerte.", 1, 30),
    Threshold("USE_QUESTION_AFTER", _G.USE, "BAL d’usage inconnu : question posée après",
              "Le temps qu’un relevé arrive ; ensuite ses titulaires disent si elle sert.", 7, 180),
    Threshold("CLEANUP_IDLE_MONTHS", _G.USE, "Campagne de nettoyage : BAL inutilisées depuis",
              "Qui s’est servi de sa BAL depuis n’est pas interrogé.", 1, 24, "mois"),
    Threshold("QUOTA_THRESHOLDS", _G.SPACE, "Alertes de remplissage",
              "Le premier prévient, le dernier dit qu’elle est pleine.", 50, 99, "%", many=RISING),
    Threshold("QUOTA_HYSTERESIS", _G.SPACE, "Fin d’une alerte de remplissage",
              "La BAL est redescendue d’autant de points sous le seuil.", 1, 20, "points"),
    Threshold("REQUEST_ESCALATE_AFTER", _G.DELAYS, "Demande relancée sans effet, dite au gestionnaire",
              "Autant de jours après la relance de l’opérateur.", 1, 60),
    Threshold("DELETION_WAIT", _G.DELAYS, "Entre la dépublication et la demande de suppression",
              "Le temps que les correspondants l’apprennent ; plus tôt, un avertissement seulement.", 1, 180),
    Threshold("CAMPAIGN_REMIND_AFTER", _G.DELAYS, "Campagne : rappel après", "À qui n’a pas répondu.", 3, 60),
    Threshold("CONTACT_DELAY", _G.DELAYS, "Coordonnées données par autrui, comptées après",
              "Le temps que la personne puisse les refuser.", 2, 30),
    Threshold("JOINING_VALID", _G.DELAYS, "Demande de rattachement, valable", "Ensuite elle est à refaire.", 7, 180),
    Threshold("ANSWER_LINK_VALID", _G.DELAYS, "Lien d’un courriel, valable",
              "Qui répond plus tard se connecte. Vaut aussi pour les liens déjà partis.", 7, 90),
    Threshold("ARRIVAL_PREPARED_BEFORE", _G.DELAYS, "Arrivée à préparer", "Autant de jours avant.", 1, 90),
    Threshold("MOVEMENT_REMIND_EVERY", _G.DELAYS, "Dossier d’arrivée ou de départ en retard, rappelé tous les",
              "Jusqu’à ce qu’il soit clos.", 1, 60),
    Threshold("APP_SILENT_AFTER", _G.DELAYS, "BAL applicative silencieuse après",
              "Un logiciel ne donne plus signe de vie.", 7, 365),
    Threshold("ACCESS_TRACES_KEPT", _G.KEPT, "Traces de consultation", "Ensuite elles sont effacées.", 180, 1095),
    Threshold("READINGS_KEPT", _G.KEPT, "Relevés d’usage et d’espace",
              "Ensuite ils sont effacés ; la fiche garde le dernier usage connu.", 400, 3650),
    Threshold("IMPORTS_KEPT", _G.KEPT, "Détail des imports", "Ensuite un import ne s’annule plus.", 7, 1095),
    Threshold("DRAFTS_KEPT", _G.KEPT, "Brouillons de demandes de BAL", "Ensuite ils sont effacés.", 7, 730),
    Threshold("PEOPLE_KEPT", _G.KEPT, "Personnes parties", "Après leur départ de toute structure.", 30, 3650),
]
# fmt: on
BY_NAME = {one.name: one for one in THRESHOLDS}


class Choice(models.Model):
    """One choice of one threshold, and why. Rows are added and never changed: they are the journal of it too."""

    name = models.CharField("réglage", max_length=40)
    value = models.JSONField("valeur", null=True, blank=True)  # None: as installed
    why = models.CharField("motif", max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="par")
    at = models.DateTimeField("le", default=timezone.now)

    class Meta:
        verbose_name = "réglage choisi"
        verbose_name_plural = "réglages choisis"
        ordering = ["-pk"]
        indexes = [models.Index(fields=["name", "-id"], name="choice_of_threshold")]

    def __str__(self):
        return f"{self.threshold.label if self.threshold else self.name} : {self.said}"

    @property
    def threshold(self) -> Threshold | None:
        return BY_NAME.get(self.name)

    @property
    def said(self) -> str:
        if self.value is None:
            return "comme à l’installation"
        return self.threshold.said(self.value) if self.threshold else str(self.value)


class Chosen(Memory):
    """`chosen.READING_FRESH_DAYS`."""

    def __init__(self) -> None:
        super().__init__()
        self._values: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return self._values[name] if name in self._values else getattr(settings, name)

    def told(self) -> tuple[str, ...]:
        """All of them as they are now, for what is true of these alone."""
        return tuple(repr(getattr(self, one.name)) for one in THRESHOLDS)

    def read(self) -> None:
        latest: dict[str, int | list[int] | None] = {}
        for name, value in Choice.objects.order_by("pk").values_list("name", "value"):
            latest[name] = value
        self._values = {
            name: BY_NAME[name].kept_as(value)
            for name, value in latest.items()
            if value is not None and name in BY_NAME
        }

    def forget(self) -> None:
        self._values = {}


chosen = Chosen()
