"""How pressing a thing is: the findings and the gaps are told in this order."""

from django.db.models import TextChoices


class Severity(TextChoices):
    URGENT = "urgent", "urgent"
    TODO = "todo", "à faire"
    WATCH = "watch", "à surveiller"
