"""The software of one's structures, and the keys that let it in."""

from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mailboxes import actions
from mailboxes.forms.software import RotateForm, SoftwareForm
from mailboxes.lifecycle import Act
from mailboxes.models import Software, SoftwareKey
from mailboxes.rules import allows, check_key_stands, check_somewhere
from mailboxes.views.acts import ActionView, EnteringView


@require_safe
def software_list(request):
    rows = Software.objects.visible_to(request.user).prefetch_related("keys", "user__memberships__structure")
    can_declare = allows(check_somewhere, Act.DECLARE_SOFTWARE, by=request.user)
    return render(request, "mailboxes/software_list.html", {"rows": rows, "can_declare": can_declare})


class TokenView(ActionView):
    """The token is shown once, in the very answer that made it, and kept neither in a session nor by the browser."""

    def token(self, result) -> str:
        raise NotImplementedError

    def form_valid(self, form):
        answer = super().form_valid(form)
        if self.result is None:
            return answer
        facts = {"token": self.token(self.result), "label": self.label}
        return render(self.request, "mailboxes/software_token.html", facts)


class DeclareSoftwareView(TokenView, EnteringView):
    act = Act.DECLARE_SOFTWARE
    form_class = SoftwareForm
    label = Act.DECLARE_SOFTWARE.label

    def token(self, result) -> str:
        return result[1]

    def back(self) -> str:
        return reverse("software-list")


class KeyView(ActionView):
    key: SoftwareKey

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        keys = SoftwareKey.objects.filter(software__in=Software.objects.visible_to(request.user))
        self.key = get_object_or_404(keys.select_related("software"), pk=kwargs["pk"])
        self.warning = f"{self.key.software}, clé {self.key.prefix}…"

    def check(self, *, by):
        check_key_stands(self.key)

    def back(self) -> str:
        return reverse("software-list")


class RotateKeyView(TokenView, KeyView):
    form_class = RotateForm
    label = Act.ROTATE_KEY.label

    def perform(self, form, *, by):
        return actions.rotate_key(self.key, by=by, **form.cleaned_data)

    def token(self, result) -> str:
        return result


class RevokeKeyView(KeyView):
    label = Act.REVOKE_KEY.label
    is_dangerous = True
    done = "La clé est révoquée : elle n’ouvre plus rien."

    def perform(self, form, *, by):
        return actions.revoke_key(self.key, by=by)


declare = never_cache(DeclareSoftwareView.as_view())
rotate = never_cache(RotateKeyView.as_view())
revoke = RevokeKeyView.as_view()
