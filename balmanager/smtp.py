"""Mail by SMTP, to a server whose certificate is checked as all others are."""

from django.core.mail.backends import smtp
from django.utils.functional import cached_property

from directory.certificates import checking_context


class EmailBackend(smtp.EmailBackend):
    @cached_property
    def ssl_context(self):
        return checking_context()
