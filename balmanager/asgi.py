"""The door for ASGI servers."""

import os

from django.core.asgi import get_asgi_application

from balmanager.serving import make_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "balmanager.settings")

application = get_asgi_application()
make_ready()
