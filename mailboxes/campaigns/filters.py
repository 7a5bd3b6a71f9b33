"""The register's own filter, which may also be asked who has not answered a campaign."""

from django.db.models import Q

from directory.prepared import prepared
from mailboxes.campaigns.models import Campaign, CampaignTarget
from mailboxes.forms.bal_filter import BalFilter
from mailboxes.forms.offered import OfferedChoice
from mailboxes.models import Cotitulaire


@prepared
def _campaigns_seen(user):
    return Campaign.objects.visible_to(user)


def seen_campaigns(request):
    return _campaigns_seen.build(request.user) if request else Campaign.objects.none()


class RegisterFilter(BalFilter):
    unanswered = OfferedChoice(
        method="silent_in",
        queryset=seen_campaigns,
        rows=_campaigns_seen,
        label="Sans réponse à la campagne",
        empty_label="peu importe",
    )

    def silent_in(self, queryset, name, value: int):  # the API's schema reads this: what is typed is a number
        left = CampaignTarget.objects.filter(campaign=value).unanswered()
        silent = Cotitulaire.objects.filter(is_principal=True, person__in=left.filter(bal=None).values("person"))
        return queryset.filter(Q(pk__in=left.exclude(bal=None).values("bal")) | Q(pk__in=silent.values("bal")))
