"""The door for WSGI servers."""

import os

from django.core.wsgi import get_wsgi_application

from directory.patience import limit_pages

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "balmanager.settings")

application = get_wsgi_application()
limit_pages()
