"""What is kept of lists, and what is done to the rows that are chosen: foreseen, confirmed, done in the background."""

import logging

from celery import shared_task
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from directory.typography import cut
from mailboxes.actions.journal import write_about
from mailboxes.lifecycle import Act
from mailboxes.lists.bulk import KINDS, Kind
from mailboxes.lists.models import GRACE, SIZES, Batch, SavedView, Taste
from mailboxes.lists.rules import (
    PAGE,
    check_begin,
    check_confirm,
    check_own_view,
    check_save_view,
    check_share_view,
    check_stop,
)
from mailboxes.models import Structure

logger = logging.getLogger(__name__)

PORTION = 100  # rows done in one transaction
GONE = "Ce n’est plus à votre portée, ou ce n’est plus là."


# --- How lists are read -----------------------------------------------------------------------------------------------
def keep_taste(listing: str, columns: list[str] | None, size: int, *, by) -> Taste:
    """`columns`: None for those that the list comes with."""
    facts = {"columns": columns, "size": size if size in SIZES else SIZES[0]}
    return Taste.objects.update_or_create(user=by, listing=listing, defaults=facts)[0]


@transaction.atomic
def save_view(listing: str, title: str, query: str, *, pinned: bool = False, by) -> SavedView:
    view = SavedView(owner=by, listing=listing, title=cut(title.strip(), 60), query=query)
    get_user_model().objects.select_for_update(no_key=True).get(pk=by.pk)  # two windows: the second finds the first
    check_save_view(view)
    view.save()
    if pinned:
        view.pinned_by.add(by)
    return view


@transaction.atomic
def share_view(view: SavedView, structure: Structure, *, by) -> SavedView:
    """Let those who follow the structure find the view among theirs; each sees the rows that are theirs to see."""
    check_share_view(view, structure, by=by)
    if view.structure_id == structure.pk:
        return view
    _write_end(view, by=by)
    view.structure = structure
    view.save(update_fields=["structure"])
    write_about(Act.SHARE_VIEW, by=by, about={"structure": structure}, after=view.title)
    return view


@transaction.atomic
def keep_to_oneself(view: SavedView, *, by) -> SavedView:
    check_own_view(view, by=by)
    _write_end(view, by=by)
    view.structure = None
    view.save(update_fields=["structure"])
    view.pinned_by.remove(*view.pinned_by.exclude(pk=by.pk))
    return view


def _write_end(view: SavedView, *, by) -> None:
    if view.structure:
        write_about(Act.SHARE_VIEW, by=by, about={"structure": view.structure}, before=view.title)


def pin_view(view: SavedView, is_pinned: bool, *, by) -> SavedView:
    (view.pinned_by.add if is_pinned else view.pinned_by.remove)(by)
    return view


def delete_view(view: SavedView, *, by) -> None:
    keep_to_oneself(view, by=by)
    view.delete()


# --- Many rows at once ------------------------------------------------------------------------------------------------
def begin(kind: Kind, act: str, keys: list, *, back: str, by) -> Batch:
    """A batch that has done nothing yet: what it would do is foreseen on its page."""
    keys = list(dict.fromkeys(keys))
    check_begin(keys)
    return Batch.objects.create(by=by, kind=kind.name, act=act, keys=keys, back=back)


def confirm(batch: Batch, facts: dict, *, possible: int) -> Batch:
    """A page of rows is done at once; more begin after a moment, in the background."""
    check_confirm(batch, possible)
    is_short = len(batch.keys) <= PAGE
    now = timezone.now()
    facts = {"facts": facts, "stage": Batch.Stage.WAITING, "starts_at": now if is_short else now + GRACE}
    if not Batch.objects.filter(pk=batch.pk, stage=Batch.Stage.FORESEEN).update(**facts):
        check_confirm(Batch.objects.get(pk=batch.pk), possible)
    batch.refresh_from_db()
    if is_short:
        carry_on(batch)
    else:

        def go_on():  # a function, not a partial: Django wants its name when it logs a failure
            work_on_batch.apply_async([batch.pk], countdown=GRACE.total_seconds())

        transaction.on_commit(go_on, robust=True)
    return batch


def stop(batch: Batch) -> Batch:
    """What is done stands; the rest is not begun."""
    check_stop(batch)
    at_work = Batch.objects.filter(pk=batch.pk, stage__in=(Batch.Stage.WAITING, Batch.Stage.RUNNING))
    at_work.update(stage=Batch.Stage.STOPPED)
    batch.refresh_from_db()
    return batch


@shared_task
def work_on_batch(pk: int) -> None:
    batch = Batch.objects.select_related("by").get(pk=pk)
    if batch.is_at_work:
        carry_on(batch)


def take_up(batch: Batch, *, by) -> None:
    """Go on with the batch of a worker that died: by the job, in the name of whoever confirmed it."""
    carry_on(batch)


def carry_on(batch: Batch) -> None:
    """Go on from where it stands, a portion at a time, until it is over or stopped."""
    Batch.objects.filter(pk=batch.pk, stage=Batch.Stage.WAITING).update(
        stage=Batch.Stage.RUNNING, seen_at=timezone.now()
    )
    batch.refresh_from_db()
    while batch.stage == Batch.Stage.RUNNING and batch.position < len(batch.keys):
        if not _do_portion(batch):
            return  # another process is at it
        batch.refresh_from_db()
    Batch.objects.filter(pk=batch.pk, stage=Batch.Stage.RUNNING, position=len(batch.keys)).update(
        stage=Batch.Stage.DONE
    )
    batch.refresh_from_db()


@transaction.atomic
def _do_portion(batch: Batch) -> bool:
    kind, start = KINDS[batch.kind], batch.position
    keys = batch.keys[start : start + PORTION]
    here = Batch.objects.filter(pk=batch.pk, stage=Batch.Stage.RUNNING, position=start)
    if not here.update(position=start + len(keys), seen_at=timezone.now()):
        return False
    act = kind.act_named(batch.act)
    assert act  # noqa: S101 - it was chosen among the kind's
    said = kind.form(batch.facts, act=batch.act)  # again a form: a date was kept as its text
    said.is_valid()
    rows = list(kind.find(batch.by, keys))
    named = {str(row): kind.key(row) for row in rows}
    tally = kind.do(batch.by, keys, act, said.cleaned_data)
    refused = {str(named.get(label, label)): [label, why] for label, why in tally.refused.items()}
    found = {kind.key(row) for row in rows}
    gone = {str(key): [str(key), GONE] for key in keys if key not in found}
    Batch.objects.filter(pk=batch.pk).update(refused={**batch.refused, **gone, **refused})
    return True
