"""The register of the API, which may also be asked who has not answered a campaign."""

from mailboxes.api.views import BalViewSet
from mailboxes.campaigns.filters import RegisterFilter


class Narrowed(RegisterFilter):
    """The pages' filter, in the order of the cursor."""

    sort = None


class RegisterViewSet(BalViewSet):
    filterset_class = Narrowed
