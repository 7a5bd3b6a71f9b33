"""The software of one's structures, and the keys that let it in."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from directory.dates import day_of
from mailboxes.lifecycle import Act
from mailboxes.lists.paging import KeyPaginator
from mailboxes.rules import allows, check_somewhere
from mailboxes.software.actions import renew_secret, replay, revoke_key, rotate_key, try_webhook
from mailboxes.software.forms import AddWebhookForm, ChangeWebhookForm, RotateForm, SoftwareForm
from mailboxes.software.models import Delivery, Software, SoftwareKey, Webhook
from mailboxes.software.rules import check_key_stands, check_software
from mailboxes.views.acts import ActionView, EnteringView


@require_safe
def software_list(request):
    rows = Software.objects.visible_to(request.user).prefetch_related("keys", "user__memberships__structure")
    can_declare = allows(check_somewhere, Act.DECLARE_SOFTWARE, by=request.user)
    return render(request, "mailboxes/software/list.html", {"rows": rows, "can_declare": can_declare})


class TokenView(ActionView):
    """The token is shown once, in the very answer that made it, and kept neither in a session nor by the browser."""

    def token(self, result) -> str:
        raise NotImplementedError

    def form_valid(self, form):
        answer = super().form_valid(form)
        if self.result is None:
            return answer
        facts = {"token": self.token(self.result), "label": self.label}
        return render(self.request, "mailboxes/software/token.html", facts)


class DeclareSoftwareView(TokenView, EnteringView):
    act = Act.DECLARE_SOFTWARE
    form_class = SoftwareForm
    label = Act.DECLARE_SOFTWARE.label
    done = "La clé est créée."

    def token(self, result) -> str:
        return result[1]

    def back(self) -> str:
        return reverse("software-list")


class KeyView(ActionView):
    act: Act
    key: SoftwareKey

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        keys = SoftwareKey.objects.filter(software__in=Software.objects.visible_to(request.user))
        self.key = get_object_or_404(keys.select_related("software"), pk=kwargs["pk"])
        self.about = f"{self.key.software}, clé {self.key.prefix}…"

    def check(self, *, by):
        check_software(self.act, list(self.key.software.structures()), by=by)
        check_key_stands(self.key)

    def back(self) -> str:
        return reverse("software-list")


class RotateKeyView(TokenView, KeyView):
    act = Act.ROTATE_KEY
    form_class = RotateForm
    label = act.label
    done = "La nouvelle clé est créée : donnez-la au logiciel avant la fin de l’ancienne."

    def perform(self, form, *, by):
        return rotate_key(self.key, by=by, **form.cleaned_data)

    def token(self, result) -> str:
        return result


class RevokeKeyView(KeyView):
    act = Act.REVOKE_KEY
    label = act.label
    is_dangerous = True
    warning = "Dès maintenant, le logiciel qui l’emploie n’a plus accès à rien."
    done = "La clé est révoquée : elle n’ouvre plus rien."

    def perform(self, form, *, by):
        return revoke_key(self.key, by=by)


declare = never_cache(DeclareSoftwareView.as_view())
rotate = never_cache(RotateKeyView.as_view())
revoke = RevokeKeyView.as_view()

PER_PAGE = 50


@require_safe
def webhook_list(request):
    rows = Webhook.objects.visible_to(request.user).select_related("structure")
    can_add = allows(check_somewhere, Act.ADD_WEBHOOK, by=request.user)
    return render(request, "mailboxes/software/webhook_list.html", {"rows": rows, "can_add": can_add})


def _find(request, pk) -> Webhook:
    return get_object_or_404(Webhook.objects.visible_to(request.user).select_related("structure"), pk=pk)


@never_cache  # the secret is on it
@require_safe
def webhook(request, pk):
    row = _find(request, pk)
    deliveries = KeyPaginator(row.deliveries.order_by("-created_at", "-pk"), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "mailboxes/software/webhook.html", {"webhook": row, "page": deliveries})


@require_POST
def webhook_try(request, pk):
    try_webhook(_find(request, pk), by=request.user)
    messages.success(request, "L’essai part dans la minute : rechargez la page pour voir la réponse.")
    return redirect("webhook", pk)


@require_POST
def webhook_secret(request, pk):
    row = renew_secret(_find(request, pk), by=request.user)
    said = f"Nouveau secret : donnez-le au logiciel. L’ancien signe aussi jusqu’au {day_of(row.former_until)}."
    messages.success(request, said)
    return redirect("webhook", pk)


@require_POST
def delivery_replay(request, pk):
    seen = Webhook.objects.visible_to(request.user)
    delivery = get_object_or_404(Delivery.objects.filter(webhook__in=seen).select_related("webhook"), pk=pk)
    replay(delivery, by=request.user)
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
    done = "Les réglages sont à jour."
    webhook: Webhook

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.webhook = _find(request, kwargs["pk"])

    def get_initial(self):
        row = self.webhook
        return {"url": row.url, "events": row.events, "paused": row.paused_at is not None}

    def perform(self, form, *, by):
        return form.perform(self.webhook, by=by)

    def back(self) -> str:
        return reverse("webhook", args=[self.webhook.pk])
