"""The door for WSGI servers."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from directory.patience import limit_pages

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "balmanager.settings")

application = get_wsgi_application()
limit_pages()
get_resolver().url_patterns  # noqa: B018 - read now, and not while the first reader waits
