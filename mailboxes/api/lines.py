"""A line of the annuaire as software reads it, and how fresh our copy is: said alike by every answer."""

from django.utils import timezone
from rest_framework import serializers

from directory.models import Entry
from mailboxes.api.bal_lines import written
from mailboxes.api.candidates import AnnuaireLine
from mailboxes.api.resolver import freshness

FRESHNESS = {"as_of": "2026-11-20T03:12:00+01:00", "is_stale": False}
LINE = {
    "address": "alice.exemple@chu-exemple.mssante.fr",
    "kind": "PER",
    "family_name": "EXEMPLE",
    "given_name": "Alice",
    "profession": "Médecin",
    "structure": "010000002",
    "structure_name": "CHU",
    "service": "",
}


class LineSerializer(serializers.Serializer):
    """One line of the annuaire."""

    address = serializers.CharField()
    kind = serializers.CharField()
    family_name = serializers.CharField()
    given_name = serializers.CharField()
    profession = serializers.CharField()
    structure = serializers.CharField()
    structure_name = serializers.CharField()
    service = serializers.CharField()


class FreshnessSerializer(serializers.Serializer):
    as_of = serializers.DateTimeField(allow_null=True, help_text="Date de l’annuaire public connu ici.")
    is_stale = serializers.BooleanField()


def line_told(entry: Entry | AnnuaireLine) -> dict:
    return {
        "address": entry.address,
        "kind": entry.kind,
        "family_name": entry.family_name,
        "given_name": entry.given_name,
        "profession": entry.profession,
        "structure": entry.structure_id,
        "structure_name": entry.structure_name,
        "service": entry.service,
    }


def freshness_told() -> dict:
    now = freshness()
    as_of = written(now.as_of, timezone.get_current_timezone()) if now.as_of else None
    return {"as_of": as_of, "is_stale": now.is_stale}
