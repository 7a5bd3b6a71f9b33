"""The structures as a tree, one of them, and what is asked to enter or change a structure or an operator."""

from django import forms
from django.db.models import Count, Q
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from directory.folding import as_read
from mailboxes import actions
from mailboxes.forms.places import OperatorFactsForm, ReserveForm, StructureForm
from mailboxes.lifecycle import LIVE, Act
from mailboxes.lists.listing import Column, Listing
from mailboxes.lists.place import places_within
from mailboxes.models import Domain, Membership, Operator, Structure
from mailboxes.models.roles import managed_structures, platform_roles
from mailboxes.rules import allows, check_describe_operator, check_may, check_record_operator, check_somewhere, may_at
from mailboxes.views.acts import ActionView, EnteringView
from mailboxes.views.frame import sees_structures

RECENT = 20
OF_STRUCTURE = (
    Act.RECORD_STRUCTURE,
    Act.DESCRIBE_STRUCTURE,
    Act.MOVE_SERVICE,
    Act.MERGE_STRUCTURES,
    Act.CLOSE_STRUCTURE,
    Act.CHANGE_FINESS,
    Act.UNDO_MOVE,
)


class StructureFilterForm(forms.Form):
    q = forms.CharField(label="Nom, commune ou numéro", required=False, max_length=100)
    kind = forms.ChoiceField(label="Nature", required=False, choices=[("", "toutes"), *Structure.Kind.choices])

    def asked(self, rows):
        """What is not understood is not applied."""
        self.is_valid()
        said = self.cleaned_data
        if said.get("kind"):
            rows = rows.filter(kind=said["kind"])
        return rows.named(said.get("q") or "")


class StructureList(Listing):
    name, view, nouns = "structures", "structure-list", ("structure", "structures")
    row, empty = "mailboxes/places/_row.html", "mailboxes/places/_none.html"
    inline = ("q", "kind")
    place_path = ""
    columns = (
        Column("name", "Structure"),
        Column("kind", "Nature"),
        Column("number", "FINESS ou SIRET"),
        Column("town", "Commune"),
        Column("live", "BAL en vie", is_number=True),
        Column("referent", "Référent ou référente MSSanté", is_usual=False),
    )


def structure_list(request):
    """The structures that one sees, each under the one it depends on."""
    if not sees_structures(request.user):
        raise Http404
    live = Count("bals", filter=Q(bals__state__in=LIVE))
    form = StructureFilterForm(request.GET)
    rows = list(as_read(form.asked(places_within(request)).annotate(live=live).order_by("name")))
    listing = StructureList(request, as_tree(rows), form=form)
    can_record = allows(check_somewhere, Act.RECORD_STRUCTURE, by=request.user)
    facts = {"listing": listing, "page": listing.page, "can_record": can_record}
    return render(request, "mailboxes/places/structures.html", facts)


def as_tree(rows: list[Structure]) -> list[tuple[int, Structure]]:
    """(depth, structure), those below right after; one whose parent is not among them stands at the top."""
    seen = {row.pk for row in rows}
    below: dict[int | None, list[Structure]] = {}
    for row in rows:
        below.setdefault(row.parent_id if row.parent_id in seen else None, []).append(row)

    def branch(parent: int | None, depth: int) -> list[tuple[int, Structure]]:
        return [line for row in below.get(parent, []) for line in [(depth, row), *branch(row.pk, depth + 1)]]

    return branch(None, 0)


def structure(request, structure):
    """What is known of one structure, and what was changed of it."""
    rows = Structure.objects.visible_to(request.user).select_related("parent__parent", "merged_into")
    row = get_object_or_404(rows, pk=structure)
    managers = Membership.objects.managing().filter(structure__in=row.line())
    lines = row.journal.filter(bal=None, person=None, what__in=OF_STRUCTURE)
    context = {
        "structure": row,
        "children": as_read(row.children.order_by("name")),
        "managers": managers.select_related("user", "structure").order_by("user__last_name", "pk"),
        "lines": lines.select_related("by", "signatory")[:RECENT],
        "may_describe": may_at(Act.DESCRIBE_STRUCTURE, row.pk, by=request.user),
        "may_move": may_at(Act.MIGRATE, row.pk, by=request.user),
        "may_record": row.closed_on is None and may_at(Act.RECORD_STRUCTURE, row.pk, by=request.user),
        "may_invite": row.closed_on is None
        and (request.user.is_superuser or row.pk in managed_structures(request.user)),
        "is_administrator": bool(platform_roles(request.user)),
    }
    return render(request, "mailboxes/places/structure.html", context)


class RecordStructureView(EnteringView):
    act = Act.RECORD_STRUCTURE
    form_class = StructureForm
    label = Act.RECORD_STRUCTURE.label
    done = "La structure est inscrite."

    def get_initial(self):
        return {"parent": self.request.GET.get("parent", "")}

    def back(self):
        return reverse("structure", args=[self.result.pk]) if self.result else reverse("structure-list")


class DescribeStructureView(ActionView):
    form_class = StructureForm
    label = Act.DESCRIBE_STRUCTURE.label
    submit = "Enregistrer"
    done = "La structure est à jour."

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        rows = Structure.objects.visible_to(request.user).select_related("parent__parent")
        self.structure = get_object_or_404(rows, pk=kwargs["structure"])

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "user": self.request.user, "instance": self.structure}

    def check(self, *, by):
        check_may(Act.DESCRIBE_STRUCTURE, structure=self.structure, by=by)

    def perform(self, form, *, by):
        return form.perform(by=by)

    def back(self):
        return reverse("structure", args=[self.structure.pk])


class OperatorActView(ActionView):
    """Asked of those who follow a structure; the rule then says that it is an administrator's."""

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if not sees_structures(request.user):
            raise Http404

    def back(self):
        return reverse("operators")


class RecordOperatorView(OperatorActView):
    form_class = OperatorFactsForm
    label = Act.RECORD_OPERATOR.label
    done = "L’opérateur est inscrit."

    def check(self, *, by):
        check_record_operator(by=by)

    def perform(self, form, *, by):
        return form.perform(by=by)


class OneOperatorView(OperatorActView):
    """About one operator, which only those who look after the whole are shown to change."""

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if not platform_roles(request.user):
            raise Http404

    def check(self, *, by):
        check_describe_operator(by=by)


class DescribeOperatorView(OneOperatorView):
    template_name = "mailboxes/places/operator.html"
    form_class = OperatorFactsForm
    label = Act.DESCRIBE_OPERATOR.label
    submit = "Enregistrer"
    done = "L’opérateur est à jour."

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.operator = get_object_or_404(Operator.objects.prefetch_related("domains", "prices"), pk=kwargs["operator"])

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "instance": self.operator}

    def perform(self, form, *, by):
        return form.perform(by=by)

    def get_context_data(self, **kwargs):
        domains = self.operator.domains.select_related("structure").order_by("name")
        lines = self.operator.journal.select_related("by", "signatory")[:RECENT]
        return super().get_context_data(operator=self.operator, domains=domains, lines=lines, **kwargs)


class ReserveDomainView(OneOperatorView):
    form_class = ReserveForm
    label = "Réserver un domaine"
    done = "C’est noté pour ce domaine."

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        domains = Domain.objects.filter(operator=kwargs["operator"])
        self.domain = get_object_or_404(domains, pk=kwargs["domain"])
        self.label = f"Réserver le domaine {self.domain}"

    def get_initial(self):
        return {"structure": self.domain.structure_id}

    def perform(self, form, *, by):
        structure = form.typed("structure").get("structure", self.domain.structure)
        return actions.reserve_domain(self.domain, structure, by=by)

    def back(self):
        return reverse("operator-edit", args=[self.domain.operator_id])
