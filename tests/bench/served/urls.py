"""Those of the application, and an empty view of the same stack: its key, its rights, its rate limit, and no work."""

from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

from balmanager.urls import urlpatterns as real


class EmptyView(APIView):
    def get(self, request):
        return Response({})


class BareView(EmptyView):
    """Without even a key."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()


urlpatterns = [path("empty/", EmptyView.as_view()), path("bare/", BareView.as_view()), *real]
