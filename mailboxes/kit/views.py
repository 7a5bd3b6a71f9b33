"""What makes a BAL known: its page, each piece as a file, the whole kit, and the kits of many."""

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from mailboxes import actions
from mailboxes.gaps.successors import successors_of
from mailboxes.kit import document as kits
from mailboxes.kit.document import Kit
from mailboxes.kit.forms import KitsForm
from mailboxes.kit.rules import check_announce, check_successor
from mailboxes.lifecycle import State
from mailboxes.models import Alias, Bal
from mailboxes.rules import NotAllowed, Refused, allows, check_annuaire_fresh, check_make_known, refusal_of
from mailboxes.views.refusals import refused_page

KITS_AT_ONCE = 100
WARNINGS = {
    "idle": "Personne ne s’est connecté à cette BAL depuis longtemps : vérifiez qu’elle est lue.",
    "unlisted": "Cette BAL est en liste rouge : ne donnez son adresse qu’à qui doit l’avoir.",
    "absent": "Cette BAL n’est pas à l’annuaire public : vos correspondants ne l’y trouveront pas.",
    "moving": "Cette BAL va changer d’adresse : attendez que la nouvelle soit ouverte pour l’annoncer.",
}


def bal_kit(request, pk):
    """Every piece with its preview; of a BAL that leaves, where to write instead, and the letter that says so."""
    bal = _find(request, pk)
    try:
        check_make_known(bal, by=request.user)
    except NotAllowed as refused:
        return refused_page(request, refused, bal=bal)
    except Refused as refused:
        return render(request, "mailboxes/kit/kit.html", {"bal": bal, "refusal": refused.messages[0]})
    kit, offered = _kit(request, bal)
    return render(
        request,
        "mailboxes/kit/kit.html",
        {
            "bal": bal,
            "kit": kit,
            "leaving": refusal_of(check_announce, bal, by=request.user),
            "offered": offered,
            "pieces": [(piece, _preview(kit, piece)) for piece in kits.pieces_of(kit)],
            "warnings": _warnings(bal),
        },
    )


def bal_kit_piece(request, pk, piece, form):
    kit = _allowed(request, pk)
    found = next((known for known in kits.pieces_of(kit) if known.name == piece and form in known.forms), None)
    if found is None:
        raise Http404
    headers = {"X-Content-Type-Options": "nosniff"}
    if "voir" not in request.GET or form not in ("png", "pdf"):
        headers["Content-Disposition"] = f'attachment; filename="{piece}-{kit.folder}.{form}"'
    return HttpResponse(kits.draw(kit, piece, form), content_type=kits.TYPES[form], headers=headers)


def bal_kit_zip(request, pk):
    kit = _allowed(request, pk)
    return _zip(f"kit-{kit.folder}", [kit])


@require_POST
def kits_zip(request):
    """The kits of the BAL that were ticked; those that cannot be made are named in the archive, with the reason."""
    form = KitsForm(request.POST, user=request.user, limit=KITS_AT_ONCE)
    if not form.is_valid():
        for sentences in form.errors.values():
            messages.error(request, " ".join(map(str, sentences)))
        return redirect("bal-list")
    made, refused = [], []
    ticked = form.cleaned_data["bals"].with_holders().with_publication().prefetch_related("aliases")
    bals = list(ticked.order_by("address"))
    offered = successors_of([bal for bal in bals if bal.is_to_be_left])
    for bal in bals:
        successor = next(iter(offered.get(bal.pk, [])), "")
        if reason := refusal_of(check_make_known, bal, by=request.user) or refusal_of(check_successor, bal, successor):
            refused.append(f"{bal} : {reason}")
        else:
            made.append(_kit_of(bal, successor))
    if not made:
        messages.warning(request, f"Aucun kit n’a pu être préparé. {' '.join(refused[:3])}")
        return redirect("bal-list")
    actions.trace(request.user, "export", f"kits de communication de {len(made)} BAL")
    note = "Kits non préparés :\n" + "\n".join(refused) if refused else ""
    return _zip("kits-bal", made, note)


def _find(request, pk) -> Bal:
    return get_object_or_404(Bal.objects.visible_to(request.user).with_holders().with_publication(), pk=pk)


def _kit_of(bal: Bal, successor: str) -> Kit:
    former = tuple(alias for alias in bal.aliases.all() if alias.nature != Alias.Nature.COMING)
    return Kit(bal, timezone.localdate(), bal.is_published, successor, former)


def _kit(request, bal: Bal) -> tuple[Kit, list[str]]:
    """The kit with the successor that was asked for, if it is one of those on offer, else the likeliest."""
    offered = successors_of([bal])[bal.pk] if bal.is_to_be_left else []
    asked = request.GET.get("vers", "")
    successor = asked if asked in offered else next(iter(offered), "")
    return _kit_of(bal, successor), offered


def _allowed(request, pk) -> Kit:
    """The kit, or 404: what may not be made has no address."""
    bal = _find(request, pk)
    kit, _ = _kit(request, bal)
    if refusal_of(check_make_known, bal, by=request.user) or refusal_of(check_successor, bal, kit.successor):
        raise Http404
    return kit


def _preview(kit: Kit, piece: kits.Piece) -> dict:
    return {
        "text": kits.text_of(kit, piece.name) if "txt" in piece.forms else "",
        "html": kits.html_of(kit, piece.name) if "html" in piece.forms else "",
        "vcard": kits.vcard(kit) if "vcf" in piece.forms else "",
        "is_drawn": "png" in piece.forms,
    }


def _warnings(bal) -> list[str]:
    if bal.is_to_be_left:
        return []
    found = ["idle"] if bal.state == State.IDLE_ALERTED else []
    if not bal.is_published and (bal.liste_rouge or allows(check_annuaire_fresh)):
        found.append("unlisted" if bal.liste_rouge else "absent")
    if bal.aliases.coming().exclude(address=bal.address).exists():
        found.append("moving")
    return [WARNINGS[name] for name in found]


def _zip(name: str, made: list[Kit], note: str = "") -> StreamingHttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}-{timezone.localdate():%Y-%m-%d}.zip"'}
    return StreamingHttpResponse(kits.archive(made, note), content_type="application/zip", headers=headers)
