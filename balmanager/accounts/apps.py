from django.apps import AppConfig
from django.utils.module_loading import import_string


class AccountsConfig(AppConfig):
    name = "balmanager.accounts"
    verbose_name = "Comptes"

    def ready(self):
        import_string("balmanager.accounts.notes.listen")()  # by name: models cannot be imported before this
