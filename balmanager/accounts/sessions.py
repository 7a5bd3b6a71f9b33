"""When a session ends, whatever happens."""

import time

from django.conf import settings
from django.contrib.auth import logout

# In the session.
BEGAN = "began"  # when it was opened, in seconds
SERVED = "served"  # when it last served, in seconds, a minute more or less
FACTOR_SEEN = "factor_seen"  # its account has a second factor, or was vouched for


def begin(request, **_) -> None:
    """Called at each log-in: the session's own clock starts."""
    request.session[BEGAN] = request.session[SERVED] = time.time()


class SessionLasts:
    """A session ends so long after it was opened, however busy; and so long after it last served (the cookie's age)."""

    PRECISION = 60  # seconds: written at each request, it would cost every page a write

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.session.session_key and request.user.is_authenticated:
            now = time.time()
            if now - request.session.setdefault(BEGAN, now) > settings.SESSION_LASTS.total_seconds():
                logout(request)
            elif now - request.session.get(SERVED, 0) > self.PRECISION:
                request.session[SERVED] = now
        return self.get_response(request)
