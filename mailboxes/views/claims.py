"""Each professional says of every address under their RPPS whether it is theirs: logged in, or by a signed link."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from directory.identifiers import domain_of
from directory.models import Entry
from mailboxes import actions
from mailboxes.lifecycle import RequestKind
from mailboxes.models import Bal, Claim, Notice, Operator, Person, Signatory
from mailboxes.notices import links
from mailboxes.requests.asked import asked_of_operator
from mailboxes.views.refusals import refusals_told
from mailboxes.views.signed import by_signed_link, is_said_again

DONE: dict[str, str] = {
    Claim.Answer.USED: "C’est noté : cette BAL est à vous, et vous vous en servez.",
    Claim.Answer.UNUSED: "C’est noté : voici comment retirer cette BAL de l’annuaire.",
    Claim.Answer.NOT_MINE: "C’est noté : le gestionnaire MSSanté de votre structure le verra.",
}


def done_of(answered: actions.Answered) -> str:
    if answered.bal and answered.moved:
        return f"C’est noté. {asked_of_operator(answered.bal, RequestKind.DEPUBLISH)}"
    return DONE[answered.claim.answer]


def addresses_of(person: Person) -> list[dict]:
    """Every address that the annuaire lists under the person's RPPS, whoever hosts it, and what they said of it."""
    entries: dict[str, list[Entry]] = {}
    for entry in Entry.objects.published().filter(person_id=person.rpps or "-").order_by("address", "ordinal"):
        entries.setdefault(entry.address, []).append(entry)
    claims = {claim.address: claim for claim in person.claims.all()}
    held = set(Bal.objects.filter(cotitulaires__person=person).values_list("address", flat=True))
    rows = [
        {
            "address": address,
            "places": places_said(lines),
            "claim": claims.get(address),
            "is_known": address in held,
            "awaits": address not in held and not (address in claims and claims[address].answer),
        }
        for address, lines in entries.items()
    ]
    return sorted(rows, key=lambda row: not row["awaits"])


def places_said(entries: list[Entry]) -> list[str]:
    """Places where the annuaire says that it serves, each once: two entries may differ by what is not told here."""
    said = (
        (entry.structure_name or entry.trade_name or "Sans structure", entry.service, entry.address_l6)
        for entry in entries
    )
    return list(dict.fromkeys(", ".join(filter(None, words)) for words in said))


@require_POST
def claim_answer(request):
    person = get_object_or_404(Person, user=request.user)
    said = request.POST.get("address", ""), request.POST.get("answer", "")
    with refusals_told(request):
        answered = actions.answer(person, *said, by=request.user)
        messages.success(request, done_of(answered))
        if answered.claim.answer == Claim.Answer.UNUSED and not answered.moved:
            return redirect("claim-guide", answered.claim.pk)
    return redirect("my-bals")


def claim_guide(request, claim):
    """How to withdraw from the annuaire a box of one's own that one does not use, whoever hosts it."""
    unused = Claim.objects.filter(person__user=request.user, answer=Claim.Answer.UNUSED).select_related("person")
    return render(request, "mailboxes/claim_guide.html", guide_of(get_object_or_404(unused, pk=claim)))


def guide_of(claim: Claim) -> dict:
    """The letter to that operator; it names another box that the person uses, where one is known."""
    used = Claim.objects.filter(person=claim.person, answer=Claim.Answer.USED).values_list("address", flat=True)
    held = Bal.objects.live().filter(kind=Bal.Kind.NOMINATIVE, cotitulaires__person=claim.person)
    others = [*held.values_list("address", flat=True), *used]
    return {
        "claim": claim,
        "operator": Operator.objects.for_address(claim.address).first(),
        "domain": domain_of(claim.address),
        "active": next((address for address in others if address != claim.address), ""),
    }


@by_signed_link(links.CLAIMS, Notice.objects.exclude(person=None).all)
def claims_link(request, token, notice):
    """The page where a professional answers for each address that stands under their RPPS."""
    person = notice.person
    if request.method == "POST":
        return _answer_by_link(request, token, notice)
    claims = list(person.claims.filter(asked_at__lte=notice.created_at).select_related("person"))
    listed: dict[str, list[Entry]] = {}
    for entry in Entry.objects.published().filter(address__in=[claim.address for claim in claims]):
        listed.setdefault(entry.address, []).append(entry)
    rows = [
        {
            "address": claim.address,
            "claim": claim,
            "awaits": not claim.answer,
            "places": places_said(listed.get(claim.address, [])),
            "guide": guide_of(claim) if claim.answer == Claim.Answer.UNUSED else None,
        }
        for claim in claims
    ]
    awaited = sum(row["awaits"] for row in rows)
    return render(request, "mailboxes/claims_link.html", {"person": person, "rows": rows, "awaited": awaited})


def _answer_by_link(request, token, notice):
    address = request.POST.get("address", "")
    given = notice.person.claims.filter(address=address).values_list("answer", flat=True).first() or ""
    if not is_said_again(request, given, DONE.get(given, "")):
        by = Signatory(notice.person, notice)
        with refusals_told(request):
            answered = actions.answer(notice.person, address, request.POST.get("answer", ""), by=by)
            messages.success(request, done_of(answered))
    return redirect("claims-link", token)
