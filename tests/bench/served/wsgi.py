"""`gunicorn tests.bench.served.wsgi`: the application of balmanager.wsgi, with one address more."""

from django.conf import settings

from balmanager.wsgi import application

settings.ROOT_URLCONF = "tests.bench.served.urls"

__all__ = ["application"]
