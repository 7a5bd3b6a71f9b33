from django.apps import AppConfig
from django.db.backends.signals import connection_created

from directory.controls import watch_forms
from directory.folding import teach


class DirectoryConfig(AppConfig):
    name = "directory"
    verbose_name = "Annuaire Santé"

    def ready(self):
        connection_created.connect(teach)
        watch_forms()
