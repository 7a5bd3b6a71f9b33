"""The preferred BAL: wished by its holder, requested from the operator, seen in the annuaire."""

from django.db import transaction
from django.utils import timezone

from directory.models import Entry
from directory.typography import cut
from mailboxes import rules
from mailboxes.actions.journal import write_about
from mailboxes.actions.requests import cancel, open_request
from mailboxes.lifecycle import Act, RequestKind
from mailboxes.models import Bal, Claim, Person, Preference, Request


@transaction.atomic
def prefer(person: Person, situation: str, address: str, *, by, purpose: str = "") -> Preference | None:
    """Choose the BAL of this place, for every message or for one sort; an empty address takes the choice back."""
    person, address = Person.objects.select_for_update(no_key=True).get(pk=person.pk), address.strip().lower()
    wish = Preference.objects.filter(person=person, situation=situation, purpose=purpose).first()
    places = {activity.place_key: activity.place for activity in person.situations()}
    if wish and not address:  # even at a place that they have left
        places.setdefault(situation, wish.place)
    rules.check_prefer_bal(person, places, situation, purpose, by=by)
    before = wish.address if wish else ""
    if before == address:
        return wish
    # The BAL before their requests, and in one order, as everywhere.
    list(Bal.objects.locked().filter(address__in={before, address}).order_by("pk"))
    if address:
        _check_preferable(person, address)
    if wish and wish.request_id:
        _cancel(wish, by=by)
    if wish and not address:
        _write(person, before, "", wish, by=by)
        wish.delete()
        return None
    facts = {"address": address, "place": cut(places[situation], 254), "wished_at": timezone.now(), "by": by}
    wish, _ = Preference.objects.update_or_create(
        person=person, situation=situation, purpose=purpose, defaults={**facts, "request": None}
    )
    _write(person, before, address, wish, by=by)
    return wish


def _check_preferable(person: Person, address: str) -> None:
    listed = Entry.objects.published().filter(address=address, person_id=person.rpps or "-")
    claim = Claim.objects.filter(person=person, address=address).first()
    answer = claim.answer if claim else ""
    rules.check_preferable(person, _bal(address), is_listed=listed.exists(), answer=answer)


def _bal(address: str) -> Bal | None:
    return Bal.objects.filter(address=address).with_holders().first()


def _write(person: Person, before: str, after: str, wish, *, by) -> None:
    """Write in the journal of the BAL chosen or left; outside the register, in the person's, about the address."""
    bal = _bal(after or before)
    about = {"person": person, "bal": bal} if bal else {"person": person, "address": after or before}
    note = f"{wish.place or 'Sans structure'}, {wish.get_purpose_display()}."
    write_about(Act.PREFER, by=by, about=about, before=before, after=after, note=note)


def _cancel(wish: Preference, *, by) -> None:
    """Cancel what was asked for a wish that is dropped, unless the same request serves another place."""
    if not Preference.objects.filter(request=wish.request_id).exclude(pk=wish.pk).exists():
        cancel(
            Request.objects.awaited().filter(pk=wish.request_id), by=by, reason="Son titulaire ne la privilégie plus."
        )


@transaction.atomic
def request_preference(preference: Preference, *, by) -> Request:
    """Ask the operator for rank 1, for every place at which this person wishes that BAL: one request, one mail."""
    person = Person.objects.select_for_update(no_key=True).get(pk=preference.person_id)
    wishes = Preference.objects.main().filter(person=person, address=preference.address).select_related("request")
    preference = Preference.objects.select_related("request").get(pk=preference.pk)
    bal = _bal(preference.address)
    rules.check_request_preference(preference, bal, by=by)
    assert bal  # noqa: S101 - the rule has seen to it
    asked = [
        wish
        for wish in wishes
        if not wish.is_requested and rules.allows(rules.check_request_preference, wish, bal, by=by)
    ]
    request = open_request(bal, RequestKind.PREFER, by=by, detail=_detail(person, asked))
    Preference.objects.filter(pk__in=[wish.pk for wish in asked]).update(request=request)
    return request


def _detail(person: Person, wishes: list[Preference]) -> str:
    asked = f"Merci d’indiquer à l’annuaire que cette BAL est privilégiée, au rang 1, par {person} (RPPS {person.rpps})"
    lines = [f"- {wish.place or 'sans structure'} ({wish.situation or 'sans identifiant'})" for wish in wishes]
    return "\n".join([f"{asked}, pour :", *lines])
