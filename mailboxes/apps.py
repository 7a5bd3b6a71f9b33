from django.apps import AppConfig
from django.db.backends.signals import connection_created

from mailboxes.folding import teach


class MailboxesConfig(AppConfig):
    name = "mailboxes"
    verbose_name = "Boîtes aux lettres"

    def ready(self):
        connection_created.connect(teach)
