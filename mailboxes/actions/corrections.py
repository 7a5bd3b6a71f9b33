"""An error of the register put right: what was written stays readable beside what is now, with why."""

from typing import Any

from django.db import transaction
from django.db.models import Field, Model
from django.utils.text import capfirst

from directory.readers.address import read_address
from mailboxes import rules
from mailboxes.actions.aliases import address_taken_once, keep_alias
from mailboxes.actions.changes import differing, set_fields, told
from mailboxes.actions.contacts import lock_person
from mailboxes.actions.delegations import close
from mailboxes.actions.journal import locked, shown, write, write_about
from mailboxes.actions.moves import write_moves
from mailboxes.actions.people import number_taken_once, recorded
from mailboxes.actions.requests import open_request
from mailboxes.lifecycle import BY_VERB, Act, Party, RequestKind, Verb
from mailboxes.models import SYSTEM, Alias, Bal, Cotitulaire, JournalEntry, Person, Preference, Request

OF_BAL = ("kind", "address", "structure", "operator")
OF_PERSON = ("family_name", "given_name", "rpps")
HOLDERS = frozenset({Party.HOLDERS})


@transaction.atomic
def correct_bal(bal: Bal, *, by, why: str, keeps_former: bool = False, **facts) -> Bal:
    """Put right what the register has wrong, among `OF_BAL` and `principal`: its titulaire, or cotitulaire principal.

    One line of the journal for each; its holders hear of it, and whoever was named by mistake. `keeps_former`: the
    operator keeps the address that it had as an alias.
    """
    bal = locked(bal)
    changed = changes_of(bal, facts)
    rules.check_correct(bal, changed, why, by=by)
    former = bal.principal()
    if changed.get("principal"):
        changed["principal"] = recorded(changed["principal"], bal.structure, roles=bal.roles_of(by), by=by)
    with address_taken_once():
        befores = set_fields(bal, {name: changed[name] for name in OF_BAL if name in changed})
    if "principal" in changed:
        _replace(bal, former, changed["principal"], by=by)
    if "address" in changed:
        follow_address(befores["address"], bal)
        Alias.objects.filter(bal=bal, address=bal.address).delete()
        if keeps_former:
            keep_alias(bal, befores["address"], befores.get("operator", bal.operator), by=by, why=why)
    if "structure" in changed:
        Request.objects.filter(bal=bal).awaited().update(structure=bal.structure)
        # Where it was taken for theirs: the lines about it are the other structure's from now on.
        said: dict = {"before": bal.address, "after": f"structure : {bal.structure}", "note": why}
        write_about(Act.CORRECT, by=by, about={"structure": befores["structure"]}, **said)
    bal = locked(bal)  # read again with its new holder, who is told too
    for name, before in befores.items():
        write(bal, Act.CORRECT, by=by, parties=HOLDERS, note=why, **told(bal, name, before))
    if "principal" in changed:
        _write_holder(bal, former, by=by, why=why)
        _reconsider(bal, former)
    return bal


def column_label(model: type[Model], name: str) -> str:
    field = model._meta.get_field(name)
    assert isinstance(field, Field)  # noqa: S101 - no relation of others is corrected
    return str(field.verbose_name)


def changes_of(bal: Bal, facts: dict[str, Any]) -> dict[str, Any]:
    """What these facts say otherwise than the register."""
    if unknown := facts.keys() - {*OF_BAL, "principal"}:
        raise TypeError(f"not to be corrected here: {', '.join(sorted(unknown))}")
    if "address" in facts:
        facts = {**facts, "address": read_address(facts["address"]).value or facts["address"].strip().lower()}
    now = {"principal": bal.principal()} | {name: getattr(bal, name) for name in OF_BAL}
    return {name: value for name, value in facts.items() if value != now[name]}


def _replace(bal: Bal, former: Person | None, person: Person | None, *, by) -> None:
    """Who was named by mistake holds nothing here, and lends nothing: the right one starts from none."""
    rows = Cotitulaire.objects.filter(bal=bal)
    rows.filter(is_principal=True).delete()
    if person is not None:
        rows.filter(person=person).delete()
        Cotitulaire.objects.create(bal=bal, person=person, is_principal=True)
    ended = bal.delegataires.standing()
    for delegation in ended.select_related("person", "under"):
        if delegation.under == former or delegation.person == person:
            delegation.bal = bal
            close(delegation, by=by, note=f"{former or 'Personne'} n’est pas titulaire : la fiche est corrigée.")


def follow_address(former: str, bal: Bal) -> None:
    """What names the BAL by its address goes on naming it."""
    Request.objects.filter(bal=bal).awaited().update(address=bal.address)
    Bal.objects.filter(replaced_by=former).update(replaced_by=bal.address)
    holders = bal.cotitulaires.values("person")
    Preference.objects.filter(address=former, person__in=holders).update(address=bal.address)


def _write_holder(bal: Bal, former: Person | None, *, by, why: str) -> JournalEntry:
    said: dict = {"before": f"titulaire : {shown(former)}", "after": f"titulaire : {shown(bal.principal())}"}
    about: dict = {"to": [former] if former else [], "person": bal.principal() or former}
    return write(bal, Act.CORRECT, by=by, parties=HOLDERS, note=why, **said, **about)


def _reconsider(bal: Bal, former: Person | None) -> None:
    """What the wrong titulaire was told, or said, concludes nothing about the right one: the BAL goes back to its life,
    and is alerted of anew where it is idle. What a gestionnaire or another cotitulaire asked for stands."""
    if bal.state not in BY_VERB[Verb.RECONSIDER].before or not _rests_on(bal, former):
        return
    rules.check_move(bal, Verb.RECONSIDER, by=SYSTEM)
    write_moves([bal], Verb.RECONSIDER, by=SYSTEM, note="Son titulaire est corrigé.")


def _rests_on(bal: Bal, former: Person | None) -> bool:
    """Was the present way out begun by the automate, or by this person?"""
    begun = [Verb.ALERT_IDLE, Verb.REQUEST_DEPUBLICATION, Verb.DEPUBLISH_IDLE, Verb.REQUEST_DELETION]
    entry = bal.journal.filter(what__in=begun).order_by("-at", "-pk").first()
    if entry is None or entry.what in (Verb.ALERT_IDLE, Verb.DEPUBLISH_IDLE):
        return True
    by_link = entry.signatory_id or entry.person_id
    return former is not None and (by_link == former.pk or bool(entry.by_id and entry.by_id == former.user_id))


@transaction.atomic
def correct_person(person: Person, *, by, why: str, **facts) -> Person:
    """Put right a person's name or RPPS; they hear of it."""
    person = lock_person(person)
    if "rpps" in facts:
        facts = {**facts, "rpps": facts["rpps"] or None}
    changed = differing(person, facts, OF_PERSON)
    rules.check_correct_person(person, changed, why, by=by)
    with number_taken_once(changed.get("rpps")):
        befores = set_fields(person, changed)
    for name, before in befores.items():
        said: dict = {**told(person, name, before), "note": why}
        write_about(Act.CORRECT_PERSON, by=by, about={"person": person}, to=person, **said)
    return person


@transaction.atomic
def ask_correction(bal: Bal, *, by, why: str, keeps_former: bool = False, **facts) -> Request:
    """Ask the operator for what they have wrong; once they answer, a gestionnaire corrects the register."""
    bal = locked(bal)
    changed = changes_of(bal, facts)
    rules.check_changes(changed)
    said = {"principal": "titulaire"} | {name: column_label(Bal, name) for name in OF_BAL}
    now = {"principal": bal.principal()} | {name: getattr(bal, name) for name in OF_BAL}
    lines = [f"{said[name]} : {shown(value)}, et non {shown(now[name])}." for name, value in changed.items()]
    if keeps_former and "address" in changed:
        lines.append(f"Merci de garder {bal.address} comme alias : ce qui lui est envoyé doit encore arriver.")
    detail = "\n".join(["Merci de corriger ce qui suit.", *map(capfirst, lines)])
    return open_request(bal, RequestKind.CHANGE, by=by, detail=detail, note=why)
