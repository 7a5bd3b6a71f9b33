from importlib import import_module

from celery.signals import task_prerun
from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate

# The rooms above the core that keep rows of their own: nobody below imports them, so Django is told where they are.
ROOMS_WITH_MODELS = [
    "campaigns", "imports", "inbox", "lists", "moves", "offers", "openings", "protocol", "software", "software.scim",
]  # fmt: skip


class MailboxesConfig(AppConfig):
    name = "mailboxes"
    verbose_name = "Boîtes aux lettres"

    def ready(self):
        addresses = import_module(f"{self.name}.models.addresses")
        task_prerun.connect(import_module(f"{self.name}.models.memory").refresh_what_is_old, weak=False)
        pre_migrate.connect(addresses.lift, sender=self)
        post_migrate.connect(addresses.forbid, sender=self)

    def import_models(self):
        super().import_models()
        for room in ROOMS_WITH_MODELS:
            import_module(f"{self.name}.{room}.models")
