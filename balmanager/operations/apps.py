from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate
from django.utils.module_loading import import_string


class OperationsConfig(AppConfig):
    name = "balmanager.operations"
    verbose_name = "Exploitation"

    def ready(self):
        # By name: models cannot be imported before this.
        register(import_string("balmanager.operations.halfway.check_not_halfway"), Tags.database)
        post_migrate.connect(import_string("balmanager.operations.partitions.keep_months"), sender=self)
        post_migrate.connect(import_string("balmanager.operations.roles.grant_after_migration"), sender=self)
