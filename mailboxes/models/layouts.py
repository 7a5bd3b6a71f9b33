"""How each operator wants to be asked: the words and the columns that a structure writes to them."""

import re

from django.core.exceptions import ValidationError
from django.db import models

from directory.typography import quoted
from mailboxes.lifecycle import RequestKind
from mailboxes.models.operators import Operator
from mailboxes.models.structures import Structure

# fmt: off
PLACEHOLDERS: dict[str, str] = {
    # {name}            what stands in its place
    "adresse":             "adresse de la BAL",
    "type":                "PER, ORG, APP ou CAB",
    "structure":           "nom de la structure",
    "finess":              "FINESS de la structure",
    "siret":               "SIRET de la structure",
    "service":             "service de rattachement",
    "usage":               "usage de la BAL",
    "titulaire":           "titulaire, ou cotitulaire principal",
    "rpps":                "numéro RPPS du titulaire",
    "espace":              "espace accordé, en Mo",
    "personne":            "la personne dont l’accès est ouvert ou fermé",
    "rpps_personne":       "son numéro RPPS",
    "demande":             "ce qui est demandé : ouverture, retrait de l’annuaire…",
    "detail":              "le détail de ce qui est demandé",
    "motif":               "le motif",
    "bal_active":          "la BAL à utiliser à la place",
    "reponse_automatique": "le texte de la réponse automatique",
    "demandeur":           "qui fait la demande",
    "operateur":           "nom de l’opérateur",
    "numero":              "numéro de la demande",
    "date":                "date de la demande",
    "echeance":            "date à laquelle la réponse est attendue",
}
# fmt: on
NAMED = re.compile(r"\{([^{}]*)\}")


def check_placeholders(text: str) -> None:
    """Braces hold a known name and nothing else: no attribute, no index, no format."""
    unknown = sorted({name for name in NAMED.findall(text) if name not in PLACEHOLDERS})
    if unknown:
        named = ", ".join(f"{{{name}}}" for name in unknown)
        raise ValidationError(f"{named} : ce nom n’existe pas. Les noms possibles : {', '.join(PLACEHOLDERS)}.", "name")
    if re.search(r"[{}]", NAMED.sub("", text)):
        raise ValidationError("Une accolade est seule : un nom s’écrit entre { et }, comme {adresse}.", "brace")


def fill(text: str, facts: dict[str, str]) -> str:
    """The text with its names replaced, in one pass over a fixed dictionary: what a value holds is never read again.

    A line whose names all stand for nothing is left out, so that one layout serves whoever has no RPPS or no reason.
    """
    lines = []
    for line in text.splitlines():
        names = NAMED.findall(line)
        if not names or any(facts.get(name) for name in names):
            lines.append(NAMED.sub(lambda found: facts.get(found[1], ""), line))
    return "\n".join(lines)


def check_columns(text: str) -> None:
    for number, line in enumerate(filter(str.strip, text.splitlines()), 1):
        if "=" not in line:
            raise ValidationError(
                f"Colonne {number} : écrivez « Titre = {{adresse}} », et non {quoted(line)}.", "column"
            )
    check_placeholders(text)


def columns_of(text: str) -> list[tuple[str, str]]:
    """(title, value with placeholders) for each line `Titre = {adresse}`."""
    pairs = (line.partition("=") for line in text.splitlines() if line.strip())
    return [(title.strip(), value.strip()) for title, _, value in pairs]


class RequestLayout(models.Model):
    """The words in which a structure, and those below it, ask an operator; the nearest structure's is taken."""

    class Separator(models.TextChoices):
        SEMICOLON = ";", "point-virgule"
        COMMA = ",", "virgule"
        TAB = "\t", "tabulation"

    structure = models.ForeignKey(
        Structure,
        models.CASCADE,
        related_name="request_layouts",
        help_text="Il vaut pour elle et pour les structures qui lui sont rattachées.",
    )
    operator = models.ForeignKey(Operator, models.CASCADE, related_name="request_layouts", verbose_name="opérateur")
    kind = models.CharField(
        "demande", max_length=10, blank=True, choices=RequestKind, help_text="Vide : toutes les demandes."
    )
    subject = models.CharField("objet", max_length=200, validators=[check_placeholders])
    body = models.TextField("texte", max_length=5000, validators=[check_placeholders])
    columns = models.TextField(
        "colonnes du fichier",
        blank=True,
        max_length=2000,
        validators=[check_columns],
        help_text="Une par ligne, dans l’ordre : « Titre = {adresse} ».",
    )
    separator = models.CharField("séparateur", max_length=1, choices=Separator, default=Separator.SEMICOLON)

    class Meta:
        verbose_name = "modèle de demande"
        verbose_name_plural = "modèles de demande"
        ordering = ["operator__name", "kind", "structure__name"]
        constraints = [
            models.UniqueConstraint(
                fields=["structure", "operator", "kind"],
                name="layout_once",
                violation_error_message="Cet opérateur a déjà un modèle pour cette demande et cette structure.",
            )
        ]

    def __str__(self):
        return f"{self.operator}, {self.get_kind_display() or 'toutes les demandes'}"
