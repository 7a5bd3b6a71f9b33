"""What neither a browser nor a proxy may keep: all that we answer, unless a view says otherwise."""

PRIVATE = "no-store, private"


class NothingKept:
    """A page is about someone unless it says that it is not: one without `Cache-Control` of its own is kept nowhere."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", PRIVATE)
        return response
