from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "balmanager.operations"
    verbose_name = "Exploitation"
