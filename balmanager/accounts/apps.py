from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "balmanager.accounts"
    verbose_name = "Comptes"
