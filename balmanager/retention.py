"""What is kept, and how long: the settings decide, this says it to people."""

from datetime import timedelta
from typing import NamedTuple

from directory.typography import how_many
from mailboxes.models.thresholds import chosen

YEAR = 365  # days


class Retention(NamedTuple):
    setting: str
    what: str
    then: str

    @property
    def lasts(self) -> str:
        value = getattr(chosen, self.setting)
        if not isinstance(value, timedelta):
            return f"les {value} dernières"
        return _duration(value.days) if value else "sans limite"


def _duration(days: int) -> str:
    """The duration in words, in years where they are whole."""
    years, rest = divmod(days, YEAR)
    return how_many(days, "jour") if rest or not years else how_many(years, "an")


KEPT = [
    Retention("RECORD_KEPT", "Journal des décisions et avis remis", "les mots, noms et adresses en sont effacés"),
    Retention("PEOPLE_KEPT", "Identité et coordonnées d’une personne, après son départ de toute structure", "effacées"),
    Retention("ACCESS_TRACES_KEPT", "Traces d’accès : qui a regardé ou exporté quoi", "effacées"),
    Retention("ACCESS_TRACES_KEPT", "Réponses automatiques, une fois terminées", "effacées"),
    Retention("ACCOUNT_LOG_KEPT", "Journal des comptes : connexions refusées, rôles donnés ou retirés", "effacé"),
    Retention("ADMIN_LOG_KEPT", "Journal des écrans d’administration", "effacé"),
    Retention("BROWSER_KNOWN", "Navigateurs connus d’un compte", "oubliés"),
    Retention("READINGS_KEPT", "Relevés d’usage : dernière connexion, espace occupé", "effacés"),
    Retention(
        "IMPORTS_KEPT", "Listes d’opérateurs, sort de chaque ligne, actes en lot", "effacés ; les comptes restent"
    ),
    Retention("DRAFTS_KEPT", "Demandes de BAL laissées inachevées", "effacées"),
    Retention("DELIVERIES_KEPT", "Ce qui a été envoyé aux logiciels", "effacé"),
    Retention("CALLS_KEPT", "Mémoire des appels de l’API, contre les doublons", "effacée"),
    Retention("BACKUPS_KEPT", "Sauvegardes", "la plus ancienne s’efface"),
]
