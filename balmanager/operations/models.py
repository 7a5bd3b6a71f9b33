"""What an operator of the service must know of its jobs: when each last ran, how long, how often, what failed; and of
which troubles they were told."""

from django.db import models
from django.utils import timezone


class Job(models.Model):
    """One entry of the schedule; written by the workers, whoever runs."""

    name = models.CharField("tâche", max_length=100, primary_key=True)
    started_at = models.DateTimeField("dernier départ")
    ended_at = models.DateTimeField("dernière fin", null=True)
    seconds = models.FloatField("durée (s)", null=True)
    done = models.IntegerField("faits", null=True)  # by the last run, where it tells
    refused = models.IntegerField("refusés", null=True)
    succeeded_at = models.DateTimeField("dernier succès", null=True)
    runs = models.PositiveBigIntegerField("passages", default=0)
    failures = models.PositiveBigIntegerField("échecs", default=0)

    class Meta:
        verbose_name = "tâche planifiée"
        ordering = ["name"]

    def __str__(self):
        return self.name


class Failure(models.Model):
    """A run that ended by an error; the latest of each job are kept."""

    KEPT = 20

    job = models.ForeignKey(Job, models.CASCADE, related_name="failed")
    at = models.DateTimeField("le", default=timezone.now)
    error = models.CharField("erreur", max_length=300)

    class Meta:
        verbose_name = "échec d’une tâche"
        ordering = ["-at", "-pk"]

    def __str__(self):
        return f"{self.job_id} : {self.error}"


class Trouble(models.Model):
    """What a check finds, from the look that first found it to the mail that says that it is over."""

    name = models.CharField("contrôle", max_length=30, primary_key=True)
    label = models.CharField("nom", max_length=100)
    says = models.CharField("constat", max_length=500)
    since = models.DateTimeField("depuis", default=timezone.now)
    told_at = models.DateTimeField("dit le", null=True)

    class Meta:
        verbose_name = "situation à regarder"
        verbose_name_plural = "situations à regarder"
        ordering = ["since", "pk"]

    def __str__(self):
        return f"{self.label} : {self.says}"
