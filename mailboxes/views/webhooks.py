"""Who is told of changes, what was sent, and sending it again."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from mailboxes import actions
from mailboxes.forms.webhooks import AddWebhookForm, ChangeWebhookForm
from mailboxes.lifecycle import Act
from mailboxes.models import Delivery, Webhook
from mailboxes.paging import KeyPaginator
from mailboxes.rules import allows, check_somewhere
from mailboxes.views.acts import ActionView, EnteringView

PER_PAGE = 50


@require_safe
def webhook_list(request):
    rows = Webhook.objects.visible_to(request.user).select_related("structure")
    can_add = allows(check_somewhere, Act.ADD_WEBHOOK, by=request.user)
    return render(request, "mailboxes/webhook_list.html", {"rows": rows, "can_add": can_add})


def _find(request, pk) -> Webhook:
    return get_object_or_404(Webhook.objects.visible_to(request.user).select_related("structure"), pk=pk)


@never_cache  # the secret is on it
@require_safe
def webhook(request, pk):
    row = _find(request, pk)
    deliveries = KeyPaginator(row.deliveries.order_by("-created_at", "-pk"), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "mailboxes/webhook.html", {"webhook": row, "page": deliveries})


@require_POST
def webhook_try(request, pk):
    actions.try_webhook(_find(request, pk), by=request.user)
    messages.success(request, "L’essai part dans la minute : rechargez la page pour voir la réponse.")
    return redirect("webhook", pk)


@require_POST
def webhook_secret(request, pk):
    actions.renew_secret(_find(request, pk), by=request.user)
    messages.success(request, "Nouveau secret : donnez-le au logiciel, l’ancien ne signe plus rien.")
    return redirect("webhook", pk)


@require_POST
def delivery_replay(request, pk):
    seen = Webhook.objects.visible_to(request.user)
    delivery = get_object_or_404(Delivery.objects.filter(webhook__in=seen).select_related("webhook"), pk=pk)
    actions.replay(delivery, by=request.user)
    messages.success(request, "La livraison repart dans la minute, telle qu’elle était.")
    return redirect("webhook", delivery.webhook_id)


class AddWebhookView(EnteringView):
    act = Act.ADD_WEBHOOK
    form_class = AddWebhookForm
    label = Act.ADD_WEBHOOK.label
    done = "C’est noté. Donnez au logiciel le secret qui est sur cette page : il vérifie que nous sommes l’envoyeur."

    def back(self) -> str:
        return reverse("webhook", args=[self.result.pk]) if self.result else reverse("webhook-list")


class ChangeWebhookView(ActionView):
    form_class = ChangeWebhookForm
    label = Act.CHANGE_WEBHOOK.label
    webhook: Webhook

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.webhook = _find(request, kwargs["pk"])

    def get_initial(self):
        row = self.webhook
        return {"url": row.url, "events": row.events, "paused": row.paused_at is not None}

    def perform(self, form, *, by):
        return actions.change_webhook(self.webhook, by=by, **form.cleaned_data)

    def back(self) -> str:
        return reverse("webhook", args=[self.webhook.pk])
