"""Who logs in. An account is an identity, never a role: roles come from the structures' own records."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    class Meta(AbstractUser.Meta):
        verbose_name = "compte"

    def __str__(self):
        return self.get_full_name() or self.username
