"""How each operator is asked: the layouts of the structures one manages, each tried on an invented request."""

from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from mailboxes import actions
from mailboxes.forms import LayoutForm
from mailboxes.models import RequestLayout, Structure
from mailboxes.models.bals import managed_structures
from mailboxes.models.layouts import PLACEHOLDERS, columns_of, fill
from mailboxes.requests.letters import COLUMNS, SAMPLE, compose
from mailboxes.rules import check_register_somewhere, check_write_layout
from mailboxes.views.acts import ActionView


def _layouts(user):
    return RequestLayout.objects.filter(structure__in=Structure.objects.visible_to(user).values("pk"))


def layout_list(request):
    rows = _layouts(request.user).select_related("structure", "operator")
    managed = managed_structures(request.user)
    return render(
        request,
        "mailboxes/requests/layout_list.html",
        {"rows": [(row, row.structure_id in managed) for row in rows], "can_write": bool(managed)},
    )


class LayoutView(ActionView):
    """A new layout, or one to change; the second button shows it at work and saves nothing."""

    template_name = "mailboxes/requests/layout.html"
    form_class = LayoutForm
    label = "Enregistrer le modèle"
    done = "Le modèle est enregistré : les prochaines demandes le suivront."
    layout: RequestLayout | None = None

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if "pk" in kwargs:
            self.layout = get_object_or_404(_layouts(request.user), pk=kwargs["pk"])

    def get_form_kwargs(self):
        kwargs = {**super().get_form_kwargs(), "user": self.request.user, "instance": self.layout}
        if self.layout is None:
            kwargs["initial"] = {name: self.request.GET.get(name, "") for name in ("operator", "kind")}
        return kwargs

    def check(self, *, by):
        if self.layout:
            check_write_layout(self.layout.structure, by=by)
        else:
            check_register_somewhere(by=by)

    def form_valid(self, form):
        if "preview" in self.request.POST:
            return self.render_to_response(self.get_context_data(form=form))
        return super().form_valid(form)

    def perform(self, form, *, by):
        return form.perform(by=by)

    def back(self):
        return reverse("layout-list")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(layout=self.layout, placeholders=PLACEHOLDERS, **kwargs)
        form = context["form"]
        if not form.is_bound or form.is_valid():
            facts = {**form.initial, **(form.cleaned_data if form.is_bound else {})}
            context["sample"] = compose(facts["subject"], facts["body"], SAMPLE)
            columns = columns_of((facts.get("columns") or "").strip() or COLUMNS)
            context["sample_columns"] = [(title, fill(value, SAMPLE)) for title, value in columns]
        return context


class DeleteLayoutView(ActionView):
    label = "Supprimer le modèle"
    done = "Le modèle est supprimé."
    warning = "Les prochaines demandes suivront le modèle de la structure de rattachement, ou nos propres mots."
    is_dangerous = True

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.layout = get_object_or_404(_layouts(request.user), pk=kwargs["pk"])

    def check(self, *, by):
        check_write_layout(self.layout.structure, by=by)

    def perform(self, form, *, by):
        actions.delete_layout(self.layout, by=by)

    def back(self):
        return reverse("layout-list")
