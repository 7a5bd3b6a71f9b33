"""A migration that is prepared: which BAL go where, and what is in the way."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode

from mailboxes.lifecycle import Act
from mailboxes.models import Bal, Structure
from mailboxes.models.roles import managed_structures
from mailboxes.moves.forms import MigrationForm, MigrationScopeForm, StartForm, typed_addresses
from mailboxes.moves.models import Migration
from mailboxes.moves.reads import AT_ONCE, MOST_TICKED, MigrationPreview, preview
from mailboxes.rules import Refused, check_may, check_standing
from mailboxes.views.acts import ActionView


def migration_select(request):
    """BAL ticked in the register, or a structure chosen: to the page that prepares their migration."""
    ticked = [pk for pk in request.GET.getlist("bals") if pk.isascii() and pk.isdecimal()][:MOST_TICKED]
    found = Bal.objects.visible_to(request.user).filter(pk__in=ticked)
    places = set(found.values_list("structure", flat=True))
    if "structure" in request.GET:
        form = StartForm(request.GET, user=request.user)
        if not form.is_valid():
            messages.error(request, str(form.errors["structure"][0]))
            return redirect("migration-list")
        places = {form.cleaned_data["structure"].pk}
    top = _above(places, request.user)
    if top is None:
        messages.error(request, "Cochez des BAL que vous gérez, d’une même structure ou de celles qui en dépendent.")
        return redirect("bal-list" if ticked else "migration-list")
    query = urlencode({"bals": ticked}, doseq=True)
    return redirect(f"{reverse('migration-new', args=[top.pk])}{'?' + query if query else ''}")


def _above(places: set[int], user) -> Structure | None:
    """The one of these structures, or the nearest above them all, that one manages."""
    rows = list(Structure.objects.filter(pk__in=places).select_related("parent__parent"))
    common = set.intersection(*(set(row.line()) for row in rows)) if rows else set()
    managed = Structure.objects.filter(pk__in=common & managed_structures(user)).select_related("parent__parent")
    return max(managed, key=lambda one: len(one.line()), default=None)


class PrepareView(ActionView):
    """The BAL and where they go stand in the page's address: what one sees is what one prepares."""

    template_name = "mailboxes/moves/prepare.html"
    form_class = MigrationForm
    label = Act.MIGRATE.label
    submit = "Préparer la migration"
    done = "La migration est préparée. Rien n’est encore demandé : relisez-la, puis lancez-la."
    target: Migration | None = None

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        rows = Structure.objects.visible_to(request.user).select_related("parent__parent")
        self.structure = get_object_or_404(rows, pk=kwargs["structure"])
        data = request.GET if "to" in request.GET else None
        self.scope = MigrationScopeForm(data, structure=self.structure, user=request.user)
        if data is None:  # what was ticked in the register stays so
            self.scope.initial = {"bals": request.GET.getlist("bals")}
        elif self.scope.is_valid():
            operator, domain = self.scope.target()
            self.target = Migration(structure=self.structure, operator=operator, domain=domain)

    def check(self, *, by):
        check_may(Act.MIGRATE, structure=self.structure, by=by)
        check_standing(self.structure)

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "instance": self.target or Migration(structure=self.structure)}

    def perform(self, form, *, by):
        if self.target is None:
            raise Refused("Choisissez d’abord où vont les BAL.", "target")
        typed, ticked = typed_addresses(self.request.POST)
        seen = set(self.scope.chosen().filter(pk__in=ticked).values_list("pk", flat=True))
        wanted = {pk: typed[pk] for pk in seen if pk in typed}
        if "rest" in self.request.POST:
            rest = preview(self.target, self.scope.chosen(), {}, by=by, after=AT_ONCE)
            wanted |= {line.bal.pk: line.address for line in rest.free}
        return form.perform(wanted, by=by)

    def back(self):
        return self.result.get_absolute_url() if self.result else reverse("structure", args=[self.structure.pk])

    def get_context_data(self, **kwargs):
        facts = {"structure": self.structure, "scope": self.scope, "at_once": AT_ONCE, "target": self.target}
        if self.target is not None:
            typed, ticked = typed_addresses(self.request.POST)
            found: MigrationPreview = preview(self.target, self.scope.chosen(), typed, by=self.request.user)
            facts |= {"preview": found, "ticked": ticked if typed else None}
            if self.scope.chosen().count() > AT_ONCE:
                facts["rest"] = preview(self.target, self.scope.chosen(), {}, by=self.request.user, after=AT_ONCE)
                facts["takes_rest"] = "rest" in self.request.POST or not typed
        return super().get_context_data(**facts, **kwargs)
