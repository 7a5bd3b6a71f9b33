"""The register of the API, which may also be asked who has not answered a campaign."""

from mailboxes.api.filters import BalKeys
from mailboxes.api.views import BalViewSet
from mailboxes.campaigns.filters import RegisterFilter


class Narrowed(BalKeys, RegisterFilter):
    """The pages' filter, and the keys that software knows."""


class RegisterViewSet(BalViewSet):
    __doc__ = BalViewSet.__doc__

    filterset_class = Narrowed
