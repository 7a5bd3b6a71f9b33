"""The door for ASGI servers."""

import os

from django.core.asgi import get_asgi_application

from directory.patience import limit_pages

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "balmanager.settings")

application = get_asgi_application()
limit_pages()
