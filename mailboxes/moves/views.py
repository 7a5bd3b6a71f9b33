"""Migrations: the list of them, how far each is, and what is done on its way."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from directory.typography import how_many, quoted
from mailboxes.actions import Tally
from mailboxes.forms import EmptyForm
from mailboxes.lifecycle import Act
from mailboxes.lists.listing import Column, Listing
from mailboxes.models import Bal
from mailboxes.moves.actions import launch_migration, undo_migration
from mailboxes.moves.forms import CloseFormersForm, LeaveForm, StartForm, UndoForm
from mailboxes.moves.models import OVER, MigratedBal, Migration, MigrationStep
from mailboxes.moves.reads import closable, progress
from mailboxes.moves.rules import check_launch, check_on_its_way, check_some, check_undo_migration
from mailboxes.moves.switching import switch_each
from mailboxes.rules import Refused, allows, check_may, check_somewhere
from mailboxes.views.acts import ActionView
from mailboxes.views.frame import sees_structures
from mailboxes.views.tally import say_tally

PER_PAGE = 50
AGAIN = "Demander de nouveau ce qui est refusé ou annulé"


class MigrationList(Listing):
    name, view, nouns = "migrations", "migration-list", ("migration", "migrations")
    row, empty = "mailboxes/moves/_row.html", "mailboxes/moves/_none.html"
    columns = (
        Column("where", "Migration"),
        Column("planned", "Bascule prévue le", ("planned_on",)),
        Column("arrived", "BAL basculées"),
        Column("late", "En retard"),
    )


def migration_list(request):
    if not sees_structures(request.user):
        raise Http404
    today = timezone.localdate()
    rows = Migration.objects.visible_to(request.user).with_counts(today).select_related("structure", "operator")
    listing = MigrationList(request, rows.order_by("-pk"), loaded=rows)
    can_prepare = allows(check_somewhere, Act.MIGRATE, by=request.user)
    start = StartForm(user=request.user) if can_prepare else None
    return render(request, "mailboxes/moves/list.html", {"listing": listing, "start": start})


# --- On its way -------------------------------------------------------------------------------------------------------
def migration(request, pk):
    rows = Migration.objects.visible_to(request.user).with_counts(timezone.localdate())
    row = get_object_or_404(rows.select_related("structure", "operator", "by"), pk=pk)
    step = request.GET.get("etape", "")
    found = row.rows.with_step()
    if step == "retard":
        found = found.late(timezone.localdate())
    elif step in MigrationStep.values:
        found = found.filter(step=step)
    asked = ("opening", "reply", "depublication", "deletion", "former_operator", "bal")
    pages = Paginator(found.select_related(*asked).order_by("former_address", "pk"), PER_PAGE)
    page = pages.get_page(request.GET.get("page"))
    context = {
        "migration": row,
        "steps": progress(row),
        "step": step,
        "page": page,
        "has_kits": any(row.switched_at for row in page),
        "over": OVER,
        "ready": row.rows.ready().count(),
        "closable": closable(row.rows.all(), timezone.localdate()).count(),
        "can_launch": allows(check_launch, row, by=request.user),
        "again": AGAIN,
        "can_undo": allows(check_undo_migration, row, by=request.user),
        "can_act": allows(check_may, Act.MIGRATE, structure=row.structure, by=request.user),
    }
    return render(request, "mailboxes/moves/migration.html", context)


def bal_migration(request, pk):
    """The latest migration of a BAL; who sees the BAL and not the structure that has it moved is told whom to ask."""
    bal = get_object_or_404(Bal.objects.visible_to(request.user), pk=pk)
    row = get_object_or_404(Migration.objects.filter(rows__bal=bal).select_related("structure").order_by("-pk")[:1])
    if Migration.objects.visible_to(request.user).filter(pk=row.pk).exists():
        return redirect(row)
    whom = f"à qui gère les BAL de la structure {quoted(row.structure)}"
    messages.info(request, f"Cette migration est suivie ailleurs : demandez {whom} où elle en est.")
    return redirect(bal)


class MigrationActView(ActionView):
    migration: Migration

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        rows = Migration.objects.visible_to(request.user).select_related("structure", "operator")
        self.migration = get_object_or_404(rows, pk=kwargs["pk"])

    def check(self, *, by):
        check_may(Act.MIGRATE, structure=self.migration.structure, by=by)

    def back(self):
        return self.migration.get_absolute_url()

    def get_context_data(self, **kwargs):
        return super().get_context_data(migration=self.migration, **kwargs)


class LaunchMigrationView(MigrationActView):
    form_class = EmptyForm
    label = "Lancer la migration"
    done = "Les ouvertures sont demandées au nouvel opérateur."

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        waiting = self.migration.rows.to_ask()
        self.warning = (
            f"{how_many(waiting.count(), 'demande')} d’ouverture à {self.migration.operator}. Dès qu’une demande est "
            "partie, la migration ne s’annule plus d’un coup."
        )
        if waiting.filter(opening=None).exists():
            self.warning += " Les titulaires et les délégataires reçoivent un avis."
        if waiting.exclude(opening=None).exists():
            self.label = AGAIN

    def check(self, *, by):
        check_launch(self.migration, by=by)

    def perform(self, form, *, by):
        return launch_migration(self.migration, by=by)


class UndoMigrationView(MigrationActView):
    form_class = UndoForm
    label = "Annuler la migration"
    done = "La migration est annulée : ses BAL restent où elles sont."

    def check(self, *, by):
        check_undo_migration(self.migration, by=by)

    def perform(self, form, *, by):
        return undo_migration(self.migration, by=by, why=form.cleaned_data["why"])


class TallyView(MigrationActView):
    """What is done to all the BAL that are ready for it; those that are not are told why."""

    act: Act

    def form_valid(self, form):
        try:
            self.check(by=self.request.user)  # the act itself refuses one by one, and says nothing of none
            tally: Tally = self.perform(form, by=self.request.user)
        except Refused as refused:
            form.add_error(None, refused)
            return self.form_invalid(form)
        untouched = ((why, address) for address, why in tally.refused.items())
        say_tally(self.request, self.act.label, tally.done, untouched, ("BAL", "BAL"))
        return redirect(self.back())


class SwitchView(TallyView):
    act = Act.SWITCH_BAL
    form_class = EmptyForm
    label = "Basculer les BAL ouvertes"

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        ready = list(self.migration.rows.ready().select_related("migration", "former_operator"))
        self.warning = (
            f"{how_many(len(ready), 'BAL')} : au registre, nouvelle adresse et nouvel opérateur. L’ancienne "
            "adresse reste à côté, et la BAL privilégiée suit."
        )
        if replies := sum(row.asks_reply for row in ready):
            self.warning += f" Réponse automatique à demander à l’ancien opérateur : {how_many(replies, 'BAL')}."

    def check(self, *, by):
        super().check(by=by)
        why = "Aucune BAL n’est prête à basculer : leur ouverture est attendue, ou c’est fait."
        check_some(self.migration.rows.ready(), why)

    def perform(self, form, *, by):
        return switch_each(self.migration.rows.ready(), by=by)


class CloseFormersView(TallyView):
    act = Act.CLOSE_FORMER
    form_class = CloseFormersForm
    label = "Faire fermer les anciennes BAL"
    is_dangerous = True

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.rows = closable(self.migration.rows.all(), timezone.localdate())
        self.warning = (
            f"{how_many(self.rows.count(), 'suppression')} à demander à l’ancien opérateur : ce qui reste dans ces "
            "BAL sera perdu, et ce qui y est envoyé ensuite aussi. Assurez-vous auprès des titulaires que les messages "
            "utiles sont repris."
        )

    def check(self, *, by):
        super().check(by=by)
        check_some(self.rows, "Aucune ancienne BAL n’est à fermer : leur recouvrement n’est pas fini, ou c’est fait.")

    def perform(self, form, *, by):
        return form.perform(self.rows, by=by)


class LeaveView(MigrationActView):
    form_class = LeaveForm
    label = Act.LEAVE_MIGRATION.label
    done = "La BAL est retirée de la migration."
    warning = (
        "Avant sa bascule, la BAL reste où elle est, et ce qui a été demandé pour elle est annulé. Après, elle garde "
        "sa nouvelle adresse, et l’ancienne comme alias."
    )
    row: MigratedBal

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        rows = self.migration.rows.select_related("opening", "reply", "depublication", "deletion")
        self.row = get_object_or_404(rows, pk=kwargs["row"])
        self.row.bal = Bal.objects.with_holders().get(pk=self.row.bal_id)
        self.label = f"{Act.LEAVE_MIGRATION.label} : {self.row.bal}"

    def check(self, *, by):
        check_may(Act.LEAVE_MIGRATION, bal=self.row.bal, by=by)
        check_on_its_way(self.row)

    def perform(self, form, *, by):
        return form.perform(self.row, by=by)
