"""The door for WSGI servers."""

import os

from django.core.wsgi import get_wsgi_application

from balmanager.serving import make_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "balmanager.settings")

application = get_wsgi_application()
make_ready()
