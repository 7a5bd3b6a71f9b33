from importlib import import_module

from django.apps import AppConfig

# The rooms above the core that keep rows of their own: nobody below imports them, so Django is told where they are.
ROOMS_WITH_MODELS = [
    "campaigns", "imports", "inbox", "lists", "moves", "offers", "openings", "protocol", "scim", "software",
]  # fmt: skip


class MailboxesConfig(AppConfig):
    name = "mailboxes"
    verbose_name = "Boîtes aux lettres"

    def import_models(self):
        super().import_models()
        for room in ROOMS_WITH_MODELS:
            import_module(f"{self.name}.{room}.models")
